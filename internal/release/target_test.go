package release

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/targettest"
)

var prodEU = target.Place{Kind: cluster.Kind, Name: cluster.Place, Via: "context prod-eu"}

// NEWCOMER 4: a release on this machine is not rolled back, or promoted, on a cluster. The
// refusal names both targets, and the cluster is not asked.
func TestAnotherTarget(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.release(b.artifacts[1])
	tip := b.tip()
	b.target.At = prodEU
	b.target.Broken = func(environment string) error {
		t.Errorf("the cluster was asked for %q", environment)
		return errors.New("asked")
	}
	b.target.Before = func(_ context.Context, d target.Deployment) error {
		t.Errorf("deployed to %s", d.Environment)
		return errors.New("deployed")
	}
	back, dry := b.prod(""), b.prod("2026.11.21-1")
	dry.DryRun = true
	for name, do := range map[string]func() (*report.Report, error){
		"rollback":         func() (*report.Report, error) { return Rollback(t.Context(), b.Deps, back) },
		"rollback dry run": func() (*report.Report, error) { return Rollback(t.Context(), b.Deps, dry) },
		"promote":          func() (*report.Report, error) { return Promote(t.Context(), b.Deps, b.production(b.artifacts[1])) },
	} {
		r := must(do())(t)
		b.want(r, report.Fail, "other-target")
		for _, want := range []string{"2026.11.21-2", "process, host test folder /test", "kubernetes, " + cluster.Place + " (context prod-eu)", "--moved"} {
			if !strings.Contains(r.Title, want) {
				t.Errorf("%s: %q is not in %q", name, want, r.Title)
			}
		}
	}
	if b.tip() != tip {
		t.Error("something was recorded")
	}
}

// The kind of a target is compared even if nothing is known about the cluster.
func TestAnotherTargetWithoutACluster(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.release(b.artifacts[1])
	b.Target = unplaced{b.target, "kubernetes"}
	b.want(must(Rollback(t.Context(), b.Deps, b.prod("")))(t), report.Fail, "other-target")
	b.Target = unplaced{b.target, "process"}
	if _, err := Rollback(t.Context(), b.Deps, b.prod("")); err == nil || !strings.Contains(err.Error(), "no kubeconfig") {
		t.Errorf("error %v", err)
	}
}

type unplaced struct {
	*targettest.Target
	kind string
}

func (u unplaced) Place(string) (target.Place, error) {
	return target.Place{Kind: u.kind}, errors.New("no kubeconfig")
}

// An environment that has moved is released to with --moved, and the ledger says where.
func TestMoved(t *testing.T) {
	b := newBench(t)
	b.want(must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[0])))(t), report.Pass, "soaked")
	b.target.At = prodEU
	o := b.alone(b.artifacts[1])
	o.Moved = true
	r := must(Promote(t.Context(), b.Deps, o))(t)
	b.want(r, report.Pass, "soaked")
	if got := b.rows(r, "target"); len(got) != 1 || !strings.Contains(got[0], "context prod-eu") {
		t.Errorf("rows %q", got)
	}
	e := b.currentEntry()
	if e.Target != cluster {
		t.Errorf("recorded on %+v", e.Target)
	}
	// The one before ran elsewhere.
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Fail, "other-target")
	back := b.rollback("")
	back.Moved = true
	b.want(must(Rollback(t.Context(), b.Deps, back))(t), report.Pass, "rolled-back")
	if e := b.currentEntry(); e.Target != cluster || e.Kind != ledger.KindRollback {
		t.Errorf("recorded %+v", e)
	}
}

