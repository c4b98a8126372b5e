package preview

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// TestUp proves GP-PREV-1 and GP-PREV-12: the same command creates, updates and
// repairs, and seeds once for each generation.
func TestUp(t *testing.T) {
	b := newBench(t)
	r := b.up(b.options(0))
	running, err := b.target.Status(t.Context(), "preview/pr-12")
	if err != nil || running.Digest != b.digests[0] {
		t.Fatalf("%+v, %v", running, err)
	}
	if r.Verdict != report.Pass || r.Reason != "ready" || r.Digest != b.digests[0] || r.Commit != commit(0) {
		t.Errorf("%s %s %s %s", r.Verdict, r.Reason, r.Digest, r.Commit)
	}
	for name, want := range map[string]string{"url": running.URL, "digest": b.digests[0], "environment": "preview/pr-12", "expires": "2026-11-21T13:00:00Z"} {
		if got := r.Output(name); got != want {
			t.Errorf("output %s = %q, want %q", name, got, want)
		}
	}
	b.up(b.options(0)) // again
	if b.seeds() != 1 {
		t.Errorf("seeded %d times, want once for a generation", b.seeds())
	}
	b.pull(12, 1)
	b.up(b.options(1)) // another commit
	if running, err = b.target.Status(t.Context(), "preview/pr-12"); err != nil || running.Digest != b.digests[1] || b.seeds() != 2 {
		t.Errorf("runs %s, seeded %d times, %v", running.Digest, b.seeds(), err)
	}
	b.down(anyhow)
	b.clock.Add(time.Second)
	b.up(b.options(1)) // numbers begin again; the data is gone
	if b.seeds() != 3 {
		t.Errorf("seeded %d times, want 3", b.seeds())
	}
}

// TestUpExtends proves GP-PREV-4: raised again, a preview lives as long as it
// says, and the ledger knows.
func TestUpExtends(t *testing.T) {
	b := newBench(t)
	b.up(b.options(0))
	b.clock.Add(30 * time.Minute)
	r := b.up(b.options(0))
	if got := b.records()["pr-12"].Expires.Format(time.RFC3339); got != r.Output("expires") || got != "2026-11-21T13:30:00Z" {
		t.Errorf("the ledger says %s, the report %s", got, r.Output("expires"))
	}
}

// TestUpAfterAFailedSeed proves GP-PREV-1: a preview without its data is repaired
// by the same command, and is not called ready before.
func TestUpAfterAFailedSeed(t *testing.T) {
	b := newBench(t)
	o := b.options(0)
	o.Seed.Run = "echo no database >&2; exit 3"
	for range 2 {
		r := b.up(o)
		said := ""
		for _, c := range r.Checks {
			if c.Name == "seed" {
				said = c.Result
			}
		}
		if r.Verdict != report.Fail || r.Reason != "seed-failed" || said != "sh: exit status 3: no database" {
			t.Errorf("%s %s %+v", r.Verdict, r.Reason, r.Checks)
		}
	}
	if r := b.up(b.options(0)); r.Verdict != report.Pass || b.seeds() != 1 {
		t.Errorf("%s, seeded %d times", r.Verdict, b.seeds())
	}
}

// TestUpKilled proves GP-PREV-1 for a kill before the record.
func TestUpKilled(t *testing.T) {
	b := newBench(t)
	b.up(b.options(0))
	b.target.Down(t.Context(), "preview/pr-12") // as by hand, which keeps no record
	b.clock.Add(time.Second)
	b.deploy("preview/pr-12", 0, target.Tags{}) // the next one was killed between its deployment and its seed
	b.up(b.options(0))
	if b.seeds() != 2 {
		t.Errorf("seeded %d times: the data of the generation before is gone", b.seeds())
	}
}

