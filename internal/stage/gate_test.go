package stage

import (
	"path/filepath"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// TestLedgerOfAShallowClone: the checkout of the gate gets the ledger of the remote also where
// it cannot share the objects of the clone.
func TestLedgerOfAShallowClone(t *testing.T) {
	l := newLab(t)
	l.commit("one", "a.txt", "one")
	branch := l.git("branch", "--show-current")
	l.git("switch", "--quiet", "--orphan", ledger.Branch)
	l.commit("an entry", "entry.txt", "entry")
	tip := l.git("rev-parse", "HEAD")
	l.git("switch", "--quiet", branch)
	l.commit("two", "a.txt", "two")
	shallow := l.clone("--depth=1")
	shallow.git("fetch", "--quiet", "origin", "+refs/heads/"+ledger.Branch+":refs/remotes/origin/"+ledger.Branch)
	dir := filepath.Join(t.TempDir(), "clean")
	c := shallow.head()
	if err := c.CheckOut(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if err := shareLedger(t.Context(), shallow.repo, dir); err != nil {
		t.Fatal(err)
	}
	if got, err := git.Own(dir).Run(t.Context(), "show", "refs/remotes/upstream/"+ledger.Branch+":entry.txt"); err != nil || got != "entry" {
		t.Errorf("%s: %q, %v", tip, got, err)
	}
}
