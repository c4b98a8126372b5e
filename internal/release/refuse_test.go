package release

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

func TestPromoteRefuses(t *testing.T) {
	const missing = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	for name, test := range map[string]struct {
		prepare func(*bench, *Options)
		reason  string
		text    string
	}{
		"GP-PROM-1 what is not in the registry": {func(b *bench, o *Options) { o.Digest = missing }, "not-found", "nothing to promote"},
		"GP-PROM-1 what was never staged":       {func(b *bench, o *Options) {}, "not-staged", "staging has no release"},
		"GP-PROM-1 a rebuild is another artifact": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			o.Digest = b.artifacts[1]
		}, "not-staged", "A rebuild is another artifact"},
		"GP-PROM-1 staging was changed by hand": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			b.target.Change("staging", func(r *target.Running) { r.Digest = b.artifacts[1] })
		}, "drift", "stage again"},
		"GP-PROM-1 staging runs another platform": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			b.target.Change("staging", func(r *target.Running) { r.PlatformDigest = missing })
		}, "drift", "stage again"},
		"staging was taken down": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			_ = b.target.Down(b.t.Context(), "staging")
		}, "not-running", "goldenpath rollback --environment staging --reason restart"},
		"staging has died": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			b.target.Change("staging", func(r *target.Running) { r.Alive = false })
		}, "not-running", "goldenpath rollback --environment staging --reason restart"},
		"GP-PROM-2 evidence is missing": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			o.Require = append(o.Require, evidence.Requirement{Name: "scorecard", Type: evidence.Scorecard})
		}, "evidence-missing", "no trusted evidence of scorecard"},
		"GP-PROM-2 evidence from another environment": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			o.Require = append(o.Require, evidence.Requirement{Name: "battery on beta", Type: evidence.Battery, Environment: "beta"})
		}, "evidence-missing", "battery on beta"},
		"GP-PROM-2 evidence speaks against it": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			b.prove(b.key, o.Digest, evidence.Gate, map[string]any{"verdict": "fail"})
		}, "evidence-failed", "security-gate"},
		"GP-PROM-2 a skipped check is not a pass": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			b.prove(b.key, o.Digest, evidence.Gate, map[string]any{"verdict": "skip"})
		}, "evidence-failed", "security-gate"},
		"GP-PROM-2 evidence is signed by another key": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			other, err := evidence.OpenKey(b.t.TempDir())
			if err != nil {
				b.t.Fatal(err)
			}
			b.prove(other, o.Digest, evidence.Scorecard, map[string]any{"verdict": "pass"})
			o.Require = append(o.Require, evidence.Requirement{Name: "scorecard", Type: evidence.Scorecard})
		}, "evidence-missing", "no trusted evidence of scorecard"},
		"GP-PROM-9 a promotion is under way": {func(b *bench, o *Options) {
			b.stage(b.artifacts[0])
			_, err := b.Ledger.Acquire(b.t.Context(), ledger.Lock{Environment: "production", Digest: b.artifacts[1], Purpose: "promote", By: "bob@laptop"}, time.Hour, nil)
			if err != nil {
				b.t.Fatal(err)
			}
		}, "locked", "production is locked by bob@laptop"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			o := b.production(b.artifacts[0])
			test.prepare(b, &o)
			tip := b.tip()
			r := must(Promote(t.Context(), b.Deps, o))(t)
			b.want(r, report.Fail, test.reason)
			if !strings.Contains(r.Title, test.text) {
				t.Errorf("title %q, want %q in it", r.Title, test.text)
			}
			if report.Worst(r.Checks) != report.Fail {
				t.Errorf("no row failed: %+v", r.Checks)
			}
			if b.tip() != tip || b.runs() != "" {
				t.Errorf("something was changed: production runs %q", b.runs())
			}
		})
	}
}

// Everything that speaks against a promotion is shown, the first reason is the
// code.
func TestPromoteShowsEveryProblem(t *testing.T) {
	b := newBench(t)
	o := b.production(b.artifacts[0])
	o.Require = append(o.Require, evidence.Requirement{Name: "scorecard", Type: evidence.Scorecard})
	r := must(Promote(t.Context(), b.Deps, o))(t)
	b.want(r, report.Fail, "not-staged")
	failed := 0
	for _, c := range r.Checks {
		if c.State == report.Failed {
			failed++
		}
	}
	if failed != 2 {
		t.Errorf("%d rows failed, want 2: %+v", failed, r.Checks)
	}
}

func TestPromoteUsage(t *testing.T) {
	b := newBench(t)
	b.stage(b.artifacts[0])
	if err := b.repository.Tag(t.Context(), b.artifacts[0], "latest"); err != nil {
		t.Fatal(err)
	}
	for _, digest := range []string{"latest", "sha256:1", ""} {
		o := b.staging(digest)
		_, err := Promote(t.Context(), b.Deps, o)
		if report.ExitCode(nil, err) != report.ExitUsage {
			t.Errorf("digest %q: %v, want a usage error", digest, err)
		}
	}
}

// An artifact that the target cannot run is refused, and a rollback to one is.
func TestTargetRefuses(t *testing.T) {
	refusal := &target.Refusal{Problems: []string{"the image has no program to run: set ENTRYPOINT or CMD in its Dockerfile"}}
	b := newBench(t)
	b.released(b.artifacts[0], "")
	b.released(b.artifacts[1], "2026.11.21-1")
	history := b.history()
	b.target.Before = func(context.Context, target.Deployment) error { return fmt.Errorf("deploy production: %w", refusal) }
	r := must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[2])))(t)
	b.want(r, report.Fail, "refused")
	if r.Title != refusal.Error() {
		t.Errorf("title %q", r.Title)
	}
	b.want(must(Rollback(t.Context(), b.Deps, b.rollback("")))(t), report.Fail, "refused")
	if diff := cmp.Diff(history, b.history()); diff != "" || b.runs() != "two" {
		t.Errorf("production runs %s, ledger (-want +got):\n%s", b.runs(), diff)
	}
	b.unlocked()
}
