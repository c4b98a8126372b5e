package process

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const pr12 = "preview/pr-12"

// TestStopKeepsData: an environment that was stopped is deployed again with its data, and
// is not listed until then.
func TestStopKeepsData(t *testing.T) {
	b := newBench(t)
	r := b.up("", commit1)
	instance, pids := b.family(r.URL)
	book := filepath.Join(b.dir(), "data", "guestbook.json")
	if err := os.WriteFile(book, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	left, err := b.Stop(b.ctx, pr12)
	if err != nil || left.Kept != b.dir() {
		t.Fatalf("left %+v, %v", left, err)
	}
	b.allGone(pids)
	if _, err := b.Status(b.ctx, pr12); !errors.Is(err, target.ErrNotDeployed) {
		t.Errorf("status: %v", err)
	}
	if all, err := b.All(b.ctx); err != nil || len(all) != 0 {
		t.Errorf("listed: %+v, %v", all, err)
	}
	if names, err := b.Kept(); err != nil || !cmp.Equal(names, []string{pr12}) {
		t.Errorf("kept: %q, %v", names, err)
	}
	b.up("", commit2)
	if text, err := os.ReadFile(book); err != nil || string(text) != "hello" {
		t.Errorf("the data of before: %q, %v", text, err)
	}
	if names, err := b.Kept(); err != nil || len(names) != 0 {
		t.Errorf("kept although it runs: %q, %v", names, err)
	}
	// Even if its record was lost.
	if err := os.WriteFile(filepath.Join(b.dir(), "environment.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Stop(b.ctx, pr12); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(book); err != nil {
		t.Error(err)
	}
	if err := b.Down(b.ctx, pr12); err != nil {
		t.Fatal(err)
	}
	b.nothingLeft(instance)
	if names, err := b.Kept(); err != nil || len(names) != 0 {
		t.Errorf("kept after down: %q, %v", names, err)
	}
}

// TestStopWithoutData leaves no folder.
func TestStopWithoutData(t *testing.T) {
	b := newBench(t)
	b.up("", commit1)
	if left, err := b.Stop(b.ctx, pr12); err != nil || left.Kept != "" {
		t.Errorf("left %+v, %v", left, err)
	}
	if _, err := os.Stat(b.dir()); err == nil {
		t.Error("the folder is still there")
	}
}

// TestLostFiles: files that an application stored beside its program are named while it
// runs, and moved to the data of the environment when it ends.
func TestLostFiles(t *testing.T) {
	b := newBench(t)
	b.up("", commit1)
	store := func(names ...string) {
		later := time.Now().Add(time.Second)
		for _, name := range names {
			file := filepath.Join(b.dir(), "current", "rootfs", "srv", name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("kept"), 0o600), os.Chtimes(file, later, later)); err != nil {
				t.Fatal(err)
			}
		}
	}
	store("counter.db", "counter.db-wal", "access.log", "node_modules/.cache/x", "__pycache__/app.pyc", "uploads/cat.png")
	stored := []string{"srv/counter.db", "srv/uploads/cat.png"}
	if r, err := b.Status(b.ctx, pr12); err != nil || !cmp.Equal(r.Stored, stored) {
		t.Errorf("stored %q, %v", r.Stored, err)
	}
	r := b.up("", commit2)
	if !cmp.Equal(r.Lost, stored) {
		t.Errorf("lost %q", r.Lost)
	}
	for _, name := range append(stored, "srv/counter.db-wal") {
		if text, _ := os.ReadFile(filepath.Join(r.LostIn, name)); string(text) != "kept" || !strings.HasPrefix(r.LostIn, filepath.Join(b.dir(), "data")) {
			t.Errorf("%s in %s has %q", name, r.LostIn, text)
		}
	}
	if r := b.up("", commit1); len(r.Lost) != 0 {
		t.Errorf("lost %q, and nothing was stored", r.Lost)
	}
	store("a", "b", "c", "d", "e")
	if r := b.up("", commit2); !cmp.Equal(r.Lost, []string{"srv/a", "srv/b", "srv/c", "2 more"}) {
		t.Errorf("lost %q", r.Lost)
	}
	// Stopped without a successor: the files are data, and are kept as data are.
	store("last.db")
	left, err := b.Stop(b.ctx, pr12)
	if err != nil || left.Kept == "" || !cmp.Equal(left.Lost, []string{"srv/last.db"}) {
		t.Fatalf("left %+v, %v", left, err)
	}
	if found, _ := filepath.Glob(filepath.Join(b.dir(), "data", besideFolder, "gen-*", "srv", "last.db")); len(found) != 1 {
		t.Errorf("kept %q", found)
	}
	// Whatever was moved is a person's, and stays until they delete it.
	if found, _ := os.ReadDir(filepath.Join(b.dir(), "data", besideFolder)); len(found) != 3 {
		t.Errorf("the files of %d generations are kept, want 3", len(found))
	}
}

// TestNotKept: a release that serves is not undone because a file of the one before it
// cannot be kept. The file stays where it is, and the next deployment says what is wrong.
func TestNotKept(t *testing.T) {
	b := newBench(t)
	b.up("", commit1)
	later := time.Now().Add(time.Second)
	file := filepath.Join(b.dir(), "current", "rootfs", "srv", "counter.db")
	inTheWay := filepath.Join(b.dir(), "data", besideFolder)
	real, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err = errors.Join(err, os.WriteFile(file, []byte("kept"), 0o600), os.Chtimes(file, later, later), os.WriteFile(inTheWay, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	r := b.up("", commit2)
	if now, err := b.Status(b.ctx, pr12); err != nil || !now.Alive || now.Commit != commit2 {
		t.Errorf("%+v, %v", now, err)
	}
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "cannot keep srv/counter.db") }) {
		t.Errorf("notes %q", r.Notes)
	}
	if text, _ := os.ReadFile(filepath.Join(real, "counter.db")); string(text) != "kept" {
		t.Errorf("the file has %q", text)
	}
	if _, err := b.Deploy(b.ctx, b.deployment("", commit1)); err == nil || !strings.Contains(err.Error(), "cannot keep srv/counter.db") {
		t.Errorf("the next deployment: %v", err)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	b.up("", commit1)
	if found, _ := filepath.Glob(filepath.Join(inTheWay, "gen-*", "srv", "counter.db")); len(found) != 1 {
		t.Errorf("kept %q", found)
	}
}

// TestLogWithoutSecrets: an application may log its password, and people pass logs on.
func TestLogWithoutSecrets(t *testing.T) {
	b := newBench(t)
	d := b.deployment("tell", commit1)
	d.Secrets = map[string]target.Secret{"ADMIN_PASSWORD": {Value: "correct-horse-battery"}}
	b.mustDeploy(d)
	name := b.Logs(pr12)
	for range 100 {
		if text, _ := os.ReadFile(name); strings.Contains(string(text), "password") {
			if strings.Contains(string(text), "horse") || !strings.Contains(string(text), "password ***\n") {
				t.Errorf("the log has %q", text)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the application logged nothing")
}
