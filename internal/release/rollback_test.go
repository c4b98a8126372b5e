package release

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

func (b *bench) rollback(to string) RollbackOptions {
	return RollbackOptions{Options: b.alone(""), To: to, Reason: "votes are lost\n::error::x"}
}

// three makes three releases. The soak of the second failed, and it was not rolled
// back.
func three(b *bench) {
	b.released(b.artifacts[0], "")
	b.deploy(b.artifacts[1])
	e := b.put(ledger.Entry{Kind: ledger.KindRelease, Digest: b.artifacts[1], Previous: "2026.11.21-1", Verdict: "pass"})
	b.put(ledger.Entry{Kind: ledger.KindSoak, ID: e.ID, Digest: e.Digest, Verdict: "fail", Data: []byte(`{}`)})
	b.released(b.artifacts[2], "2026.11.21-2")
}

// TestRollback proves GP-PROM-8: by recorded release, the same digest again, read
// back and recorded with its reason.
func TestRollback(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*bench)
		to      string
		want    string // the entry that is added; "": none
		runs    string
	}{
		"to the last good one: a failed soak is skipped": {three, "", "4 rollback one pass", "one"},
		"to a release by id, whatever its soak: --again": {three, "2026.11.21-2", "4 rollback two pass", "two"},
		"to what runs already: deployed, not recorded":   {three, "2026.11.21-3", "", "three"},
		"of a rollback: further back, never forth again": {func(b *bench) {
			b.released(b.artifacts[0], "")
			b.released(b.artifacts[1], "2026.11.21-1")
			b.released(b.artifacts[2], "2026.11.21-2")
			must(Rollback(b.t.Context(), b.Deps, b.rollback("")))(b.t)
		}, "", "5 rollback one pass", "one"},
		"killed after the deployment": {func(b *bench) {
			three(b)
			b.deploy(b.artifacts[0])
		}, "", "4 rollback one pass", "one"},
		"what was taken down comes back": {func(b *bench) {
			three(b)
			_ = b.target.Down(b.t.Context(), "production")
		}, "2026.11.21-1", "4 rollback one pass", "one"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			test.prepare(b)
			before := len(b.history())
			o := b.rollback(test.to)
			o.Again = strings.HasSuffix(name, "--again")
			r := must(Rollback(t.Context(), b.Deps, o))(t)
			b.want(r, report.Pass, "rolled-back")
			if got := strings.Join(b.history()[before:], ", "); got != test.want {
				t.Errorf("ledger: %q, want %q", got, test.want)
			}
			if b.runs() != test.runs {
				t.Errorf("production runs %s, want %s", b.runs(), test.runs)
			}
			if r.Name != "rollback" || !strings.Contains(r.Title, "restored in") || r.Output("restored-in") == "" || r.Output("url") == "" || r.Output("release") == "" {
				t.Errorf("report %s: %s %v", r.Name, r.Title, r.Outputs)
			}
			b.unlocked()
		})
	}
}

func TestRollbackIsRecorded(t *testing.T) {
	b := newBench(t)
	three(b)
	must(Rollback(t.Context(), b.Deps, b.rollback("")))(t)
	var e ledger.Entry
	err := b.Ledger.View(t.Context(), func(ctx context.Context, tx *ledger.Tx) (err error) {
		e, err = tx.Current(ctx, "production")
		return err
	})
	var m Manifest
	if err = errors.Join(err, json.Unmarshal(e.Data, &m)); err != nil {
		t.Fatal(err)
	}
	if e.Reason != "votes are lost ::error::x" || e.By != b.By || e.Commit != strings.Repeat("o", 40) || m.Version != "v1" || m.URL == "" {
		t.Errorf("entry %+v, manifest %+v", e, m)
	}
}

func TestRollbackRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*bench)
		to      string
		reason  string
		text    string
	}{
		"nothing was ever released": {func(*bench) {}, "", "no-release", "no release runs there"},
		"the first release": {func(b *bench) { b.released(b.artifacts[0], "") },
			"", "no-release", "no good release before 2026.11.21-1"},
		"an unknown id":         {three, "2026.11.21-9", "no-release", "release 2026.11.21-9"},
		"no id":                 {three, "v1.2.3", "no-release", "release v1.2.3"},
		"a path of the ledger":  {three, "../../../current/production.x.y", "no-release", "no such entry"},
		"GP-SCORE-8 not there":  {func(b *bench) { three(b); b.lose() }, "2026.11.21-1", "not-pullable", "cannot be pulled any more"},
		"somebody is promoting": {func(b *bench) { three(b); b.lock("bob@laptop") }, "", "locked", "locked by bob@laptop"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			test.prepare(b)
			tip, runs := b.tip(), b.runs()
			r := must(Rollback(t.Context(), b.Deps, b.rollback(test.to)))(t)
			b.want(r, report.Fail, test.reason)
			if !strings.Contains(r.Title, test.text) {
				t.Errorf("title %q, want %q in it", r.Title, test.text)
			}
			if b.tip() != tip || b.runs() != runs {
				t.Error("something was changed")
			}
		})
	}
}

// lose empties the registry.
func (b *bench) lose() {
	b.t.Helper()
	if err := os.RemoveAll(filepath.Join(filepath.Dir(b.Ledger.Git.Dir()), "registry", "shop")); err != nil {
		b.t.Fatal(err)
	}
}

// lock takes the lock for another digest.
func (b *bench) lock(by string) {
	b.t.Helper()
	_, err := b.Ledger.Acquire(b.t.Context(), ledger.Lock{Environment: "production", Digest: "sha256:1", Purpose: "promote", By: by}, time.Hour, nil)
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestRollbackDryRun(t *testing.T) {
	b := newBench(t)
	three(b)
	o := b.rollback("")
	o.DryRun = true
	tip := b.tip()
	plan := must(Rollback(t.Context(), b.Deps, o))(t)
	b.want(plan, report.Pass, "planned")
	if b.tip() != tip || b.runs() != "three" {
		t.Error("a dry run changed something")
	}
	o.DryRun = false
	real := must(Rollback(t.Context(), b.Deps, o))(t)
	if diff := cmp.Diff(plan.Checks, real.Checks[:len(plan.Checks)]); diff != "" || len(plan.Checks) != 5 {
		t.Errorf("rows (-plan +run):\n%s", diff)
	}
}

// TestLeftBehind: what the app wrote beside its program is left behind by every release, so
// the plan says so before, and the report after.
func TestLeftBehind(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.stage(b.artifacts[1])
	writes := func() {
		b.target.Change("production", func(r *target.Running) { r.Stored = []string{"app/votes.db"} })
	}
	plan, o := b.prod(""), b.production(b.artifacts[1])
	plan.DryRun = true
	planned := o
	planned.DryRun = true
	writes()
	for _, step := range []struct {
		do     func() (*report.Report, error)
		reason string
		want   string
	}{
		{func() (*report.Report, error) { return Promote(t.Context(), b.Deps, planned) }, "planned", "the next release starts without"},
		{func() (*report.Report, error) { return Promote(t.Context(), b.Deps, o) }, "soaked", "was moved to"},
		{func() (*report.Report, error) { writes(); return Rollback(t.Context(), b.Deps, plan) }, "planned", "the next release starts without"},
		{func() (*report.Report, error) { return Rollback(t.Context(), b.Deps, b.prod("")) }, "rolled-back", "was moved to"},
	} {
		r := must(step.do())(t)
		b.want(r, report.Warn, step.reason)
		if rows := b.rows(r, DataCheck); len(rows) != 1 || !strings.Contains(rows[0], step.want) || !strings.Contains(rows[0], "app/votes.db") {
			t.Errorf("%s: rows %q", step.reason, rows)
		}
	}
}

func TestRollbackFails(t *testing.T) {
	t.Run("the registry gives no answer", func(t *testing.T) {
		b := newBench(t)
		three(b)
		d := b.Deps
		d.Repository = silent{b.repository}
		if _, err := Rollback(t.Context(), d, b.rollback("")); err == nil || report.ExitCode(nil, err) != report.ExitFailure {
			t.Errorf("error %v", err)
		}
	})
	for name, before := range map[string]func(context.Context, context.CancelFunc) error{
		"the deployment fails": func(context.Context, context.CancelFunc) error { return errors.New("ImagePullBackOff") },
		"it is stopped":        func(ctx context.Context, cancel context.CancelFunc) error { cancel(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			three(b)
			history := b.history()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b.target.Before = func(ctx context.Context, _ target.Deployment) error { return before(ctx, cancel) }
			if _, err := Rollback(ctx, b.Deps, b.rollback("")); err == nil || !strings.Contains(err.Error(), "into production") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(history, b.history()); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
			b.unlocked()
			b.target.Before = nil
			b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Pass, "rolled-back")
		})
	}
}

