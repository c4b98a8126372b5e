package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// GP-GATE-4: lines above and below a change correspond, and lines that were edited in place.
func TestLines(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		want          map[int]int
	}{
		"the same":           {"a\nb\nc", "a\nb\nc", map[int]int{1: 1, 3: 3, 0: 0, 4: 0}},
		"a line was edited":  {"a\nb\nc", "a\nB\nc", map[int]int{1: 1, 2: 2, 3: 3}},
		"a line was added":   {"a\nb\nc", "a\nx\nb\nc", map[int]int{1: 1, 2: 0, 3: 2, 4: 3}},
		"a line was removed": {"a\nb\nc", "a\nc", map[int]int{1: 1, 2: 3}},
		"two were added":     {"a\na", "a\na\na\na", map[int]int{2: 2, 3: 0, 4: 0}},
		"another file":       {"a", "b\nc\nd", map[int]int{1: 0, 3: 0}},
		"a new file":         {"", "b\nc", map[int]int{2: 0}},
	} {
		base, here := t.TempDir(), t.TempDir()
		for dir, text := range map[string]string{base: test.before, here: test.after} {
			if err := os.WriteFile(filepath.Join(dir, "f"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		m := readLines(base, "f", here, "f")
		for at, want := range test.want {
			if got := m.line(at); got != want {
				t.Errorf("%s: line %d was %d, want %d", name, at, got, want)
			}
		}
	}
}

// GP-GATE-4 (N4, N8): an update or a new name of a container does not bring the findings
// that it has. Another container, a second one, and another action are new.
func TestKnownInAnotherForm(t *testing.T) {
	check := func(container string, line int) report.Finding {
		f := finding("KSV-0017", report.High, "deploy.yaml", line)
		f.Message, f.Tools = "Privileged: container '"+container+"' must not be privileged", []string{"trivy"}
		return f
	}
	unpinned := func(action string) report.Finding {
		f := finding("unpinned-uses", report.High, ".github/workflows/a.yml", 7)
		f.Message, f.Tools = action+" is not pinned to a commit", []string{"goldenpath-workflow"}
		return f
	}
	lines := func(text string) func(old, name string) lineMap {
		return func(string, string) lineMap {
			split := func(s string) (out [][]byte) {
				for _, l := range strings.Split(s, " ") {
					out = append(out, []byte(l))
				}
				return out
			}
			return compareLines(split("spec a web b"), split(text))
		}
	}
	for name, test := range map[string]struct {
		base, here []report.Finding
		text, want string
	}{
		"a container is renamed":   {[]report.Finding{check("web", 3)}, []report.Finding{check("app", 3)}, "spec a app b", "known"},
		"renamed, and lines above": {[]report.Finding{check("web", 3)}, []report.Finding{check("app", 5)}, "spec x y a app b", "new"},
		"another container":        {[]report.Finding{check("web", 3)}, []report.Finding{check("web", 3), check("app", 5)}, "spec a web b app", "known new"},
		"a container replaces one": {[]report.Finding{check("web", 3)}, []report.Finding{check("app", 5)}, "spec a b c app", "new"},
		"an action is updated":     {[]report.Finding{unpinned("some/x@v1")}, []report.Finding{unpinned("some/x@v2")}, "", "known"},
		"an action is used again":  {[]report.Finding{unpinned("some/x@v1")}, []report.Finding{unpinned("some/x@v2"), unpinned("some/x@v3")}, "", "known new"},
		"another action":           {[]report.Finding{unpinned("some/x@v1")}, []report.Finding{unpinned("some/y@v1")}, "", "new"},
		"an image is updated":      {[]report.Finding{unpinned("node:22")}, []report.Finding{unpinned("node:24.1@sha256:00ff")}, "", "known"},
		"another image":            {[]report.Finding{unpinned("node:22")}, []report.Finding{unpinned("deno:22")}, "", "new"},
	} {
		base, here := merge(test.base), merge(test.here)
		for i := range here {
			here[i].Status = report.New
		}
		markKnown(here, base, nil, lines(test.text))
		var got []string
		for _, f := range here {
			got = append(got, string(f.Status))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
}
