package preview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// killed is what a run that ends in the middle of a call panics with in these tests:
// like a kill, nothing of the run happens after it.
type killed struct{}

// kill runs up, which has to end by panicking with killed.
func (b *bench) kill(o UpOptions) {
	b.t.Helper()
	defer func() {
		if r := recover(); r != (killed{}) {
			b.t.Fatalf("it was not killed: %v", r)
		}
	}()
	_, err := Up(b.t.Context(), b.Deps, o)
	b.t.Fatalf("it came to its end: %v", err)
}

// TestUpKilledAnywhere proves GP-PREV-1 and GP-PREV-12: killed at any step, the same
// command brings the preview to the same state, and prepares what was not.
func TestUpKilledAnywhere(t *testing.T) {
	t.Parallel()
	die := func(context.Context, target.Deployment) error { panic(killed{}) }
	for name, test := range map[string]struct {
		arrange      func(*bench)
		seeded       int // times, with the call that repairs
		there, known int // right after the kill
	}{
		"before the promise": {func(b *bench) { b.target.Refuse = func(target.Deployment) error { panic(killed{}) } }, 1, 0, 0},
		"before the deploy":  {func(b *bench) { b.target.Before = die }, 1, 0, 1},
		"during the deploy":  {func(b *bench) { b.target.During = die }, 1, 1, 1},
		"after the seed":     {func(b *bench) { b.dies("seed") }, 2, 1, 1},
	} {
		t.Run("GP-PREV-1 "+name, func(t *testing.T) {
			b := newBench(t)
			o := b.options(0)
			test.arrange(b)
			b.kill(o)
			if there, known := len(b.there()), len(b.records()); there != test.there || known != test.known {
				t.Errorf("after the kill there are %d, and %d are known", there, known)
			}
			b.target.Refuse, b.target.Before, b.target.During, b.Say = nil, nil, nil, nil
			b.clock.Add(time.Minute)
			for range 2 {
				if r := b.up(o); r.Reason != "ready" {
					t.Errorf("%s: %s", r.Reason, r.Title)
				}
			}
			if b.seeds() != test.seeded {
				t.Errorf("seeded %d times, want %d", b.seeds(), test.seeded)
			}
			if r := b.records()["pr-12"]; r.Phase != ready || !r.Done.Seeded || len(b.there()) != 1 {
				t.Errorf("record %+v", r)
			}
		})
	}
}

// dies has a run killed right after a step.
func (b *bench) dies(step string) {
	b.Say = func(p target.Phase) {
		if p.Name == step {
			panic(killed{})
		}
	}
}

// TestMigrationFails proves GP-PREV-15: the target gets the migration and the services of a
// preview, and a preview whose migration fails is not ready for that reason.
func TestMigrationFails(t *testing.T) {
	b := newBench(t)
	o := b.options(0)
	o.Migrate, o.Services.Postgres.Version = target.Migration{Shell: "./migrate"}, 16
	b.target.Before = func(_ context.Context, d target.Deployment) error {
		if d.Migrate.Shell != "./migrate" || d.Services.Postgres.Version != 16 {
			t.Errorf("deployment %+v", d)
		}
		return &target.Failure{What: "migrate: exit status 3", Migration: true}
	}
	r, _ := Up(t.Context(), b.Deps, o)
	if r == nil || r.Verdict != report.Fail || r.Reason != report.ReasonMigrateFailed || b.seeds() != 0 {
		t.Errorf("%+v, seeded %d times", r, b.seeds())
	}
}

// TestPreparedThoughGitHubIsAway proves GP-PREV-12: an outage between the seed and
// the end does not seed twice.
func TestPreparedThoughGitHubIsAway(t *testing.T) {
	b := newBench(t)
	b.Say = func(p target.Phase) {
		if p.Name == "seed" {
			b.outage()
		}
	}
	if r, err := Up(t.Context(), b.Deps, b.options(0)); report.ExitCode(r, err) != report.ExitFailure {
		t.Fatalf("%+v, %v", r, err)
	}
	b.Say = nil
	b.github.Break(nil)
	if r := b.up(b.options(0)); r.Reason != "ready" || b.seeds() != 1 {
		t.Errorf("%s, seeded %d times", r.Reason, b.seeds())
	}
}

