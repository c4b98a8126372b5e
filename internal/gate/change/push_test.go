package change

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// released records a release of a commit in the ledger of the repository.
func (r repo) released(commit, kind string, at time.Time) { r.releasedApp("", commit, kind, at) }

func (r repo) releasedApp(app, commit, kind string, at time.Time) {
	r.t.Helper()
	l := &ledger.Ledger{App: app, Git: git.Own(r.dir), Now: func() time.Time { return at }}
	err := l.Update(r.t.Context(), "record", func(ctx context.Context, tx *ledger.Tx) error {
		e := ledger.Entry{Kind: kind, Environment: "staging", Commit: commit, Verdict: "pass", Data: json.RawMessage("{}")}
		_, err := tx.Record(ctx, e)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func push(before string) Request {
	return Request{Event: Event{Name: "push", Base: before}, Committed: true}
}

var day = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// TestPush: a push is compared with the last release, whatever happened to the
// commits after it, and every file is examined.
func TestPush(t *testing.T) {
	r := newRepo(t)
	root := r.commit(map[string]string{"a": "1\n"})
	one := r.commit(map[string]string{"b": "1\n"})
	r.released(one, ledger.KindRelease, day)
	refused := r.commit(map[string]string{"c": "1\n"})
	skipped := r.commit(map[string]string{"d": "1\n"})
	head := r.commit(map[string]string{"README.md": "1\n"})

	for name, before := range map[string]string{"the push before was refused": refused, "its run was skipped": skipped, "two pushes in one": one, "a new branch": ""} {
		c, l, err := r.find(push(before))
		if err != nil {
			t.Fatal(err)
		}
		if l.Against == nil || l.Against.Commit != one || l.Against.Changed != nil || len(l.Files) != 5 {
			t.Errorf("%s: %+v, %d files", name, l.Against, len(l.Files))
		}
		if want := "last release: 2026.11.20-1 of staging, recorded in goldenpath-ledger at "; !strings.HasPrefix(c.Proof, want) || !strings.Contains(l.Scope, c.Proof) {
			t.Errorf("%s: proof %q, scope %q", name, c.Proof, l.Scope)
		}
		if waivers := cmp.Or(before, one); c.Policy != one || c.Waivers != waivers {
			t.Errorf("%s: policy of %.7s, waivers of %.7s, want %.7s", name, c.Policy, c.Waivers, waivers)
		}
	}

	// The release of the commit itself changes nothing: a second run has the result of
	// the first. A rollback or a preview is not a release.
	r.released(head, ledger.KindRelease, day.AddDate(0, 0, 1))
	r.released(refused, ledger.KindRollback, day.AddDate(0, 0, 2))
	if c, _, err := r.find(push(skipped)); err != nil || c.base.compared != one {
		t.Errorf("again: %+v, %v", c, err)
	}
	// A release of another branch is not contained in this one.
	r.git("checkout", "-q", "-b", "hotfix", root)
	fix := r.commit(map[string]string{"fix": "1\n"})
	r.released(fix, ledger.KindRelease, day.AddDate(0, 0, 3))
	r.git("checkout", "-q", "main")
	if c, _, err := r.find(push(skipped)); err != nil || c.base.compared != one {
		t.Errorf("after a hotfix: %+v, %v", c, err)
	}
}

// TestPushUnproven: without a proven base every finding is new, and the report
// states why.
func TestPushUnproven(t *testing.T) {
	r := newRepo(t)
	old := r.commit(map[string]string{"a": "1\n"})
	before := r.commit(map[string]string{"b": "1\n"})
	head := r.commit(map[string]string{"c": "1\n"})
	check := func(name, before, policy, proof string) {
		t.Helper()
		c, l, err := r.find(push(before))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if l.Against != nil || !strings.Contains(c.Proof, proof) || !strings.Contains(l.Scope, c.Proof) {
			t.Errorf("%s: compared with %+v, %q, scope %q", name, l.Against, c.Proof, l.Scope)
		}
		if c.Policy != policy || c.Waivers != policy {
			t.Errorf("%s: policy of %q, waivers of %q, want %q", name, c.Policy, c.Waivers, policy)
		}
	}
	check("no ledger", before, before, "no branch goldenpath-ledger")
	check("a new branch", "", "", "no branch goldenpath-ledger")
	r.released(before, "preview", day)
	check("no release", before, before, "records no release")

	r.released(before, ledger.KindRelease, day)
	r.git("checkout", "-q", "-b", "rewritten", old)
	r.commit(map[string]string{"b": "2\n"})
	check("rewritten history", head, "", "contains none of the releases")
	r.git("checkout", "-q", "--orphan", "other")
	r.commit(map[string]string{"b": "3\n"})
	check("another history", head, "", "contains none of the releases")

	// An entry that was edited by hand does not stop the gate, and is not believed.
	r.git("checkout", "-q", "-f", "goldenpath-ledger")
	r.commit(map[string]string{"entries/staging/2026/11/2026.11.21-1.release.json": "{\"schema\": \"x\"}\n"})
	r.git("checkout", "-q", "-f", "main")
	check("a broken entry", before, before, "cannot be read")
}

// TestPushOfAClone: a job has the ledger as a branch of origin, or not yet, and may
// have a shallow history.
func TestPushOfAClone(t *testing.T) {
	origin := newRepo(t)
	one := origin.commit(map[string]string{"a": "1\n"})
	origin.commit(map[string]string{"b": "1\n"})
	head := origin.commit(map[string]string{"c": "1\n"})
	origin.released(one, ledger.KindRelease, day)
	for name, args := range map[string][]string{
		"full":          nil,
		"one branch":    {"--single-branch"},
		"shallow":       {"--depth=1"},
		"shallow, both": {"--depth=1", "--no-single-branch"},
	} {
		clone := repo{t, t.TempDir()}
		clone.git(append(append([]string{"clone", "-q"}, args...), "file://"+origin.dir, ".")...)
		refs := clone.git("for-each-ref")
		c, l, err := clone.find(push(""))
		if err != nil || l.Against == nil || l.Against.Commit != one || c.Head != head {
			t.Errorf("%s: %+v, %v", name, l, err)
			continue
		}
		if !strings.Contains(c.Proof, "origin/goldenpath-ledger at ") {
			t.Errorf("%s: proof %q", name, c.Proof)
		}
		if after := clone.git("for-each-ref"); after != refs {
			t.Errorf("%s: the gate moved references:\n%s\n%s", name, refs, after)
		}
	}
	cut := repo{t, t.TempDir()}
	cut.git("clone", "-q", "--depth=1", "--no-single-branch", "file://"+origin.dir, ".")
	cut.git("remote", "set-url", "origin", filepath.Join(t.TempDir(), "gone"))
	if c, l, err := cut.find(push("")); err != nil || l.Against != nil || !strings.Contains(c.Proof, "shallow: check out with fetch-depth: 0") {
		t.Errorf("shallow, without an origin: %+v, %v", c, err)
	}
	alone := repo{t, t.TempDir()}
	alone.git("clone", "-q", "--single-branch", "file://"+origin.dir, ".")
	alone.git("remote", "set-url", "origin", filepath.Join(t.TempDir(), "gone"))
	if c, l, err := alone.find(push("")); err != nil || l.Against != nil || !strings.Contains(c.Proof, "\"origin\" could not be asked") {
		t.Errorf("without the ledger and an origin: %+v, %v", c, err)
	}
}

// TestPushLinks: although every file of a push is examined, a link differs from the
// base only if it or its target does.
func TestPushLinks(t *testing.T) {
	r := newRepo(t)
	for link, to := range map[string]string{"old": "a", "new": "b"} {
		if err := os.Symlink(to, filepath.Join(r.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	one := r.commit(map[string]string{"a": "1\n", "b": "1\n"})
	r.released(one, ledger.KindRelease, day)
	r.commit(map[string]string{"b": "2\n"})
	// The checkout may itself be reached through a link.
	through := filepath.Join(t.TempDir(), "through")
	if err := os.Symlink(r.dir, through); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{r.dir, through} {
		_, l, err := repo{t, dir}.find(push(one))
		if err != nil || l.Against == nil || l.Against.Changed != nil {
			t.Fatalf("%+v, %v", l, err)
		}
		if d := l.Against.Differs; !d["b"] || !d["new"] || d["old"] || d["a"] {
			t.Errorf("%s: differs %v", dir, d)
		}
	}
}

// TestForcePushBringsNoRules: a commit that replaces the one before it, and a tag, are judged
// by the rules of the commit that added goldenpath until one has passed.
func TestForcePushBringsNoRules(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a": "1\n"})
	added := r.commit(map[string]string{".goldenpath.yml": configured})
	before := r.commit(map[string]string{"b": "1\n"})
	r.git("checkout", "-q", "-b", "forced", added)
	r.commit(map[string]string{".goldenpath.yml": configured + "gate: {exclude: [src]}\n", "src/key": "1\n"})
	c, _, err := r.find(push(before))
	if err != nil || c.Policy != added || c.Waivers != added {
		t.Errorf("forced: policy of %.7s, waivers of %.7s, %v; want %.7s", c.Policy, c.Waivers, err, added)
	}
	c, _, err = r.find(Request{Event: Event{Name: "push", Tag: true}, Committed: true})
	if err != nil || c.Policy != added {
		t.Errorf("a tag: policy of %.7s, %v; want %.7s", c.Policy, err, added)
	}
}

// TestNamedBaseOfAPush: what a push uploads replaces the results of the whole repository.
func TestNamedBaseOfAPush(t *testing.T) {
	r := newRepo(t)
	one := r.commit(map[string]string{"a": "1\n"})
	r.commit(map[string]string{"b": "1\n"})
	for name, whole := range map[string]bool{"push": true, "pull_request": false} {
		_, l, err := r.find(Request{Base: one, Event: Event{Name: name, Base: one}, Committed: true})
		if err != nil || l.Against == nil || (l.Against.Changed == nil) != whole {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}

// TestAdoptedByMerge: what the main branch had when a pull request brought goldenpath is the
// baseline, as after a squash merge, in the push and, once it passed, in every other run.
func TestAdoptedByMerge(t *testing.T) {
	r := newRepo(t)
	root := r.commit(map[string]string{"a": "1\n"})
	r.git("checkout", "-q", "-b", "adopt")
	added := r.commit(map[string]string{".goldenpath.yml": configured})
	r.git("checkout", "-q", "main")
	before := r.commit(map[string]string{"Dockerfile": "1\n"})
	r.git("merge", "-q", "--no-ff", "-m", "merge", "adopt")
	merge := r.git("rev-parse", "HEAD")
	if c, _, err := r.find(push(before)); err != nil || !c.First {
		t.Errorf("the push that brought it: compared with %.7s, %v", c.base.compared, err)
	}
	r.commit(map[string]string{"b": "1\n"})
	schedule := Request{Event: Event{Name: "schedule"}, Committed: true}
	if c, _, err := r.find(schedule); err != nil || c.base.compared != added {
		t.Errorf("before a pass: %.7s, %v", c.base.compared, err)
	}
	schedule.Passed = []string{merge}
	if c, _, err := r.find(schedule); err != nil || c.base.compared != merge {
		t.Errorf("after a pass: %.7s, want %.7s, %v", c.base.compared, merge, err)
	}
	// A branch from before that merges main later brings what main never had.
	r.git("checkout", "-q", "-b", "topic", root)
	r.commit(map[string]string{"bad": "1\n"})
	r.git("merge", "-q", "-m", "merge", "main")
	if c, _, err := r.find(schedule); err != nil || c.base.compared != added {
		t.Errorf("another merge: %.7s, want %.7s, %v", c.base.compared, added, err)
	}
}
