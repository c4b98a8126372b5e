package osv

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/reach"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// TestMain lets the test program act as security-gate, which runs govulncheck.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "guard":
			os.Exit(tool.Guard(context.Background(), os.Args[2:]))
		case reach.Command:
			os.Exit(reach.Govulncheck(context.Background(), os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

// TestReachability: a vulnerability that is not called is low, and nothing else is lowered.
func TestReachability(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	advisory := func(id, alias, imports string) string {
		return `{"id":"` + id + `","aliases":["` + alias + `"],"affected":[{"package":{"ecosystem":"Go","name":"example.com/dep"},` +
			`"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"ecosystem_specific":{` + imports + `}}]}`
	}
	dbs := t.TempDir()
	pack(t, archive(dbs, "Go"), map[string]string{
		"a.json": advisory("GO-2026-1", "CVE-2026-1", `"imports":[{"path":"example.com/dep","symbols":["Bad"]}]`),
		"b.json": advisory("GO-2026-2", "CVE-2026-2", `"imports":[{"path":"example.com/dep","symbols":["Worse"]}]`),
		"c.json": advisory("GO-2026-3", "CVE-2026-3", ``),
		"d.json": advisory("GO-2026-4", "MAL-2026-4", `"imports":[{"path":"example.com/dep","symbols":["Worse"]}]`),
		"e.json": advisory("GHSA-5", "CVE-2026-5", ``),
		"f.json": advisory("GO-2026-6", "CVE-2026-2", `"imports":[{"path":"example.com/dep","symbols":["Bad"]}]`), // the same as b
	})
	files := map[string]string{
		"srv/go.mod":                        "module example.com/app\n\ngo 1.22\n\nrequire example.com/dep v1.0.0\n",
		"srv/cmd/main.go":                   "package main\n\nimport \"example.com/dep\"\n\nfunc main() { dep.Safe() }\n",
		"srv/vendor/modules.txt":            "# example.com/dep v1.0.0\n## explicit; go 1.22\nexample.com/dep\n",
		"srv/vendor/example.com/dep/dep.go": "package dep\n\nfunc Safe() {}\n\nfunc Bad() {}\n\nfunc Worse() {}\n",
		"docs/README.md":                    "",
		"docs/go.mod":                       "module example.com/docs\n\ngo 1.22\n",
		"broken/go.mod":                     "module example.com/broken\n\ngo 1.22\n\nrequire example.com/dep v1.0.0\n",
		"broken/b.go":                       "package broken\n\nimport _ \"example.com/dep\"\n",
	}
	in := gate.Input{Dir: write(t, t.TempDir(), files), Databases: dbs, Offline: true}
	look := func(t *testing.T, in gate.Input, self string) (string, []string) {
		res, err := Scanner{Self: self}.Scan(t.Context(), selected(t, in))
		if err != nil || len(res.Missing) != 0 {
			t.Fatal(err, res.Missing)
		}
		var out []string
		for _, f := range res.Findings {
			if strings.HasPrefix(f.At.Path, "srv") {
				out = append(out, strings.Join([]string{f.Rule, string(f.Severity), f.Reach}, " "))
			} else if f.Reach != "" || f.Severity == report.Low {
				t.Errorf("%s: %+v", f.At.Path, f)
			}
		}
		return res.Covered, out
	}
	const unknown = "it is not known whether the vulnerable code is called: the advisory does not name it"
	not := func(by string) string { return "vulnerable code is not called (analysis of 1 package on " + by + ")" }
	covered, got := look(t, in, self)
	platform := got[0][strings.LastIndex(got[0], " ")+1 : len(got[0])-1]
	want := []string{
		"CVE-2026-1 low " + not(platform), "CVE-2026-2 low " + not(platform), "CVE-2026-3 high " + unknown, "CVE-2026-5 high ", "MAL-2026-4 critical ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if !strings.Contains(covered, "; reachability of broken/go.mod not known: b.go:3:8: ") || strings.Count(covered, "reachability") != 1 {
		t.Error(covered)
	}

	t.Run("one of two is called", func(t *testing.T) {
		write(t, in.Dir, map[string]string{"srv/cmd/main.go": "package main\n\nimport \"example.com/dep\"\n\nfunc main() { dep.Bad() }\n"})
		_, got := look(t, in, self)
		const called = "vulnerable code is called: cmd.main (srv/cmd/main.go:5) → dep.Bad"
		if got[0] != "CVE-2026-1 high "+called || got[1] != "CVE-2026-2 high "+called {
			t.Errorf("%q", got)
		}
	})
	t.Run("another release of Go", func(t *testing.T) {
		dir := write(t, t.TempDir(), map[string]string{"go.mod": "module m\n\ngo 1.20.1\n"})
		res, err := Scanner{Self: self}.Scan(t.Context(), selected(t, gate.Input{Dir: dir, Offline: true, Databases: advisoriesOf(t, "Go", "stdlib", map[string]string{"GO-2026-1": `[{"introduced":"0"}]`})}))
		if err != nil || !strings.Contains(res.Covered, "; reachability of the standard library not asked: the go command is of another release, 1.") || res.Findings[0].Severity != report.High {
			t.Errorf("%v, %+v", err, res)
		}
	})
	for name, in := range map[string]gate.Input{"the base": {Dir: in.Dir, Databases: dbs, Offline: true, Part: true}, "documents": {Dir: in.Dir + "/docs", Databases: dbs, Offline: true}} {
		if covered, got := look(t, in, "/does/not/exist"); strings.Contains(covered, "reachability") || slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "called") }) {
			t.Errorf("%s: %s, %q", name, covered, got)
		}
	}
	t.Run("no go command", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		covered, got := look(t, in, self)
		if !strings.HasSuffix(covered, "; reachability not asked: no go command") || got[0] != "CVE-2026-1 high " {
			t.Errorf("%s, %q", covered, got)
		}
	})
}
