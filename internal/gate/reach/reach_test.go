package reach

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "guard":
			os.Exit(tool.Guard(context.Background(), os.Args[2:]))
		case Command:
			os.Exit(Govulncheck(context.Background(), os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

const dep = "example.com/dep"

// app is a module with a vendored dependency that has the packages dep and dep/other. main
// is the body of its function main.
func app(t *testing.T, imports, main string) Module {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/app\n\ngo 1.22\n\nrequire (\n\texample.com/dep v1.0.0\n\texample.com/unused v1.0.0\n)\n",
		"main.go": "package main\n\nimport " + imports + "\n\nfunc main() { " + main + " }\n",
		"vendor/modules.txt": "# example.com/dep v1.0.0\n## explicit; go 1.22\nexample.com/dep\nexample.com/dep/other\n" +
			"# example.com/unused v1.0.0\n## explicit; go 1.22\n",
		"vendor/example.com/dep/dep.go":       "package dep\n\nvar X int\n\nfunc Safe() {}\n\nfunc Through() { Bad() }\n\nfunc Bad() {}\n\ntype T struct{}\n\nfunc (*T) Bad() {}\n",
		"vendor/example.com/dep/other/dep.go": "package other\n\nfunc Safe() {}\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Module{Root: dir, Folder: ".", Offline: true, Self: self}
}

// advisory is about versions of a module before 1.1.0.
func advisory(t *testing.T, id, module, imports string) *osvschema.Vulnerability {
	t.Helper()
	v := &osvschema.Vulnerability{}
	if err := protojson.Unmarshal(fmt.Appendf(nil, `{"id": %q, "affected": [{"package": {"name": %q, "ecosystem": "Go"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.1.0"}]}], "ecosystem_specific": {%s}}]}`, id, module, imports), v); err != nil {
		t.Fatal(err)
	}
	return v
}

const symbols = `"imports": [{"path": "example.com/dep", "symbols": ["Bad", "T.Bad"]}]`

// TestAnalyse: what blocks and what does not depends on each of these.
func TestAnalyse(t *testing.T) {
	t.Parallel()
	on := fmt.Sprintf(" (analysis of 1 package on %s/%s)", runtime.GOOS, runtime.GOARCH)
	const unknown = "it is not known whether the vulnerable code is called: "
	for name, c := range map[string]struct {
		imports, main            string
		module, version, symbols string
		want                     State
		text                     string
	}{
		"called":              {`"example.com/dep"`, "dep.Bad()", dep, "1.0.0", symbols, Called, "vulnerable code is called: app.main (main.go:5) → dep.Bad"},
		"a method":            {`"example.com/dep"`, "new(dep.T).Bad()", dep, "1.0.0", symbols, Called, "vulnerable code is called: app.main (main.go:5) → dep.T.Bad"},
		"indirectly":          {`"example.com/dep"`, "dep.Through()", dep, "1.0.0", symbols, Called, "vulnerable code is called: app.main (main.go:5) → … → dep.Bad"},
		"not called":          {`"example.com/dep"`, "dep.Safe()", dep, "1.0.0", symbols, NotCalled, "vulnerable code is not called" + on},
		"not imported":        {`"example.com/dep/other"`, "other.Safe()", dep, "1.0.0", symbols, NotCalled, "the vulnerable package is not imported" + on},
		"unused module":       {`"example.com/dep"`, "dep.Safe()", "example.com/unused", "1.0.0", `"imports": [{"path": "example.com/unused", "symbols": ["Bad"]}]`, NotCalled, "the vulnerable package is not imported" + on},
		"unused, other":       {`"example.com/dep"`, "dep.Safe()", "example.com/unused", "0.9.0", `"imports": [{"path": "example.com/unused"}]`, Unknown, unknown + "the analysis is about another version"},
		"another version":     {`"example.com/dep"`, "dep.Safe()", dep, "0.9.0", symbols, Unknown, unknown + "the analysis is about another version"},
		"not a requirement":   {`"example.com/dep"`, "dep.Safe()", "example.com/no", "1.0.0", `"imports": [{"path": "example.com/no"}]`, Unknown, unknown + "the analysis is about another version"},
		"nothing named":       {`"example.com/dep"`, "dep.Safe()", dep, "1.0.0", "", Unknown, unknown + "the advisory does not name it"},
		"a package named":     {`"example.com/dep"`, "println(dep.X)", dep, "1.0.0", `"imports": [{"path": "example.com/dep"}]`, Unknown, unknown + "the package is imported, and the advisory names no functions"},
		"not even imported":   {`"example.com/dep/other"`, "other.Safe()", dep, "1.0.0", `"imports": [{"path": "example.com/dep"}]`, NotCalled, "the vulnerable package is not imported" + on},
		"of another platform": {`"example.com/dep"`, "dep.Bad()", dep, "1.0.0", `"imports": [{"path": "example.com/dep", "symbols": ["Bad"], "goos": ["plan9"]}]`, Called, "vulnerable code is called: app.main (main.go:5) → dep.Bad"},
	} {
		t.Run(name, func(t *testing.T) {
			m := app(t, c.imports, c.main)
			v := Vulnerability{advisory(t, "GO-2026-1", c.module, c.symbols), c.module, c.version}
			m.Known = []Vulnerability{v, v}
			a, err := m.Analyse(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got, text := a.Of(v); got != c.want || text != c.text {
				t.Errorf("%d, %q, want %d, %q", got, text, c.want, c.text)
			}
			if got, _ := a.Of(Vulnerability{advisory(t, "GO-2026-2", dep, symbols), dep, "1.0.0"}); got != Unknown {
				t.Errorf("an advisory that was not asked is %d", got)
			}
		})
	}
}

// TestNotKnown: any doubt about the module means that nothing is known.
func TestNotKnown(t *testing.T) {
	asked := []Vulnerability{{advisory(t, "GO-2026-1", dep, symbols), dep, "1.0.0"}}
	for name, c := range map[string]struct {
		change func(t *testing.T, m *Module)
		want   string
	}{
		"broken package": {func(t *testing.T, m *Module) {
			put(t, m.Root, "b/b.go", "package b\n\nfunc F() int { return \"\" }\n")
		}, "b/b.go:3:"},
		"syntax":         {func(t *testing.T, m *Module) { put(t, m.Root, "b/b.go", "package\n") }, "b/b.go:1:"},
		"missing module": {func(t *testing.T, m *Module) { put(t, m.Root, "vendor/modules.txt", "") }, "inconsistent vendoring"},
		"not downloaded": {func(t *testing.T, m *Module) {
			if err := os.RemoveAll(filepath.Join(m.Root, "vendor")); err != nil {
				t.Fatal(err)
			}
		}, "main.go:3:8: "},
		"generated code": {func(t *testing.T, m *Module) {
			put(t, m.Root, "b/b.go", "package b\n\nimport _ \"example.com/app/gen\"\n")
		}, "b/b.go:3:8: "},
		"newer Go":      {func(t *testing.T, m *Module) { put(t, m.Root, "go.mod", "module example.com/app\n\ngo 1.99.0\n") }, "GOTOOLCHAIN=local"},
		"nothing there": {func(t *testing.T, m *Module) { _ = os.Remove(filepath.Join(m.Root, "main.go")) }, "no packages"},
		"no go.mod":     {func(t *testing.T, m *Module) { _ = os.Remove(filepath.Join(m.Root, "go.mod")) }, "no such file"},
		"time limit":    {func(t *testing.T, m *Module) { m.Timeout = time.Millisecond }, "stopped after 1ms"},
		"another database": {func(t *testing.T, m *Module) {
			m.Known = []Vulnerability{{advisory(t, "GO-2026-1/../../x", dep, symbols), dep, "1.0.0"}}
		}, "is not an advisory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := app(t, `"example.com/dep"`, "dep.Safe()")
			m.Known = asked
			c.change(t, &m)
			a, err := m.Analyse(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), m.Root) {
				t.Errorf("%+v, %v, want %q", a, err, c.want)
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the scan ended")
		cancel(why)
		m := app(t, `"example.com/dep"`, "dep.Safe()")
		if _, err := m.Analyse(ctx); !errors.Is(err, why) {
			t.Error(err)
		}
	})
	t.Run("no go command", func(t *testing.T) {
		m := app(t, `"example.com/dep"`, "dep.Safe()")
		t.Setenv("PATH", t.TempDir())
		if _, err := m.Analyse(t.Context()); !errors.Is(err, ErrNoGo) {
			t.Error(err)
		}
	})
}

// TestLibrary: the standard library is that of the go command, and is analysed only if the
// app is built with the same release.
func TestLibrary(t *testing.T) {
	t.Parallel()
	m := app(t, `"strings"`, "strings.Clone(\"\")")
	release := regexp.MustCompile(`^go([0-9.]+)`).FindStringSubmatch(runtime.Version())[1]
	v := &osvschema.Vulnerability{}
	if err := protojson.Unmarshal([]byte(`{"id": "GO-2026-1", "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "ecosystem_specific": {"imports": [{"path": "strings", "symbols": ["Clone"]}]}}]}`), v); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]State{release: Called, "1.21.0": Unknown} {
		m := m
		m.Known = []Vulnerability{{v, library, version}}
		a, err := m.Analyse(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, text := a.Of(m.Known[0]); got != want || (a.Packages > 0) != (want == Called) || (a.OtherGo == release) == (want == Called) {
			t.Errorf("%s: %d, %s, %d packages", version, got, text, a.Packages)
		}
	}
}

// TestEnvironment: a variable of the user changes neither what is examined nor what runs.
func TestEnvironment(t *testing.T) {
	m := app(t, `"example.com/dep"`, "dep.Bad()")
	ran := filepath.Join(t.TempDir(), "ran")
	put(t, m.Root, "bin/gopackagesdriver", "#!/bin/sh\ntouch "+ran+"\nexit 1\n")
	if err := os.Chmod(filepath.Join(m.Root, "bin/gopackagesdriver"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(m.Root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("GOFLAGS", "-tags=other -mod=mod")
	v := Vulnerability{advisory(t, "GO-2026-1", dep, symbols), dep, "1.0.0"}
	m.Known = []Vulnerability{v}
	a, err := m.Analyse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, text := a.Of(v); got != Called {
		t.Error(text)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the repository was run")
	}
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