// TestTwoUps proves GP-PREV-1 and GP-PREV-6: the run that took the lease last
// decides, and one that finds out changes nothing more.
func TestTwoUps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first, second int // commits
		before, seed  bool
		reason        string
		failure       string
		runs          int
	}{
		"GP-PREV-1 of the same commit":                        {0, 0, false, false, "superseded", "", 0},
		"GP-PREV-6 a push during it":                          {0, 1, false, false, "head-moved", "", 1},
		"GP-PREV-6 a push, and the older one is applied last": {0, 1, true, false, "", "so pr-12 runs the older commit 1111111: run the workflow for 2222222 again", 0},
		"GP-PREV-6 the same, and there is something to seed":  {0, 1, true, true, "", "so pr-12 runs the older commit 1111111: run the workflow for 2222222 again", 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			second := func(context.Context, target.Deployment) error {
				b.target.Before, b.target.During = nil, nil
				b.pull(12, test.second)
				if r := b.up(b.of(12, test.second)); r.Reason != "ready" {
					t.Errorf("the second: %s", r.Title)
				}
				return nil
			}
			if b.target.During = second; test.before {
				b.target.During, b.target.Before = nil, second
			}
			o := b.of(12, test.first)
			if test.seed {
				o.Seed.Run = "echo http://127.0.0.1 >> seeded"
			}
			r, err := Up(t.Context(), b.Deps, o)
			if b.seeds() != 0 {
				t.Error("it seeded what another run prepares")
			}
			switch {
			case test.failure != "":
				if err == nil || !strings.Contains(err.Error(), test.failure) {
					t.Errorf("error %v", err)
				}
			case err != nil || r.Verdict != report.Skip || string(r.Reason) != test.reason:
				t.Errorf("the first: %+v, %v", r, err)
			}
			rec := b.records()["pr-12"]
			if rec.Revision != 2 || rec.Phase != ready || rec.Commit != commit(test.second) {
				t.Errorf("record %+v", rec)
			}
			if diff := cmp.Diff(map[string]string{"pr-12": commit(test.runs)}, b.there()); diff != "" {
				t.Errorf("there (-want +got):\n%s", diff)
			}
		})
	}
}

// TestManyUpsAtOnce proves GP-PREV-1 for runs that really are at once.
func TestManyUpsAtOnce(t *testing.T) {
	b := newBench(t)
	const runs = 5
	reasons := make([]string, runs)
	var wg sync.WaitGroup
	for i := range runs {
		wg.Go(func() {
			r, err := Up(t.Context(), b.Deps, b.of(12, 0))
			if err != nil {
				t.Error(err)
				return
			}
			reasons[i] = string(r.Reason)
		})
	}
	wg.Wait()
	count := map[string]int{}
	for _, r := range reasons {
		count[r]++
	}
	if count["ready"] < 1 || count["ready"]+count["superseded"] != runs {
		t.Errorf("reasons %v", reasons)
	}
	if r := b.records()["pr-12"]; r.Revision != runs || r.Phase != ready || len(b.there()) != 1 {
		t.Errorf("record %+v, there %v", r, b.there())
	}
}

// TestRemovedAndRaisedMeanwhile proves GP-PREV-6: leases of another life, which have
// the same number, are not mistaken for one's own.
func TestRemovedAndRaisedMeanwhile(t *testing.T) {
	b := newBench(t)
	b.target.During = func(context.Context, target.Deployment) error {
		b.target.During = nil
		b.down(anyhow)
		b.clock.Add(time.Second)
		b.up(b.of(12, 0))
		return nil
	}
	if r := b.up(b.of(12, 0)); r.Reason != "superseded" {
		t.Errorf("%s %s", r.Reason, r.Title)
	}
	if r := b.records()["pr-12"]; r.Revision != 1 || r.Phase != ready || !r.Created.Equal(noon.Add(time.Second)) {
		t.Errorf("record %+v", r)
	}
}

// TestRemovedMeanwhile proves GP-PREV-6 for an open pull request: what is made after
// somebody removed the preview is removed too.
func TestRemovedMeanwhile(t *testing.T) {
	for _, seed := range []string{"", "true"} {
		b := newBench(t)
		b.target.Before = func(context.Context, target.Deployment) error { b.down(anyhow); return nil }
		o := b.of(12, 0)
		o.Seed.Run = seed
		if r := b.up(o); r.Verdict != report.Skip || r.Reason != "superseded" || !strings.Contains(r.Title, "removed during the deployment") {
			t.Errorf("%s: %s", r.Reason, r.Title)
		}
		b.nothing()
	}
}

