package gitleaks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestKept proves GP-GATE-8: what an earlier run found in the history is kept, the next
// run has the same result without reading it again, and the folder contains no secret.
func TestKept(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a": "a\n", "both.env": "HOOK=" + slack + "\n", "a.png": "\x89PNG\r\n\x1a\n\x00\x01"})
	r.commit(map[string]string{"old.env": "TOKEN=" + token + "\n"})
	r.commit(map[string]string{"old.env": "", "a.png": ""})
	r.git("checkout", "-q", "-b", "side")
	r.commit(map[string]string{"b": "b\n"})
	r.git("checkout", "-q", "-")
	r.git("merge", "-q", "--no-ff", "side")
	clean := r.git("rev-parse", r.commit(map[string]string{"c": "c\n"})+":c")
	r.commit(map[string]string{"c": ""})
	folder := t.TempDir()
	in := gate.Input{Databases: folder}
	cold := r.scan(gate.Input{})
	if diff := cmp.Diff(cold, r.scan(in)); diff != "" {
		t.Errorf("the first run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(cold, r.scan(in)); diff != "" {
		t.Errorf("the second run (-want +got):\n%s", diff)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "history", "*"))
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	// Of seven commits two have a secret, of three files one; a picture is not examined.
	if n := strings.Count(string(b), "\n"); n != 1+5+2 || strings.Contains(string(b), ".env") || strings.Contains(string(b), token[:8]) {
		t.Errorf("%d lines:\n%s", n, b)
	}

	// A clean commit is not read again: its blob may be gone.
	os.Remove(object(r.dir, clean))
	if res := r.scan(in); len(res.Missing) != 0 {
		t.Errorf("read again: %v", res.Missing)
	}
	// With other settings, or a damaged file, everything is examined.
	if res := r.scan(gate.Input{Databases: folder, Exclude: []string{"x"}}); len(res.Missing) == 0 {
		t.Error("kept for other settings")
	}
	if err := os.WriteFile(files[0], b[:len(b)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	if res := r.scan(in); len(res.Missing) == 0 {
		t.Error("a damaged file was believed")
	}
	// The secret of the tree is removed: the commit that brought it is examined then.
	r.commit(map[string]string{"both.env": ""})
	want := []string{"slack-webhook-url both.env", "github-pat old.env"}
	if diff := cmp.Diff(want, where(r.scan(in))); diff != "" {
		t.Error(diff)
	}
}