func (b *bench) currentEntry() (e ledger.Entry) {
	b.t.Helper()
	err := b.Ledger.View(b.t.Context(), func(ctx context.Context, tx *ledger.Tx) (err error) {
		e, err = tx.Current(ctx, "production")
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

// NEWCOMER 15: a release has the same id in every environment, also after a rollback.
func TestOneID(t *testing.T) {
	b := newBench(t)
	if id := b.release(b.artifacts[0]); id != "2026.11.21-1" {
		t.Errorf("id %s", id)
	}
	if id := b.release(b.artifacts[1]); id != "2026.11.21-2" {
		t.Errorf("id %s", id)
	}
	b.want(must(Rollback(t.Context(), b.Deps, b.prod("")))(t), report.Pass, "rolled-back")
	b.stage(b.artifacts[2])
	staged := b.entries("staging")
	if id := b.release(b.artifacts[2]); id != "2026.11.21-4" || staged[len(staged)-1] != id {
		t.Errorf("production %s, staging %s", id, staged)
	}
	want := []string{"1 release one pass", "1 soak one pass", "2 release two pass", "2 soak two pass", "3 rollback one pass", "4 release three pass", "4 soak three pass"}
	if diff := cmp.Diff(want, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func (b *bench) entries(environment string) (ids []string) {
	b.t.Helper()
	err := b.Ledger.View(b.t.Context(), func(ctx context.Context, tx *ledger.Tx) error {
		all, err := tx.Entries(ctx, environment)
		for _, e := range all {
			ids = append(ids, e.ID)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return ids
}

// NEWCOMER 15: the entry of a release also ends its lock.
func TestCommitsOfARelease(t *testing.T) {
	b := newBench(t)
	b.stage(b.artifacts[0])
	count := func() string {
		return runGit(t, b.Ledger.Git.Dir(), "log", "--format=%s", "--reverse", ledger.Branch)
	}
	if got, want := count(), "lock staging\nrelease staging"; got != want {
		t.Errorf("commits of staging:\n%s", got)
	}
	b.want(must(Promote(t.Context(), b.Deps, b.production(b.artifacts[0])))(t), report.Pass, "soaked")
	if got, want := count(), "lock staging\nrelease staging\nlock production\nrelease production\nsoak production 2026.11.21-1"; got != want {
		t.Errorf("commits:\n%s", got)
	}
	b.unlocked()
	b.stage(b.artifacts[1])
	b.want(must(Promote(t.Context(), b.Deps, b.production(b.artifacts[1])))(t), report.Pass, "soaked")
	b.want(must(Rollback(t.Context(), b.Deps, b.prod("")))(t), report.Pass, "rolled-back")
	if got := strings.Split(count(), "\n"); len(got) != 12 || got[10] != "lock production" || got[11] != "rollback production to 2026.11.21-1" {
		t.Errorf("commits:\n%s", count())
	}
	b.unlocked()
}

// NEWCOMER 14: a commit that is older than the one that runs does not replace it unasked,
// and a commit of another branch is reported.
func TestOlderCommit(t *testing.T) {
	b := newBench(t)
	dir := b.Ledger.Git.Dir()
	commit := func(name string) string {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		runGit(t, dir, "add", name)
		runGit(t, dir, "-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "-m", name)
		return b.pushCommit(name, runGit(t, dir, "rev-parse", "HEAD"))
	}
	first := commit("first")
	runGit(t, dir, "branch", "feature")
	second := commit("second")
	runGit(t, dir, "switch", "--quiet", "feature")
	feature := commit("feature")
	b.want(must(Promote(t.Context(), b.Deps, b.alone(second)))(t), report.Pass, "soaked")
	b.stage(second)
	b.stage(first) // people may try an old one there
	r := must(Promote(t.Context(), b.Deps, b.production(first)))(t)
	b.want(r, report.Fail, "older-commit")
	if !strings.Contains(r.Title, "goldenpath rollback") || !strings.Contains(r.Title, "--older") {
		t.Errorf("title %q", r.Title)
	}
	o := b.production(first)
	o.Older = true
	b.want(must(Promote(t.Context(), b.Deps, o))(t), report.Pass, "soaked")
	b.want(must(Promote(t.Context(), b.Deps, b.alone(second)))(t), report.Pass, "soaked")
	r = must(Promote(t.Context(), b.Deps, b.alone(feature)))(t)
	b.want(r, report.Pass, "soaked")
	if got := b.rows(r, "order"); len(got) != 1 || !strings.Contains(got[0], "lacks 1 commit of") {
		t.Errorf("rows %q", got)
	}
}

// pushCommit pushes an artifact of a commit and returns its digest.
func (b *bench) pushCommit(content, commit string) string {
	b.t.Helper()
	dir := b.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app"), []byte(content), 0o755); err != nil {
		b.t.Fatal(err)
	}
	p, err := artifact.Pack(b.t.Context(), artifact.PackOptions{
		Dir: dir, Entrypoint: []string{"/app"}, User: "65532", Scratch: b.t.TempDir(), Platform: v1.Platform{OS: "linux", Architecture: "amd64"},
		Labels: map[string]string{"org.opencontainers.image.revision": commit},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	defer p.Close()
	a, err := b.repository.Push(b.t.Context(), p.Index)
	if err != nil {
		b.t.Fatal(err)
	}
	return a.Digest
}

// A release that was rolled back is returned to only with --again.
func TestRollbackToAWithdrawnRelease(t *testing.T) {
	b := newBench(t)
	b.released(b.artifacts[0], "")
	b.released(b.artifacts[1], "2026.11.21-1")
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Pass, "rolled-back")
	r := must(Rollback(t.Context(), b.Deps, b.rollback("2026.11.21-2")))(t)
	b.want(r, report.Fail, "was-rolled-back")
	if !strings.Contains(r.Title, "votes are lost") || !strings.Contains(r.Title, "--again") {
		t.Errorf("title %q", r.Title)
	}
	o := b.rollback("2026.11.21-2")
	o.Again = true
	b.want(must(Rollback(t.Context(), b.Deps, o))(t), report.Pass, "rolled-back")
	// Accepted once, it is a release like any other.
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("2026.11.21-2")))(t), report.Pass, "rolled-back")
}

// The ledger of a remote that was not read is not the same as no ledger.
func TestUnreadLedger(t *testing.T) {
	b := newBench(t)
	dir := b.Ledger.Git.Dir()
	id := runGit(t, dir, "-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit-tree", "-m", "x", runGit(t, dir, "write-tree"))
	runGit(t, dir, "update-ref", "refs/remotes/origin/"+ledger.Branch, id)
	o := b.alone(b.artifacts[0])
	o.DryRun = true
	r := must(Promote(t.Context(), b.Deps, o))(t)
	if got := b.rows(r, "replaces"); len(got) != 1 || got[0] != "the first release in the ledger of this clone" {
		t.Errorf("rows %q", got)
	}
	r = must(Rollback(t.Context(), b.Deps, b.rollback("")))(t)
	if b.want(r, report.Fail, "no-release"); !strings.Contains(r.Title, "--ledger-remote origin") {
		t.Errorf("title %q", r.Title)
	}
}
