package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func repository(t *testing.T) (dir string, run func(args ...string) string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	dir = t.TempDir()
	run = func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("init", "-q", "-b", "main")
	return dir, run
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestHooks: no hook of the repository runs, whichever way it is configured.
func TestHooks(t *testing.T) {
	dir, run := repository(t)
	run("commit", "-q", "--allow-empty", "-m", "one")
	mark := filepath.Join(t.TempDir(), "ran")
	for _, hook := range []string{"post-checkout", "reference-transaction", "fsmonitor"} {
		write(t, filepath.Join(dir, ".git", "hooks", hook), "#!/bin/sh\ntouch "+mark+"\n")
	}
	run("config", "core.fsmonitor", filepath.Join(dir, ".git", "hooks", "fsmonitor"))
	run("config", "core.hooksPath", filepath.Join(dir, ".git", "hooks"))
	os.Remove(mark)
	for name, r := range map[string]Repository{"own": Own(dir), "foreign": Foreign(dir)} {
		for _, args := range [][]string{{"status", "--porcelain"}, {"branch", "from-" + name}, {"checkout", "--quiet", "--detach", "HEAD"}} {
			if _, err := r.Run(t.Context(), args...); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := os.Stat(mark); err == nil {
				t.Fatalf("%s: git %s ran a hook", name, args[0])
			}
		}
	}
}

// TestForeign: nothing but the objects of the repository decides.
func TestForeign(t *testing.T) {
	dir, run := repository(t)
	write(t, filepath.Join(dir, "größe *.txt"), "one")
	run("add", ".")
	run("commit", "-q", "-m", "one")
	old := run("rev-parse", "HEAD:größe *.txt")
	write(t, filepath.Join(dir, "größe *.txt"), "two")
	run("replace", old, run("hash-object", "-w", "größe *.txt"))
	write(t, filepath.Join(os.Getenv("HOME"), ".gitconfig"), "[alias]\n\tls-tree = version\n[core]\n\tquotePath = true\n[diff]\n\tnoprefix = true\n")

	names, err := Foreign(dir).Run(t.Context(), "ls-tree", "--name-only", "HEAD")
	if err != nil || names != "größe *.txt" {
		t.Errorf("name %q, %v", names, err)
	}
	b, err := Foreign(dir).Output(t.Context(), nil, "cat-file", "blob", "HEAD:größe *.txt")
	if err != nil || string(b) != "one" {
		t.Errorf("a replaced object is believed: %q, %v", b, err)
	}
	if out, err := Foreign(dir).Run(t.Context(), "ls-files", "--", "gr*"); err != nil || out != "" {
		t.Errorf("a path is taken for a pattern: %q, %v", out, err)
	}
	below := filepath.Join(dir, "below")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Foreign(below).Run(t.Context(), "rev-parse", "HEAD"); err == nil {
		t.Error("the repository above the folder is found")
	}
}

func TestErrors(t *testing.T) {
	dir, run := repository(t)
	run("commit", "-q", "--allow-empty", "-m", "one")
	_, err := Own(dir).Run(t.Context(), "rev-parse", "--verify", "--quiet", "nothing")
	if !Exited(err, 1) {
		t.Errorf("%v", err)
	}
	_, err = Own(dir).Run(t.Context(), "show", "nothing")
	if err == nil || !strings.Contains(err.Error(), "git show: fatal:") || !strings.Contains(err.Error(), "nothing") || Exited(err, 1) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err = Own(dir).Run(ctx, "status"); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("%v", err)
	}
}

func TestStream(t *testing.T) {
	dir, run := repository(t)
	var all strings.Builder
	for range 4000 {
		all.WriteString("commit refs/heads/main\ncommitter t <t@example.com> 1 +0000\ndata 1\nx\n")
	}
	cmd := exec.Command("git", "-C", dir, "fast-import", "--quiet", "--force")
	cmd.Stdin = strings.NewReader(all.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var b bytes.Buffer
	err := Foreign(dir).Stream(t.Context(), nil, func(r io.Reader) error { _, err := io.Copy(&b, r); return err }, "rev-list", "main")
	if n := strings.Count(b.String(), "\n"); err != nil || n != 4000 {
		t.Errorf("%d commits, %v", n, err)
	}
	stop := errors.New("stop")
	err = Foreign(dir).Stream(t.Context(), nil, func(r io.Reader) error { io.ReadFull(r, make([]byte, 8)); return stop }, "rev-list", "main")
	if !errors.Is(err, stop) {
		t.Errorf("a reader that stops: %v", err)
	}
	read := io.EOF
	err = Foreign(dir).Stream(t.Context(), nil, func(r io.Reader) error { _, read = io.ReadAll(r); return read }, "rev-list", "nothing")
	if read == nil || err == nil || !strings.Contains(err.Error(), "unknown revision") {
		t.Errorf("git failed: the reader saw %v, the caller %v", read, err)
	}
	err = Foreign(dir).Stream(t.Context(), strings.NewReader(run("rev-parse", "main")+"\n"), func(r io.Reader) error { b.Reset(); _, err := io.Copy(&b, r); return err }, "cat-file", "--batch-check")
	if err != nil || !strings.Contains(b.String(), " commit ") {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// TestToken: the token goes to its server alone, and on no command line.
func TestToken(t *testing.T) {
	dir, _ := repository(t)
	r := Own(dir).WithToken("https://github.example/", "t0ken")
	got, err := r.Run(t.Context(), "config", "--get-urlmatch", "http.extraheader", "https://github.example/o/r")
	if err != nil || !strings.HasPrefix(got, "AUTHORIZATION: basic ") {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := r.Run(t.Context(), "config", "--get-urlmatch", "http.extraheader", "https://other.example/o/r"); !Exited(err, 1) {
		t.Errorf("another server gets %q, %v", got, err)
	}
	if c := r.command(nil, []string{"fetch"}); strings.Contains(strings.Join(c.Argv, " "), "AUTHORIZATION") {
		t.Errorf("%v", c.Argv)
	}
	if got, err := Own(dir).WithToken("", "x").WithToken("https://github.example", "").Run(t.Context(), "config", "--get-regexp", "extraheader"); !Exited(err, 1) {
		t.Errorf("%q, %v", got, err)
	}
}