// silent is a registry that is down.
type silent struct{ Repository }

func (silent) Resolve(context.Context, string, v1.Platform) (artifact.Artifact, error) {
	return artifact.Artifact{}, errors.New("dial tcp: connection refused")
}

// interrupted is a registry that calls happens before it answers.
type interrupted struct {
	Repository
	happens func()
}

func (m interrupted) Resolve(ctx context.Context, reference string, p v1.Platform) (artifact.Artifact, error) {
	m.happens()
	return m.Repository.Resolve(ctx, reference, p)
}

// A release that was made before the rollback took the lock is not rolled back.
func TestRollbackOfWhatMoved(t *testing.T) {
	b := newBench(t)
	three(b)
	d := b.Deps
	d.Repository = interrupted{b.repository, func() { b.released(b.artifacts[1], "2026.11.21-3") }}
	r := must(Rollback(t.Context(), d, b.rollback("")))(t)
	b.want(r, report.Fail, "moved")
	if b.runs() != "two" {
		t.Errorf("production runs %s", b.runs())
	}
	b.unlocked()
}

// TestRolledBackTwice: a digest that was rolled back is refused also after another rollback or
// another release, until somebody releases it again on purpose.
func TestRolledBackTwice(t *testing.T) {
	b := newBench(t)
	for _, digest := range b.artifacts[:2] {
		b.release(digest)
	}
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Pass, "rolled-back")
	refused := func() {
		t.Helper()
		b.want(must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[1])))(t), report.Fail, "was-rolled-back")
	}
	refused()
	b.release(b.artifacts[2])
	refused()
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Pass, "rolled-back")
	refused()
	o := b.alone(b.artifacts[1])
	o.Again = true
	b.want(must(Promote(t.Context(), b.Deps, o))(t), report.Pass, "soaked")
	// The ledger of a goldenpath that did not write which digests are withdrawn.
	err := b.Ledger.Update(t.Context(), "test", func(_ context.Context, tx *ledger.Tx) error { tx.Delete("withdrawn/production.json"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	b.want(must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[2])))(t), report.Fail, "was-rolled-back")
}

// TestRollbackConfiguration: a rollback whose checkout has another configuration than the
// release says so, and the ledger has the one that was applied.
func TestRollbackConfiguration(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.release(b.artifacts[1])
	o := b.rollback("")
	o.Manifest = Manifest{Config: "sha256:another", Env: []string{"FLAG"}}
	r := must(Rollback(t.Context(), b.Deps, o))(t)
	b.want(r, report.Pass, "rolled-back")
	if got := b.rows(r, "configuration"); len(got) != 1 || !strings.Contains(got[0], "not that of release 2026.11.21-1") {
		t.Errorf("rows %q", got)
	}
	e := b.currentEntry()
	if m, err := manifestOf(e); err != nil || m.Config != "sha256:another" || len(m.Env) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestNotBackToAWithdrawnDigest: a rollback without a release skips an earlier release of a
// digest that was rolled back since.
func TestNotBackToAWithdrawnDigest(t *testing.T) {
	b := newBench(t)
	for _, i := range []int{1, 0, 1} {
		b.release(b.artifacts[i])
	}
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Pass, "rolled-back")
	b.release(b.artifacts[2])
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Pass, "rolled-back")
	if b.runs() != "one" {
		t.Fatalf("production runs %s", b.runs())
	}
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Fail, "no-release")
}
