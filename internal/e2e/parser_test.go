//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGitHubParser reads every workflow, starter and action with GitHub's own parser,
// which supports `$/`, and checks that it rejects a broken workflow.
func TestGitHubParser(t *testing.T) {
	top := root(t)
	parser := filepath.Join(top, ".cache/parser/parse.cjs")
	var names []string
	for _, pattern := range []string{".github/workflows/*.yml", ".github/workflows/.*.yml", "workflows/*.yml", "action.yml", "actions/*/action.yml"} {
		found, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			rel, err := filepath.Rel(top, f)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, rel)
		}
	}
	if len(names) < 10 {
		t.Fatalf("%d files, want all of them: %v", len(names), names)
	}
	out, err := exec.Command("node", append([]string{parser, top}, names...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "x.yml"), []byte("on: push\njobs: {a: {runs-on: x, steps: [{uses: $/a, runn: b}]}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err = exec.Command("node", parser, broken, "x.yml").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "runn") {
		t.Errorf("a broken workflow was accepted: %v\n%s", err, out)
	}
}
