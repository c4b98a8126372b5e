//go:build e2e

package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGateOnItself proves part of GP-SAFE-5: the project passes its own gate, with real
// Go advisories and its own waivers.
func TestGateOnItself(t *testing.T) {
	out, err := exec.Command("go", "mod", "download", "-json", "golang.org/x/vulndb@v0.0.0-20260813214354-9de686e1fb00").Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	gate, databases := filepath.Join(root(t), "bin/security-gate"), t.TempDir()
	if out, err := exec.Command(gate, "database", "--from", filepath.Join(module.Dir, "data/osv"), "--to", databases).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// A clone contains the commit and no build results.
	clone := filepath.Join(t.TempDir(), "goldenpath")
	git(t, root(t), "clone", "--quiet", "--no-local", root(t), clone)
	out, err = exec.Command(gate, "scan", "--dir", clone, "--offline", "--databases", databases, "--missing-database", "warn").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the project does not pass its own gate: %v", err)
	}
}
