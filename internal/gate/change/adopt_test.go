package change

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

const configured = "version: 1\napp: shop\n"

// compared returns what a run on a laptop and a push of the same commit are compared
// with, which must be the same. "first" is the baseline itself.
func (r repo) compared(before string) (commit string, proof string) {
	r.t.Helper()
	var got [2]string
	for i, q := range []Request{{}, push(before)} {
		c, l, err := r.find(q)
		if err != nil {
			r.t.Fatal(err)
		}
		switch {
		case c.First:
			got[i] = "first"
		case l.Against != nil:
			got[i] = l.Against.Commit
		}
		proof = c.Proof
	}
	if got[0] != got[1] {
		r.t.Errorf("the laptop compares with %.7s, the push with %.7s", got[0], got[1])
	}
	return got[0], proof
}

// TestBaseline proves GP-GATE-4 and 17 (NEWCOMER 1): without a release, the commit that
// added goldenpath is the baseline, on a laptop and on GitHub. A refused push never
// becomes the baseline.
func TestBaseline(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a": "1\n"})
	added := r.commit(map[string]string{".goldenpath.yml": configured})
	if got, proof := r.compared(""); got != "first" || !strings.HasPrefix(proof, "first run: this commit added goldenpath") {
		t.Errorf("first run: %s, %s", got, proof)
	}
	refused := r.commit(map[string]string{"b": "1\n"})
	r.commit(map[string]string{"README.md": "1\n"})
	if got, proof := r.compared(refused); got != added || !strings.HasPrefix(proof, "baseline: "+added[:7]+" added goldenpath; this repository has no branch") {
		t.Errorf("after a refused push: %.7s, %s", got, proof)
	}
	// Removing and adding the file again does not move the baseline.
	r.commit(map[string]string{".goldenpath.yml": ""})
	again := r.commit(map[string]string{".goldenpath.yml": configured, "c": "1\n"})
	if got, _ := r.compared(again); got != added {
		t.Errorf("added again: %.7s", got)
	}
	// A release replaces it.
	r.released(again, ledger.KindRelease, day)
	if got, _ := r.compared(again); got != added {
		t.Errorf("the release of this commit counts: %.7s", got)
	}
	r.commit(map[string]string{"d": "1\n"})
	if got, proof := r.compared(again); got != again || !strings.HasPrefix(proof, "last release: ") {
		t.Errorf("after a release: %.7s, %s", got, proof)
	}
	// An older commit is still compared with the baseline.
	r.git("checkout", "-q", refused)
	if got, _ := r.compared(""); got != added {
		t.Errorf("a commit before the release: %.7s", got)
	}
}

// TestBaselineIsNotChosen: a change cannot choose a newer baseline.
func TestBaselineIsNotChosen(t *testing.T) {
	r := newRepo(t)
	root := r.commit(map[string]string{"a": "1\n"})
	added := r.commit(map[string]string{".github/workflows/gate.yml": "uses: seed-b235b314/goldenpath/actions/security-gate@x\n"})
	main := r.commit(map[string]string{".goldenpath.yml": configured})
	// A branch from before, which merges main: its first parents do not have goldenpath.
	r.git("checkout", "-q", "-b", "topic", root)
	r.commit(map[string]string{"bad": "1\n"})
	r.git("merge", "-q", "-m", "merge", main)
	if got, _ := r.compared(""); got != added {
		t.Errorf("a merge became the baseline: %.7s", got)
	}
	// A branch that adds the file on its own: the baseline is what all contain.
	r.git("checkout", "-q", "-b", "own", root)
	r.commit(map[string]string{".goldenpath.yml": configured, "bad": "1\n"})
	r.git("merge", "-q", "-m", "merge", main)
	if got, _ := r.compared(""); got != root {
		t.Errorf("a branch became the baseline: %.7s", got)
	}
	// A history that no release contains has no baseline.
	r.git("checkout", "-q", "main")
	r.released(main, ledger.KindRelease, day)
	r.git("checkout", "-q", "--orphan", "other")
	r.commit(map[string]string{".goldenpath.yml": configured, "bad": "1\n"})
	if got, proof := r.compared(""); got != "" || !strings.Contains(proof, "contains none of the releases") {
		t.Errorf("a rewritten history: %.7s, %s", got, proof)
	}
}

// TestBaselineOfAClone: the end of a shallow history is not the baseline.
func TestBaselineOfAClone(t *testing.T) {
	origin := newRepo(t)
	origin.commit(map[string]string{"a": "1\n"})
	added := origin.commit(map[string]string{".goldenpath.yml": configured})
	origin.commit(map[string]string{"b": "1\n"})
	for _, gone := range []bool{false, true} {
		clone := repo{t, t.TempDir()}
		clone.git("clone", "-q", "--depth=1", "file://"+origin.dir, ".")
		want := added
		if gone {
			clone.git("remote", "set-url", "origin", filepath.Join(t.TempDir(), "gone"))
			want = ""
		}
		if got, proof := clone.compared(""); got != want {
			t.Errorf("origin gone %v: compared with %.7s, %s", gone, got, proof)
		}
	}
}

// TestBaselineUncommitted: on a laptop what is not committed yet is new.
func TestBaselineUncommitted(t *testing.T) {
	r := newRepo(t)
	head := r.commit(map[string]string{"a": "1\n"})
	write := func(name string) {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(configured), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	local := func() (*Change, *Listing) {
		c, l, err := r.find(Request{})
		if err != nil {
			t.Fatal(err)
		}
		return c, l
	}
	if c, l := local(); l.Against != nil || c.First {
		t.Errorf("without goldenpath: %+v, %+v", c, l)
	}
	write(".goldenpath.yml")
	if c, l := local(); c.First || l.Against == nil || l.Against.Commit != head || c.Kind != Adoption {
		t.Errorf("not committed: %+v, %+v", c, l)
	}
	head = r.commit(nil)
	if c, _ := local(); !c.First {
		t.Errorf("committed: %+v", c)
	}
	write("b")
	if c, l := local(); c.First || l.Against == nil || l.Against.Commit != head {
		t.Errorf("an edit: %+v, %+v", c, l)
	}
}

// TestReleaseUpstream: the checkout of goldenpath run has the ledgers of the user's
// repository and of its remote. The newer release of both counts.
func TestReleaseUpstream(t *testing.T) {
	r := newRepo(t)
	one := r.commit(map[string]string{".goldenpath.yml": configured})
	two := r.commit(map[string]string{"b": "1\n"})
	r.commit(map[string]string{"c": "1\n"})
	r.released(two, ledger.KindRelease, day)
	r.git("update-ref", "refs/remotes/upstream/"+ledger.Branch, ledger.Branch)
	r.git("branch", "-q", "-D", ledger.Branch)
	if got, proof := r.compared(""); got != two || !strings.Contains(proof, "recorded in upstream/"+ledger.Branch) {
		t.Errorf("compared with %.7s: %s", got, proof)
	}
	r.released(one, ledger.KindRelease, day.Add(time.Hour))
	if got, _ := r.compared(""); got != two {
		t.Errorf("an older release counts: %.7s", got)
	}
}
