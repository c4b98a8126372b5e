package gate

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/actionlint"
	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
)

// TestActionContract holds action.yml of security-gate to `security-gate scan`.
func TestActionContract(t *testing.T) {
	commandtest.CheckAction(t, New, "security-gate")
}

// TestWorkflowsAreClean: the gate finds nothing in goldenpath's own workflows and
// actions, nor in a repository that has copied the starters.
func TestWorkflowsAreClean(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".github/workflows", "actions", "action.yml", "Dockerfile", "Dockerfile.security-gate"} {
		copyTo(t, filepath.Join(dir, name), filepath.Join(commandtest.Root, name))
	}
	// What a starter calls is put beside it, so that inputs and types are checked.
	remote := regexp.MustCompile(`seed-b235b314/goldenpath/(\.github/workflows/[a-z-]+\.yml)@0{40}`)
	starters := commandtest.Workflows(t, "workflows")
	for _, w := range starters {
		name := filepath.Join(dir, ".github/workflows/starter-"+filepath.Base(w.File))
		text := remote.ReplaceAllString(w.Text, "./$1")
		if text == w.Text {
			t.Errorf("%s calls no workflow of ours at forty zeros", w.File)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := gate.Walk(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, _ = workflow.Select(files, nil)
	shared := &workflow.Reader{}
	for _, s := range []gate.Scanner{workflow.Scanner{Reader: shared}, actionlint.Scanner{Reader: shared}} {
		res, err := s.Scan(t.Context(), gate.Input{Dir: dir, Files: files})
		if err != nil {
			t.Fatal(err)
		}
		if s.Name() == workflow.Name && !strings.Contains(res.Covered, english.Plural(len(commandtest.Actions)+len(commandtest.Composites)+1, "action", "")) {
			t.Errorf("covered %s, want every action", res.Covered)
		}
		for _, f := range res.Findings {
			t.Errorf("%s: %s:%d:%d %s: %s", s.Name(), f.At.Path, f.At.Line, f.At.Column, f.Rule, f.Message)
		}
	}
}

func copyTo(t *testing.T, to, from string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
