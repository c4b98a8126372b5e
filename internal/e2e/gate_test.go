//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// secret looks like a GitHub token to gitleaks.
const secret = "ghp_" + "q7Kd93hZx81LmPw02TvRc65BnYs48GjXe31A"

// gate runs security-gate in a folder, without network access.
func gate(t *testing.T, dir string, args ...string) (int, string, time.Duration) {
	t.Helper()
	cmd := exec.Command(filepath.Join(root(t), "bin", "security-gate"), append([]string{"scan", "--offline", "--missing-database", "warn", "--databases", t.TempDir()}, args...)...)
	cmd.Dir = dir
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out), time.Since(start)
}

// TestManyFiles proves GP-GATE-1: in a commit of 100,000 files every file is scanned,
// and a later scan costs only what the change touches.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	var in bytes.Buffer
	in.WriteString("commit refs/heads/main\ncommitter a <a@example.com> 1700000000 +0000\ndata 4\nmany\n")
	for i := range 100_000 {
		text := fmt.Sprintf("file %d\n", i)
		if i == 77_777 {
			text = "token: " + secret + "\n"
		}
		fmt.Fprintf(&in, "M 100644 inline d%d/f%d.txt\ndata %d\n%s\n", i/1000, i, len(text), text)
	}
	in.WriteString("commit refs/heads/main\ncommitter a <a@example.com> 1700000001 +0000\ndata 4\ngone\nM 100644 inline d77/f77777.txt\ndata 2\nx\n\n")
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = dir, &in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	git(t, dir, "checkout", "--quiet", "--force", "main")
	code, out, took := gate(t, dir)
	t.Logf("everything: %s", took)
	if code != 1 || !strings.Contains(out, "d77/f77777.txt github-pat (critical)") || !strings.Contains(out, "100,000 files") {
		t.Errorf("exit %d\n%.3000s", code, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("# many\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "README.md")
	commit(t, dir, "one")
	code, out, took = gate(t, dir, "--base", "HEAD~1")
	t.Logf("one document: %s", took)
	if code != 0 || !strings.Contains(out, "1 file of 100001 changed") {
		t.Errorf("exit %d\n%.3000s", code, out)
	}
}

// TestGateKilled proves GP-GATE-1: a gate that is killed leaves no report, not even
// that of an earlier run, and no temporary files.
func TestGateKilled(t *testing.T) {
	dir, scratch := hello(t), t.TempDir()
	report := filepath.Join(t.TempDir(), "report.json")
	if code, out, _ := gate(t, dir, "--report", report); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	earlier, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []os.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		if err := os.WriteFile(report, earlier, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(root(t), "bin", "security-gate"), "scan", "--offline", "--databases", scratch, "--report", report)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+scratch)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Kill it as soon as it has begun: it removes the old report first.
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if _, err := os.Stat(report); err != nil {
				break
			}
		}
		if err := cmd.Process.Signal(how); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Errorf("%s: exit 0", how)
		}
		if _, err := os.Stat(report); err == nil {
			t.Errorf("%s: a report", how)
		}
	}
}

// TestFullDisk: on a full disk the gate writes no report, not even a partial one.
func TestFullDisk(t *testing.T) {
	dir := hello(t)
	code, out, _ := gate(t, dir, "--report", "/dev/full")
	if code != 3 {
		t.Errorf("exit %d\n%s", code, out)
	}
}
