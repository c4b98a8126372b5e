//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadOnlyRegistry runs as a user without write access to the registry's folder.
// Root can write anywhere, so as root the test switches to another user.
func TestReadOnlyRegistry(t *testing.T) {
	isRoot := os.Getuid() == 0
	top, err := os.MkdirTemp("/tmp", "goldenpath-readonly-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	dir := filepath.Join(top, "hello")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root(t), "testdata/repos/hello"))); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	git(t, dir, "add", "--all")
	commit(t, dir, "first")
	registry := filepath.Join(top, "registry")
	if err := os.Mkdir(registry, 0o555); err != nil {
		t.Fatal(err)
	}
	const unprivileged = 65534
	// The binaries may be in a folder that the unprivileged user cannot read.
	for _, name := range []string{"goldenpath", "security-gate"} {
		if err := os.Link(filepath.Join(root(t), "bin", name), filepath.Join(top, name)); err != nil {
			if out, err := exec.Command("cp", filepath.Join(root(t), "bin", name), top).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	}
	if isRoot {
		if out, err := exec.Command("chown", "-R", "65534:65534", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(top, "goldenpath"), "run", "--registry", registry)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	if isRoot {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unprivileged, Gid: unprivileged}}
	}
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); err == nil || code != 2 {
		t.Errorf("exit %d, want 2\n%s", code, out)
	}
	if !strings.Contains(string(out), "registry folder "+registry) || !strings.Contains(string(out), "permission denied: set --registry to a writable folder") {
		t.Errorf("the message names no folder or no remedy:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, ".git/goldenpath/runs")); err == nil {
		t.Error("a run was started")
	}
}
