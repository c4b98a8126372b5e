package osv

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

const netAdvisory = `[{"introduced":"0"},{"fixed":"0.23.0"}]`

// at are the packages with an advisory, and where they are named.
func at(res gate.Result) []string {
	var all []string
	for _, f := range res.Findings {
		all = append(all, fmt.Sprintf("%s:%d %s", f.At.Path, f.At.Line, f.Package))
	}
	return all
}

// GP-GATE-1: a go.work puts a vulnerable module in the place of a good one.
func TestWorkspace(t *testing.T) {
	const good = "module example.com/app\n\nrequire golang.org/x/net v0.40.0\n"
	for name, c := range map[string]struct {
		work string
		want []string
		gap  string
	}{
		"same module":    {"go 1.26.0\n\nuse .\n\nreplace golang.org/x/net => golang.org/x/net v0.20.0\n", []string{"ws/go.work:5 pkg:golang/golang.org/x/net@0.20.0"}, ""},
		"in a block":     {"use ./a\nreplace (\n\texample.com/a v1.2.3 => golang.org/x/net v0.20.0 // why not\n)", []string{"ws/go.work:3 pkg:golang/golang.org/x/net@0.20.0"}, ""},
		"two":            {"replace golang.org/x/net => golang.org/x/net v0.20.0\nreplace example.com/a => golang.org/x/net v0.21.0\n", []string{"ws/go.work:1 pkg:golang/golang.org/x/net@0.20.0", "ws/go.work:2 pkg:golang/golang.org/x/net@0.21.0"}, ""},
		"quoted":         {"replace \"golang.org/x/net\" => \"golang.org/x/net\" v0.20.0\n", []string{"ws/go.work:1 pkg:golang/golang.org/x/net@0.20.0"}, ""},
		"chained":        {"replace example.com/a => golang.org/x/net v0.20.0\nreplace golang.org/x/net => golang.org/x/net v0.40.0\n", []string{"ws/go.work:1 pkg:golang/golang.org/x/net@0.20.0"}, ""},
		"a good one":     {"replace golang.org/x/net => golang.org/x/net v0.41.0\n", nil, ""},
		"no replace":     {"go 1.26.0\nuse ./a\n", nil, ""},
		"empty":          {"", nil, ""},
		"a folder":       {"replace golang.org/x/net => ../fork\n", nil, ""},
		"a folder aside": {"replace golang.org/x/net => ../../fork\n", nil, `ws/go.work: line 1 replaces "golang.org/x/net" with a folder outside the repository`},
		"the root":       {"replace golang.org/x/net => /fork\n", nil, "outside the repository"},
		"a drive":        {"replace golang.org/x/net => c:\\fork\n", nil, "cannot be read as go.work"},
		"both":           {"replace golang.org/x/net => golang.org/x/net v0.20.0\nreplace a => ../../..\n", []string{"ws/go.work:1 pkg:golang/golang.org/x/net@0.20.0"}, "line 2 replaces"},
		"broken":         {"replace golang.org/x/net =>\n", nil, "ws/go.work: the file cannot be read as go.work"},
	} {
		dir := write(t, t.TempDir(), map[string]string{"ws/go.mod": good, "ws/go.work": c.work})
		res := scan(t, gate.Input{Dir: dir, Databases: advisoriesOf(t, "Go", "golang.org/x/net", map[string]string{"GO-1": netAdvisory})})
		if diff := cmp.Diff(c.want, at(res)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := gaps(res); !strings.Contains(got, c.gap) || c.gap == "" && got != "" {
			t.Errorf("%s: gaps %q, want %q", name, got, c.gap)
		}
		for _, f := range res.Findings {
			if f.Fix != "update the replace directive to golang.org/x/net v0.23.0" {
				t.Errorf("%s: %s", name, f.Fix)
			}
		}
		for _, p := range res.Packages {
			if strings.Contains(p.PURL, "replaced.invalid") {
				t.Errorf("%s: a name of our own is in the result: %s", name, p.PURL)
			}
		}
	}
}

// GP-GATE-1: what is replaced in go.mod is looked up as Go would build it.
func TestReplaced(t *testing.T) {
	const require = "module m\nrequire golang.org/x/net v0.40.0\nrequire example.com/a v1.0.0 // indirect\n"
	old := func(line int) []string {
		return []string{fmt.Sprintf("go.mod:%d pkg:golang/golang.org/x/net@0.20.0", line)}
	}
	for name, c := range map[string]struct {
		replace string
		want    []string
	}{
		"by an old version":         {"replace golang.org/x/net => golang.org/x/net v0.20.0", old(4)},
		"of another module":         {"replace (\n\texample.com/a => golang.org/x/net v0.20.0\n)", old(5)},
		"of the version":            {"replace golang.org/x/net v0.40.0 => golang.org/x/net v0.20.0", old(4)},
		"of a version not required": {"replace golang.org/x/net v0.39.0 => golang.org/x/net v0.20.0", nil},
		"of none required":          {"replace example.com/b => golang.org/x/net v0.20.0", nil},
		"hidden by a wider one":     {"replace golang.org/x/net v0.40.0 => golang.org/x/net v0.20.0\nreplace golang.org/x/net => golang.org/x/net v0.41.0", old(4)},
		"before a wider one":        {"replace golang.org/x/net => golang.org/x/net v0.41.0\nreplace golang.org/x/net v0.40.0 => golang.org/x/net v0.20.0", old(5)},
		"hidden by a chain":         {"replace example.com/a => golang.org/x/net v0.20.0\nreplace golang.org/x/net => example.com/fork v1.0.0", old(4)},
		"by a newer version":        {"replace golang.org/x/net => golang.org/x/net v0.41.0", nil},
		"by a folder":               {"replace golang.org/x/net => ./net", nil},
	} {
		dir := write(t, t.TempDir(), map[string]string{"go.mod": require + c.replace + "\n"})
		res := scan(t, gate.Input{Dir: dir, Databases: advisoriesOf(t, "Go", "golang.org/x/net", map[string]string{"GO-1": netAdvisory})})
		if diff := cmp.Diff(c.want, at(res)); diff != "" || len(res.Missing) != 0 {
			t.Errorf("%s: %s %v", name, diff, res.Missing)
		}
		for _, p := range res.Packages {
			if strings.Contains(p.PURL, "replaced.invalid") {
				t.Errorf("%s: a name of our own is in the result: %s", name, p.PURL)
			}
			if p.Direct && strings.Contains(p.PURL, "example.com/a@") {
				t.Errorf("%s: %s direct %v", name, p.PURL, p.Direct)
			}
		}
	}
}

// Requirements may include a file of any name.
func TestIncludedByAnyName(t *testing.T) {
	dbs := advisoriesOf(t, "PyPI", "flask", map[string]string{"PYSEC-1": `[{"introduced":"0"}]`})
	for _, c := range []struct{ from, line, file string }{
		{"requirements.txt", "-r common/deps.lst", "common/deps.lst"}, {"requirements.txt", "-rdeps", "deps"},
		{"requirements.txt", "-r a/b/c/deps.list", "a/b/c/deps.list"}, {"svc/requirements.txt", "-r ../common/a/deps.reqs", "common/a/deps.reqs"},
		{"svc/requirements.txt", "-r ./d # all", "svc/d"},
	} {
		dir := write(t, t.TempDir(), map[string]string{c.from: c.line + "\n", c.file: "flask==1.0\n", "x": "\x00", "README.md": "deps\n"})
		files, err := gate.Walk(context.Background(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		selected, ok := Scanner{}.Select(files, gate.Changes{c.file: true})
		if !ok {
			t.Errorf("%s: not selected", c.file)
			continue
		}
		res, err := Scanner{}.Scan(context.Background(), gate.Input{Dir: dir, Files: selected, Databases: dbs, Offline: true})
		if err != nil || len(res.Findings) != 1 || len(res.Missing) != 0 {
			t.Errorf("%s in %s: %v, %+v", c.line, c.from, err, res)
		}
		if files, ok := (Scanner{}).Select(files, gate.Changes{"README.md": true, "docs/x.rst": true}); ok || files != nil {
			t.Errorf("%s: documents alone select %v", c.file, files)
		}
	}
}

// GP-GATE-1: the artifact is looked at in a change of documents too.
func TestBuilt(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": "module m\n\ngo 1.20\n", "README.md": "", "web/package-lock.json": lock})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	artifact := write(t, t.TempDir(), map[string]string{"app": string(content)})
	files, err := gate.Walk(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	docs := gate.Changes{"README.md": true}
	if got, ok := (Scanner{}).Select(files, docs); ok || got != nil {
		t.Errorf("without an artifact: %v", got)
	}
	for name, c := range map[string]struct {
		files   []gate.File
		changed gate.Changes
		want    int
	}{"documents": {files, docs, 1}, "nothing": {files, gate.Changes{}, 1}, "no go.mod": {[]gate.File{{Path: "README.md"}}, docs, 0}} {
		got, ok := Scanner{Built: true}.Select(c.files, c.changed)
		if !ok || len(got) != c.want || c.want == 1 && got[0].Path != "go.mod" {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
		res, err := Scanner{Built: true}.Scan(context.Background(), gate.Input{Dir: dir, Files: got, Artifact: artifact, Offline: true,
			Databases: advisoriesOf(t, "Go", "stdlib", map[string]string{"GO-1": `[{"introduced":"0"}]`})})
		if err != nil || len(res.Findings) != 1 || res.Findings[0].At.Path != "go.mod" || strings.HasSuffix(res.Findings[0].Package, "@1.20.99") {
			t.Errorf("%s: %v, %+v", name, err, res.Findings)
		}
	}
}

// FuzzReplaced: outside text neither panics nor turns into text that cannot be read.
func FuzzReplaced(f *testing.F) {
	for _, text := range []string{goMod, "replace a => b v1.0.0\n", "replace (\n\"a\" v1.0.0 => `b c` v2.0.0+incompatible\n)", "require a v1.0.0 // indirect\nreplace a => ../x\ngo 1.21\ntoolchain go1.22.1\n", "replace\ta => \"x\\ny\" v1.0.0"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if parseGoMod(text, nil) != nil && parseGoMod(replaced(text), nil) == nil {
			t.Errorf("%q becomes %q", text, replaced(text))
		}
		if mod, _, why := workspaceMod("a/go.work", text); why == "" && parseGoMod(mod, nil) == nil {
			t.Errorf("go.work %q becomes %q", text, mod)
		}
	})
}