// TestTakenOverAndClosed proves GP-PREV-6: of two runs the one that was taken over
// leaves what the other has made to that one, and to the close.
func TestTakenOverAndClosed(t *testing.T) {
	b := newBench(t)
	b.target.During = func(context.Context, target.Deployment) error {
		b.target.During = nil
		b.up(b.of(12, 0))
		b.close(12)
		return nil
	}
	if r := b.up(b.of(12, 0)); r.Verdict != report.Skip || r.Reason != "pull-request-closed" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
	if r := b.records()["pr-12"]; r.Revision != 2 || r.Phase != ready || len(b.there()) != 1 {
		t.Errorf("record %+v", r)
	}
	b.down(nil)
	b.nothing()
}

// TestUpThatChangesNothing proves GP-PREV-1: what the ledger says is true also where
// a target refuses, fails, or cannot be reached.
func TestUpThatChangesNothing(t *testing.T) {
	t.Parallel()
	refusal := &target.Refusal{Problems: []string{"Pod/shop: spec.hostNetwork: not for previews", "ClusterRole/shop: reaches beyond the preview"}}
	failure := &target.Failure{What: "deployment/shop: ImagePullBackOff", Detail: []string{"manifest unknown"}, Remedy: "push the image"}
	away := errors.New("connection refused")
	for name, test := range map[string]struct {
		plan, deploy error
		there        bool
		exit         int
		reason       string
	}{
		"GP-PREV-2 refused by the plan":         {plan: refusal, exit: report.ExitVerdict, reason: "refused"},
		"GP-PREV-2 refused by the deploy":       {deploy: refusal, exit: report.ExitVerdict, reason: "refused"},
		"GP-PREV-2 an update is refused":        {deploy: refusal, there: true, exit: report.ExitVerdict, reason: "refused"},
		"GP-PREV-2 refused without a word":      {deploy: &target.Refusal{}, exit: report.ExitVerdict, reason: "refused"},
		"GP-PREV-3 it does not become ready":    {deploy: failure, exit: report.ExitFailure, reason: "not-ready"},
		"NEWCOMER 7 the app does not come up":   {deploy: &target.Failure{What: "GET /: 500", NotUp: true}, exit: report.ExitVerdict, reason: "not-ready"},
		"GP-PREV-1 the target is away":          {deploy: away, exit: report.ExitFailure},
		"GP-PREV-1 it is away during an update": {deploy: away, there: true, exit: report.ExitFailure},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var before record
			if test.there {
				b.raise(12, 0)
				before = b.records()["pr-12"]
				b.clock.Add(10 * time.Minute)
			}
			b.pull(12, 1)
			b.target.Refuse = func(target.Deployment) error { return test.plan }
			b.target.Before = func(context.Context, target.Deployment) error { return test.deploy }
			r, err := Up(t.Context(), b.Deps, b.of(12, 1))
			if got := report.ExitCode(r, err); got != test.exit || test.reason != "" && string(r.Reason) != test.reason {
				t.Errorf("exit %d, report %+v, error %v", got, r, err)
			}
			if !test.there {
				b.nothing()
				return
			}
			after := b.records()["pr-12"]
			after.Revision--
			if diff := cmp.Diff(before, after, cmp.AllowUnexported(record{})); diff != "" {
				t.Errorf("record (-before +after):\n%s", diff)
			}
		})
	}
}

// TestUpFailsAndKeeps proves GP-PREV-3: what serves on, or what is left to look at,
// is what the ledger says.
func TestUpFailsAndKeeps(t *testing.T) {
	b := newBench(t)
	b.raise(12, 0)
	b.pull(12, 1)
	failure := &target.Failure{What: "deployment/shop: CrashLoopBackOff", Detail: []string{"panic: no database"}, Kept: "generation 1 still serves"}
	b.Target = failing{b.target, failure}
	r, err := Up(t.Context(), b.Deps, b.of(12, 1))
	if !errors.Is(err, failure) || r.Verdict != report.Fail || !strings.Contains(fmt.Sprint(r.Checks, r.Sections), "no database") || !strings.Contains(fmt.Sprint(r.Checks), "generation 1 still serves") {
		t.Errorf("report %+v, error %v", r, err)
	}
	if rec := b.records()["pr-12"]; rec.Phase != ready || rec.Commit != commit(0) || rec.Digest != b.digests[0] {
		t.Errorf("record %+v", rec)
	}
}

// failing is a target whose deployments fail and leave what was there.
type failing struct {
	Target
	with error
}

func (f failing) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	running, err := f.Status(ctx, d.Environment)
	return running, errors.Join(err, f.with)
}
