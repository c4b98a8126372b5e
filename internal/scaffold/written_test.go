package scaffold

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/workflows"
)

// configLines is how long the configuration of a common repository may be
// (GP-PATH-1).
const configLines = 20

// checkWritten holds every file that was written to what reads it.
func checkWritten(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, text := range after {
		if _, there := before[name]; there {
			continue
		}
		if strings.Contains(text, "<no value>") || strings.Contains(text, "{{ .") || !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s is not clean text:\n%s", name, text)
		}
		switch path.Ext(name) {
		case ".yml", ".yaml":
			var v any
			if err := yaml.Unmarshal([]byte(text), &v); err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		case ".json":
			if !json.Valid([]byte(text)) {
				t.Errorf("%s is not JSON:\n%s", name, text)
			}
		}
		if strings.HasPrefix(name, ".github/workflows/") {
			lintWorkflow(t, name, text)
		}
	}
	text, there := after[config.File]
	if _, own := before[config.File]; !there || own {
		return
	}
	if n := strings.Count(text, "\n"); n > configLines {
		t.Errorf("%d lines, want at most %d:\n%s", n, configLines, text)
	}
	if c, err := config.Parse([]byte(text)); err != nil {
		t.Errorf("%v\n%s", err, text)
	} else if starts := !strings.Contains(text, "# artifact:"); (c.Walkable() == nil) != starts || len(c.Chain()) != 2 {
		t.Errorf("%v, environments %v", c.Walkable(), c.Chain())
	}
}

func lintWorkflow(t *testing.T, name, text string) {
	t.Helper()
	_, problems := actionlint.Parse([]byte(text))
	for _, p := range problems {
		t.Errorf("%s: %v", name, p)
	}
}

// TestStartersAreOurs: what init writes is what workflows/ has, all of it, and each in a
// place of its own. Only the first comment of the default workflow differs: it says what
// the workflow does for this repository.
func TestStartersAreOurs(t *testing.T) {
	want := map[string]string{}
	names, err := fs.Glob(workflows.Starters, "*")
	if err != nil {
		t.Fatal(err)
	}
	body := func(text string) string { _, rest, _ := strings.Cut(text, "\nname:"); return rest }
	for _, name := range names {
		if name == forApps {
			continue // it takes the place of goldenpath.yml, see TestSeveralApps
		}
		b, err := workflows.Starters.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		to := target(name, string(b))
		if want[to] != "" {
			t.Errorf("two starters go to %s", to)
		}
		want[to] = body(string(b))
	}
	got := map[string]string{}
	for _, f := range starters() {
		text, _, err := f.make(&Facts{Deploys: "process"})
		if err != nil {
			t.Fatal(err)
		}
		got[f.path] = body(text)
		if f.group == "" && (!strings.HasPrefix(text, "# Runs goldenpath on GitHub: tests, build") || !strings.Contains(text, `exist only where you run "goldenpath run"`)) {
			t.Errorf("the workflow of a process app does not say what it leaves out:\n%s", text)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got[".github/workflows/goldenpath.yml"] == "" {
		t.Error("none is goldenpath.yml")
	}
}

func TestTarget(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"rollback.yml", "# Copy this file to .github/workflows/undo.yml.\n", ".github/workflows/undo.yml"},
		{"pull-request.yml", "name: x\n", ".github/workflows/goldenpath.yml"},
		{"goldenpath.yml", "name: x\n", ".github/workflows/goldenpath.yml"},
		{"sweep.yml", "# Copy this file to ../../etc/passwd.\n", ".github/workflows/goldenpath-sweep.yml"},
		{"sweep.yml", "# Copy this file to .github/workflows/../../x.yml.\n", ".github/workflows/goldenpath-sweep.yml"},
	} {
		if got := target(tt.name, tt.text); got != tt.want {
			t.Errorf("%s with %q goes to %s, want %s", tt.name, tt.text, got, tt.want)
		}
	}
}

// TestPin: the zeros become the release's commit, in every starter, or stay.
func TestPin(t *testing.T) {
	pin := strings.Repeat("a1", 20)
	left := regexp.MustCompile(`@0{40}`)
	for _, f := range starters() {
		text, _, err := f.make(&Facts{Pin: pin, Version: "v1.2.3"})
		if err != nil {
			t.Fatal(err)
		}
		if left.MatchString(text) || !strings.Contains(text, "@"+pin+" # v1.2.3\n") {
			t.Errorf("%s is not pinned:\n%s", f.path, text)
		}
	}
}

// TestScalar: whatever a repository is called, YAML reads it as that text.
func TestScalar(t *testing.T) {
	for _, s := range []string{
		"npm ci", "true", "0x1f", "1.5", "a: b", "a #b", "- x", "{a}", "[a]", "'", `"`, `\`, "a\nb", "é", "\u2028", "", " x ", "*a", "&a", "!t",
		"@a", "`a`", "%a", "a:", "#", "yes", "~", "null", ".inf", "=", "$PORT", "a, b", "key: {x: 1}", "<<", "\x00", "\x7f", "\u0085", "\ufeff", "1e3", "0o7", "12:30:45", "2026-01-01",
	} {
		for _, flow := range []bool{false, true} {
			text := "k: " + scalar(s, flow)
			if flow {
				text = "k: {v: " + scalar(s, flow) + "}"
			}
			checkScalar(t, text, s)
		}
	}
}

func checkScalar(t *testing.T, text, want string) {
	t.Helper()
	var doc struct{ K any }
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Errorf("%q: %v", text, err)
		return
	}
	got := doc.K
	if m, ok := got.(map[string]any); ok {
		got = m["v"]
	}
	if got != want || strings.Contains(text, "\n") {
		t.Errorf("%q is read as %#v, want %q", text, got, want)
	}
}

func FuzzScalar(f *testing.F) {
	f.Add("a: b")
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ToValidUTF8(s, "\uFFFD")
		checkScalar(t, "k: "+scalar(s, false), want)
		checkScalar(t, "k: {v: "+scalar(s, true)+"}", want)
	})
}
