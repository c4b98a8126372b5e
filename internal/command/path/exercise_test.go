package path

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
	"github.com/seed-b235b314/goldenpath/workflows"
)

// TestExercise runs every command of the README's first section, in its order, as a
// reader would: with an app of its own, which it changes where the text says so. The
// build is only planned (make --dry-run), because it takes minutes.
func TestExercise(t *testing.T) {
	root, err := filepath.Abs(commandtest.Root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); errors.Is(err, fs.ErrNotExist) {
		t.Skip("this source is not a clone")
	}
	dir := t.TempDir()
	app := filepath.Join(dir, "your-app")
	if err := os.CopyFS(app, os.DirFS(filepath.Join(root, "testdata/repos/hello"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(app, ".goldenpath.yml")); err != nil { // init writes one
		t.Fatal(err)
	}
	user := t.TempDir()
	goldenpath, err := exec.LookPath("goldenpath")
	if err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(),
		"PATH="+strings.Join([]string{filepath.Dir(goldenpath), filepath.Dir(buildGate(t)), os.Getenv("PATH")}, string(os.PathListSeparator)),
		"HOME="+user, "XDG_CONFIG_HOME="+user, "MAKEFLAGS=--dry-run", "GOCACHE="+goenv(t, "GOCACHE"), "GOMODCACHE="+goenv(t, "GOMODCACHE"), "GOFLAGS=", "GOTOOLCHAIN=local",
		"GIT_AUTHOR_NAME=ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=ann", "GIT_COMMITTER_EMAIL=ann@example.com",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+root+".insteadOf", "GIT_CONFIG_VALUE_0="+"https://github.com/"+workflows.Repository(),
	)
	cd := dir
	run := func(line string) (string, int) {
		t.Helper()
		// The folder that a line changes to is that of the lines after it.
		cmd := exec.Command("bash", "-c", line+"\ncode=$?; pwd > \"$HOME/pwd\"; exit $code")
		cmd.Dir, cmd.Env = cd, environ
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("%s: %v", line, err)
		}
		if b, err := os.ReadFile(filepath.Join(user, "pwd")); err == nil {
			cd = strings.TrimSpace(string(b))
		}
		return out.String(), cmd.ProcessState.ExitCode()
	}
	must := func(line string) string {
		t.Helper()
		out, code := run(line)
		if code != 0 {
			t.Fatalf("%s: exit code %d\n%s", line, code, out)
		}
		return out
	}
	edit := func(file, before, after string) {
		t.Helper()
		name := filepath.Join(app, file)
		b, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(b), before) {
			t.Fatalf("%s does not contain %q: %v\n%s", file, before, err, b)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(b), before, after, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must("cd your-app && git init -q -b main && git add --all && git commit -q -m first && cd ..")
	t.Cleanup(func() { run("cd " + app + " && goldenpath down") })

	const healthy = `fmt.Fprintln(w, "ok")`
	blocks := commandtest.Exercise(t, "README.md", "Fifteen minutes with your own app")
	if len(blocks) != 5 {
		t.Fatalf("%d blocks of commands, the test knows 5", len(blocks))
	}
	for i, block := range blocks {
		switch i {
		case 2: // "Break it."
			edit("main.go", healthy, `http.Error(w, "broken", 500)`)
		case 3: // "Change something that you can see."
			edit("main.go", healthy, `fmt.Fprintln(w, "hello")`)
		}
		for _, step := range block {
			if strings.HasPrefix(step.Text, "export PATH=") {
				continue // the binaries are in PATH already
			}
			started := time.Now()
			out, code := run(step.Text)
			t.Logf("%s: exit code %d after %.1f s", step.Text, code, time.Since(started).Seconds())
			if want := map[bool]int{false: 0, true: 1}[step.Fails]; code != want {
				t.Fatalf("%s: exit code %d, want %d\n%s", step.Text, code, want, out)
			}
			switch {
			case step.Text == "goldenpath init":
				hurry(t, app)
			case step.Text == "goldenpath status" && !regexp.MustCompile(`(?m)^ *production +runs`).MatchString(out), step.Text == "goldenpath release list" && !strings.Contains(out, "rollback"):
				t.Errorf("%s:\n%s", step.Text, out)
			}
		}
	}
	if left := must("git status --porcelain --ignored; git branch --list 'goldenpath*'; ls -d .git/goldenpath .goldenpath* .github/workflows/* \"$HOME\"/.cache/goldenpath/builds/* 2> /dev/null || true"); left != "" {
		t.Errorf("left after the exercise:\n%s", left)
	}
	if all := processesIn(dir); len(all) > 0 {
		t.Errorf("processes left after the exercise: %v", all)
	}
}

// hurry shortens the soak and the wait for an app that does not come up, in the
// configuration that init wrote.
func hurry(t *testing.T, app string) {
	t.Helper()
	name := filepath.Join(app, ".goldenpath.yml")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"production: {from: staging", "production: {soak: {for: 1s, at-least: 10, slo: {availability: 99}}, from: staging",
		"ready: {path: /healthz", "ready: {timeout: 5s, path: /healthz",
	).Replace(string(b))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