func TestUpStopped(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.target.Before = func(context.Context, target.Deployment) error { cancel(); return nil }
	if r, err := Up(ctx, b.Deps, b.options(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("report %+v, error %v", r, err)
	}
	b.target.Before = nil
	b.up(b.options(0))
	if b.seeds() != 1 {
		t.Errorf("seeded %d times", b.seeds())
	}
}

func TestUpDryRun(t *testing.T) {
	b := newBench(t)
	o := b.options(0)
	o.DryRun = true
	r := b.up(o)
	if r.Verdict != report.Pass || r.Reason != "planned" || b.deployed() != 0 || b.seeds() != 0 || len(b.history("pr-12")) != 0 || len(b.records()) != 0 {
		t.Errorf("%s %s; deployed %d, seeded %d", r.Verdict, r.Reason, b.deployed(), b.seeds())
	}
}

func TestUpRefuses(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(*UpOptions){
		"GP-PREV-1 an invalid name":          func(o *UpOptions) { o.Name = "../production" },
		"GP-PREV-1 a name of two lines":      func(o *UpOptions) { o.Name = "pr-12\n" },
		"GP-PREV-1 a long name":              func(o *UpOptions) { o.Name = strings.Repeat("a", 41) },
		"GP-PREV-1 a branch":                 func(o *UpOptions) { o.Name = "feature/x" },
		"an artifact that is not there":      func(o *UpOptions) { o.Digest = "sha256:" + strings.Repeat("0", 64) },
		"a digest that is none":              func(o *UpOptions) { o.Digest = "sha256:xyz" },
		"a name that ends with a hyphen":     func(o *UpOptions) { o.Name = "pr-" },
		"GP-SAFE-2 a name that is a command": func(o *UpOptions) { o.Name = "$(id)" },
	} {
		o := b.options(0)
		change(&o)
		r, err := Up(t.Context(), b.Deps, o)
		if report.ExitCode(r, err) != report.ExitUsage {
			t.Errorf("%s: report %+v, error %v", name, r, err)
		}
	}
	if b.deployed() != 0 {
		t.Error("something was deployed")
	}
	b.target.Before = func(context.Context, target.Deployment) error { return errors.New("connection refused") }
	if _, err := Up(t.Context(), b.Deps, b.options(0)); err == nil || err.Error() != "cannot deploy preview pr-12: connection refused" {
		t.Errorf("error %v", err)
	}
	b.nothing()
}

// TestDown proves GP-PREV-5: removed, recorded, and the same again.
func TestDown(t *testing.T) {
	b := newBench(t)
	if r := b.down(anyhow); r.Verdict != report.Skip || r.Reason != "not-found" || len(b.history("pr-12")) != 0 {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	b.up(b.options(0))
	if r := b.down(nil); r.Verdict != report.Skip || r.Reason != "pull-request-open" || len(b.there()) != 1 {
		t.Errorf("its pull request is open: %s %s", r.Verdict, r.Reason)
	}
	b.close(12)
	if r := b.down(func(o *DownOptions) { o.DryRun = true }); r.Verdict != report.Pass || r.Reason != "planned" || r.Output("reason") != "planned" {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	if len(b.there()) != 1 || len(b.records()) != 1 {
		t.Error("a dry run removed it")
	}
	if r := b.down(nil); r.Verdict != report.Pass || r.Reason != "removed" {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	b.nothing()
	if diff := cmp.Diff([]string{"ready", "removed"}, b.history("pr-12")); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if r := b.down(nil); r.Reason != "not-found" || len(b.history("pr-12")) != 2 {
		t.Errorf("again: %s, %v", r.Reason, b.history("pr-12"))
	}
	if _, err := Down(t.Context(), b.Deps, DownOptions{Policy: b.policy, Name: "../x"}); report.ExitCode(nil, err) != report.ExitUsage {
		t.Errorf("error %v", err)
	}
}

// TestDownKilled proves GP-PREV-1: one that was killed after the removal is
// recorded by the next call, and only once.
func TestDownKilled(t *testing.T) {
	b := newBench(t)
	b.up(b.options(0))
	b.target.Down(t.Context(), "preview/pr-12")
	b.down(func(o *DownOptions) { o.Open, o.DryRun = true, true })
	if len(b.history("pr-12")) != 1 {
		t.Error("a dry run was recorded")
	}
	for _, want := range []string{"removed", "not-found"} {
		if r := b.down(anyhow); string(r.Reason) != want {
			t.Errorf("%s, want %s", r.Reason, want)
		}
	}
	if diff := cmp.Diff([]string{"ready", "removed"}, b.history("pr-12")); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func TestList(t *testing.T) {
	b := newBench(t)
	if r, err := List(t.Context(), b.Deps, b.policy); err != nil || r.Verdict != report.Pass || r.Output("count") != "0" || r.Output("reason") != "ok" {
		t.Errorf("%+v, %v", r, err)
	}
	for i := range 3 {
		b.policy.TTL = time.Duration(3-i) * time.Hour
		b.raise(i+1, i%2)
	}
	b.deploy("staging", 0, target.Tags{})
	b.target.Change("preview/pr-2", func(r *target.Running) { r.Alive = false })
	b.clock.Add(90 * time.Minute)
	r, err := List(t.Context(), b.Deps, b.policy)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range r.Sections[0].Rows {
		got = append(got, strings.Join([]string{row[0], row[2], row[3], row[5], row[7]}, " | "))
	}
	want := []string{"pr-1 | 1111111 | ann | 1 hour from now | ready", "pr-2 | 2222222 | ann | 30 minutes from now | dead", "pr-3 | 1111111 | ann | 30 minutes ago | overdue"}
	if diff := cmp.Diff(want, got); diff != "" || r.Output("count") != "3" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
