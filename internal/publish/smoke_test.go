package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSmokeList: the list asks each check once, goes on where it was interrupted, and succeeds
// only when nothing failed and nothing is left.
func TestSmokeList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "answers")
	run := func(answers string) (string, bool) {
		cmd := exec.Command("./smoke.sh", "v0.1.0-rc.1", file)
		cmd.Stdin = strings.NewReader(answers)
		out, err := cmd.CombinedOutput()
		return string(out), err == nil
	}
	if out, ok := run("p\nmaybe\nf\nno comment\n"); ok || !strings.Contains(out, "1 failed") || strings.Contains(out, " 0 left") {
		t.Errorf("interrupted: %s", out)
	}
	text, err := os.ReadFile(file)
	if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); err != nil || len(lines) != 2 || !strings.HasSuffix(lines[1], "\tno comment") {
		t.Errorf("answers %q, %v", text, err)
	}
	if out, ok := run(strings.Repeat("p\n", 100)); ok || !strings.Contains(out, "1 failed, 0 left") || strings.Contains(out, "goldenpath init and") {
		t.Errorf("went on: %s", out)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(mustRead(t, file)), "\tf\t", "\tp\t", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := run(""); !ok {
		t.Errorf("done: %s", out)
	}
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
