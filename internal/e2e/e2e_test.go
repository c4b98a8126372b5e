//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// root is the root folder of the project.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func goldenpath(t *testing.T) string { return filepath.Join(root(t), "bin", "goldenpath") }

// hello creates a repository with the small service.
func hello(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hello")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root(t), "testdata/repos/hello"))); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	git(t, dir, "add", "--all")
	commit(t, dir, "first")
	t.Cleanup(func() { run(t, dir, "down") })
	return dir
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func commit(t *testing.T, dir, message string) {
	t.Helper()
	git(t, dir, "commit", "--quiet", "--allow-empty", "--message", message)
}

// command prepares a goldenpath command in a repository.
func command(t *testing.T, dir string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(goldenpath(t), args...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// run runs a command to its end and returns its exit code and output.
func run(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	cmd, out := command(t, dir, args...)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

type entry struct {
	ID, Kind, Environment, Digest, Commit string
	Verdict                               string
}

// ledger reads every entry of the ledger branch.
func ledger(t *testing.T, dir string) []entry {
	t.Helper()
	var all []entry
	for _, name := range strings.Fields(git(t, dir, "ls-tree", "-r", "--name-only", "goldenpath-ledger", "entries/")) {
		var e entry
		if err := json.Unmarshal([]byte(git(t, dir, "cat-file", "blob", "goldenpath-ledger:"+name)), &e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, e)
	}
	return all
}

// processes returns the processes that have dir in their command line, environment or
// working directory.
func processes(t *testing.T, dir string) map[string]string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range all {
		line, err := os.ReadFile(p + "/cmdline")
		if err != nil || len(line) == 0 {
			continue
		}
		cwd, _ := os.Readlink(p + "/cwd")
		environ, _ := os.ReadFile(p + "/environ")
		if strings.HasPrefix(cwd, dir) || bytes.Contains(line, []byte(dir)) || bytes.Contains(environ, []byte("="+dir+"/")) {
			found[filepath.Base(p)] = strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	return found
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not after 10 s: %s", what)
		}
	}
}
