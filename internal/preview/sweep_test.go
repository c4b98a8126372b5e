package preview

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// forget takes a preview's record out of the ledger, as if that had been lost.
func (b *bench) forget(name string) {
	b.t.Helper()
	err := b.Ledger.Update(b.t.Context(), "lost", func(_ context.Context, tx *ledger.Tx) error {
		tx.Delete(recordPath(name))
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestSweep proves GP-PREV-5 and GP-PREV-4: what a sweep finds in every state, and
// what becomes of it. Pull request 12 is raised; the sweep runs 10 minutes later.
func TestSweep(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arrange func(*bench)
		fate    string // "": not found
		note    string
		exit    int
	}{
		"GP-PREV-5 it is open":     {func(*bench) {}, "stays", "", 0},
		"GP-PREV-5 no close event": {func(b *bench) { b.close(12) }, "removed closed", "removed after 10 minutes, cost 0.17 USD", 0},
		"GP-PREV-5 merged": {func(b *bench) {
			b.github.SetPull(githubtest.Pull{Number: 12, State: "closed", Merged: true, Head: commit(0)})
		}, "removed closed", "", 0},
		"GP-PREV-5 orphan":                        {func(b *bench) { b.close(12); b.forget("pr-12") }, "removed orphan", "removed; not in the ledger", 0},
		"GP-PREV-5 the ledger forgot an open one": {func(b *bench) { b.forget("pr-12") }, "stays", "not in the ledger", 0},
		"GP-PREV-4 the ledger forgot an old one":  {func(b *bench) { b.forget("pr-12"); b.clock.Add(time.Hour) }, "removed expired", "", 0},
		"GP-PREV-5 labels changed by hand, open":  {func(b *bench) { b.target.Hidden = map[string]bool{"preview/pr-12": true} }, "stays", "found by its name", 0},
		"GP-PREV-5 labels changed by hand":        {func(b *bench) { b.close(12); b.target.Hidden = map[string]bool{"preview/pr-12": true} }, "removed closed", "found by its name", 0},
		"GP-PREV-4 the expiry changed by hand": {func(b *bench) {
			b.target.Change("preview/pr-12", func(r *target.Running) { r.Tags.Expires = noon.AddDate(9, 0, 0) })
			b.clock.Add(time.Hour)
		}, "removed expired", "", 0},
		"GP-PREV-4 forgotten, and the expiry changed by hand": {func(b *bench) {
			b.target.Change("preview/pr-12", func(r *target.Running) { r.Tags.Expires = noon.AddDate(9, 0, 0) })
			b.forget("pr-12")
			b.clock.Add(time.Hour)
		}, "removed expired", "", 0},
		"GP-PREV-5 removed by hand, a while ago": {func(b *bench) {
			b.target.Down(b.t.Context(), "preview/pr-12")
			b.policy.TTL, b.policy.MaxTTL = 4*time.Hour, 4*time.Hour
			b.clock.Add(time.Hour)
		}, "removed vanished", "was already gone", 0},
		"GP-PREV-5 removed by hand, just now":           {func(b *bench) { b.target.Down(b.t.Context(), "preview/pr-12") }, "stays", "being deployed, or removed by hand", 0},
		"GP-PREV-5 removed by hand, and closed":         {func(b *bench) { b.target.Down(b.t.Context(), "preview/pr-12"); b.close(12) }, "removed closed", "", 0},
		"GP-PREV-5 half removed":                        {func(b *bench) { b.target.Change("preview/pr-12", func(r *target.Running) { r.Leaving = true }) }, "removed leaving", "", 0},
		"GP-PREV-5 GitHub is away":                      {func(b *bench) { b.close(12); b.outage() }, "stays", "", report.ExitFailure},
		"GP-PREV-5 GitHub is away, and its ttl over":    {func(b *bench) { b.outage(); b.clock.Add(time.Hour) }, "error", "could not be read again", report.ExitFailure},
		"GP-PREV-4 GitHub is away, and max-ttl over":    {func(b *bench) { b.outage(); b.clock.Add(4 * time.Hour) }, "removed expired", "", report.ExitFailure},
		"GP-PREV-5 GitHub shows half of its list":       {func(b *bench) { b.close(12); b.page2(http.StatusInternalServerError) }, "stays", "", report.ExitFailure},
		"GP-PREV-5 the token may not see the list":      {func(b *bench) { b.github.Private, b.github.Tokens = true, nil }, "stays", "", report.ExitFailure},
		"GP-PREV-4 no GitHub at all":                    {func(b *bench) { b.PullRequests = nil; b.clock.Add(time.Hour) }, "removed expired", "", 0},
		"GP-PREV-5 no GitHub at all, in time":           {func(b *bench) { b.PullRequests = nil }, "stays", "", 0},
		"GP-PREV-5 its status cannot be read":           {func(b *bench) { b.hide(errors.New("etcd: timed out")) }, "error", "etcd: timed out", report.ExitFailure},
		"GP-PREV-5 its label names no preview":          {func(b *bench) { b.rename("preview/../../x") }, "stays", "found by its name", report.ExitFailure},
		"GP-PREV-5 an environment other than a preview": {func(b *bench) { b.deploy("staging", 0, target.Tags{}) }, "stays", "", 0},
		"GP-PREV-4 raised by hand without any label":    {func(b *bench) { b.down(anyhow); b.deploy("preview/pr-12", 0, target.Tags{}) }, "stays", "not in the ledger", 0},
		"GP-PREV-4 and its creation time is unknown":    {func(b *bench) { b.nameless() }, "stays", "not in the ledger", 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.prices(1)
			b.raise(12, 0)
			b.clock.Add(10 * time.Minute)
			test.arrange(b)
			r, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy})
			if got := report.ExitCode(r, err); got != test.exit {
				t.Fatalf("exit %d: %v", got, err)
			}
			if got := fates(t, r)["pr-12"]; got != test.fate || !strings.Contains(fmt.Sprint(r.Sections), test.note) {
				t.Errorf("fate %q, want %q; %+v", got, test.fate, r.Sections)
			}
			if strings.HasPrefix(test.fate, "removed") {
				b.target.Hidden = nil
				b.nothing()
			}
		})
	}
}

// page2 has GitHub fail for every page of a list but the first.
func (b *bench) page2(status int) {
	for n := range 150 {
		b.pull(1000+n, 0)
	}
	b.github.Break(func(r *http.Request) (int, http.Header, string, bool) {
		return status, nil, "", strings.HasSuffix(r.URL.Path, "/pulls") && r.URL.Query().Get("page") != "1"
	})
}

// hide takes a preview out of the list, and has its status fail.
func (b *bench) hide(err error) {
	b.target.Hidden = map[string]bool{"preview/pr-12": true}
	b.target.Broken = func(environment string) error {
		if environment == "preview/pr-12" {
			return err
		}
		return nil
	}
}

// rename edits the label that says which environment it is.
func (b *bench) rename(environment string) {
	b.target.Change("preview/pr-12", func(r *target.Running) { r.Environment = environment })
}

// nameless is a preview without labels and without times.
func (b *bench) nameless() {
	b.forget("pr-12")
	b.target.Change("preview/pr-12", func(r *target.Running) { r.Tags, r.Created, r.Started = target.Tags{}, time.Time{}, time.Time{} })
}

// TestFoundByASweep proves GP-PREV-4 and GP-PREV-7: what the ledger did not know
// counts from then on, for its lifetime as for limits and spend.
func TestFoundByASweep(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.raise(12, 0)
	b.nameless()
	b.sweep()
	if r := b.records()["pr-12"]; !r.Expires.Equal(noon.Add(time.Hour)) || r.Commit != commit(0) {
		t.Fatalf("record %+v", r)
	}
	b.policy.Limit = 1
	b.pull(13, 0)
	if r := b.up(b.of(13, 0)); r.Reason != "limit-reached" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
	b.clock.Add(time.Hour)
	if got := b.sweep()["pr-12"]; got != "removed expired" {
		t.Error(got)
	}
	b.nothing()
}

// TestSweepDryRun proves GP-PREV-5: it says what would be removed, and changes
// nothing.
func TestSweepDryRun(t *testing.T) {
	b := newBench(t)
	b.raise(12, 0)
	b.raise(13, 0)
	b.close(12)
	b.forget("pr-13")
	r, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy, DryRun: true})
	if err != nil || r.Reason != "planned" || r.Output("removed") != "0" || r.Title != "dry run: 1 preview would be removed" || r.Sections[0].Rows[0][0] != "would remove" {
		t.Errorf("%+v, %v", r, err)
	}
	if len(b.there()) != 2 || len(b.records()) != 1 {
		t.Errorf("there %v, known %v", b.there(), b.records())
	}
}

// TestStaysAfterAll proves GP-PREV-5: what changes between the decision and the
// removal keeps the preview.
func TestStaysAfterAll(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		due  func(*bench)
		then func(*bench) // right before the removal
		fate string
	}{
		"GP-PREV-5 opened again":                 {func(b *bench) { b.close(12) }, func(b *bench) { b.pull(12, 0) }, "stays its pull request was reopened"},
		"GP-PREV-5 opened and raised again":      {func(b *bench) { b.close(12) }, func(b *bench) { b.raise(12, 1) }, "stays its pull request was reopened"},
		"GP-PREV-4 a label comes":                {func(b *bench) { b.clock.Add(time.Hour) }, func(b *bench) { b.pull(12, 0, "preview-extend-1h") }, "stays a new label extends it, if the budget allows that at the next sweep"},
		"GP-PREV-5 raised again":                 {func(b *bench) { b.clock.Add(time.Hour) }, func(b *bench) { b.raise(12, 1) }, "stays it was deployed again during the sweep"},
		"GP-PREV-5 removed by down":              {func(b *bench) { b.close(12) }, func(b *bench) { b.down(nil) }, "removed closed"},
		"GP-PREV-5 nothing happens":              {func(b *bench) { b.close(12) }, func(*bench) {}, "removed closed"},
		"GP-PREV-5 only another label":           {func(b *bench) { b.clock.Add(time.Hour) }, func(b *bench) { b.pull(12, 0, "bug") }, "removed expired"},
		"GP-PREV-5 forgotten, then raised again": {func(b *bench) { b.forget("pr-12"); b.clock.Add(time.Hour) }, func(b *bench) { b.raise(12, 1) }, "stays it was deployed again during the sweep"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.raise(12, 0)
			b.clock.Add(time.Minute)
			test.due(b)
			before := b.there()
			pulls := b.PullRequests
			d := b.Deps
			d.PullRequests = listed{pulls, func() { test.then(b) }}
			r, err := Sweep(t.Context(), d, SweepOptions{Policy: b.policy})
			if err != nil || fates(t, r)["pr-12"] != test.fate {
				t.Errorf("%v, %v, want %s", fates(t, r), err, test.fate)
			}
			if strings.HasPrefix(test.fate, "removed") {
				b.nothing()
			} else if len(b.there()) != len(before) || len(b.records()) != 1 {
				t.Errorf("there %v, known %v", b.there(), b.records())
			}
		})
	}
}

// listed calls then once the open pull requests were listed.
type listed struct {
	PullRequests
	then func()
}

func (l listed) OpenPullRequests(ctx context.Context) (map[int]github.PullRequest, error) {
	p, err := l.PullRequests.OpenPullRequests(ctx)
	l.then()
	return p, err
}

// TestExtensionIsNotAskedForEver proves GP-PREV-4 and GP-PREV-7: a label that the
// budget refuses does not keep a preview because it is seen again.
func TestExtensionIsNotAskedForEver(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.policy.PerDay = 2
	b.raise(12, 0)
	b.clock.Add(time.Hour)
	d := b.Deps
	d.PullRequests = listed{b.PullRequests, func() { b.pull(12, 0, "preview-extend-2h") }}
	for _, want := range []string{"stays a new label extends it, if the budget allows that at the next sweep", "removed expired"} {
		r, err := Sweep(t.Context(), d, SweepOptions{Policy: b.policy})
		if err != nil || fates(t, r)["pr-12"] != want {
			t.Errorf("%v, %v, want %s", fates(t, r), err, want)
		}
	}
}

// TestRemovalsThatFail proves GP-PREV-5: they are reported, do not stop others, and are tried
// again.
func TestRemovalsThatFail(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n := 1; n <= 6; n++ {
		b.raise(n, 0)
		b.close(n)
	}
	b.target.BeforeDown = func(environment string) error {
		if environment == "preview/pr-2" || environment == "preview/pr-5" {
			return errors.New("namespace " + environment + ": held by a finalizer")
		}
		return nil
	}
	r, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy})
	if report.ExitCode(r, err) != report.ExitFailure || r.Verdict != report.Fail || r.Reason != "sweep-incomplete" || r.Title != "4 previews removed, 2 stay; 2 errors" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, n := range []string{"pr-2", "pr-5"} {
		if !strings.Contains(err.Error(), "remove preview "+n+": namespace preview/"+n+": held by a finalizer") {
			t.Errorf("error %v", err)
		}
	}
	if len(b.there()) != 2 || len(b.records()) != 2 {
		t.Errorf("there %v, known %v", b.there(), b.records())
	}
	b.target.BeforeDown = nil
	if diff := cmp.Diff(map[string]string{"pr-2": "removed closed", "pr-5": "removed closed"}, b.sweep()); diff != "" {
		t.Errorf("the next sweep (-want +got):\n%s", diff)
	}
	b.nothing()
}

// TestLongRemoval proves GP-PREV-7 and GP-PREV-5: a preview costs until it is gone,
// and a run that takes it over while it is removed keeps its promise in the ledger.
func TestLongRemoval(t *testing.T) {
	b := newBench(t)
	b.prices(6)
	b.raise(1, 0)
	b.clock.Add(time.Hour)
	b.target.BeforeDown = func(string) error { b.clock.Add(10 * time.Minute); return nil }
	r, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy})
	if err != nil || !strings.Contains(fmt.Sprint(r.Sections), "after 70 minutes, cost 7.00 USD") {
		t.Errorf("%+v, %v", r.Sections, err)
	}
	b.raise(1, 0)
	b.clock.Add(time.Hour)
	b.target.BeforeDown = func(string) error { b.raise(1, 0); return nil }
	b.sweep()
	if r := b.records()["pr-1"]; r.Revision != 2 || r.Phase != ready {
		t.Errorf("record %+v", r)
	}
	b.clock.Add(61 * time.Minute)
	b.target.BeforeDown = nil
	if got := b.sweep()["pr-1"]; got != "removed vanished" {
		t.Error(got)
	}
	b.nothing()
}

// TestSweepInterrupted proves GP-PREV-5: one that is stopped half-way reports what it
// has not done, and the next one does it.
func TestSweepInterrupted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n := 1; n <= 12; n++ {
		b.raise(n, 0)
		b.close(n)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("the job was cancelled")
	var downs atomic.Int32
	b.target.BeforeDown = func(string) error {
		if downs.Add(1) == 5 {
			cancel(stopped)
		}
		return nil
	}
	r, err := Sweep(ctx, b.Deps, SweepOptions{Policy: b.policy})
	if !errors.Is(err, stopped) || r.Verdict != report.Fail {
		t.Errorf("%+v, %v", r, err)
	}
	left := len(b.there())
	if left == 0 || left > 8 || len(b.records()) < left {
		t.Errorf("%d are left, %d are known", left, len(b.records()))
	}
	b.sweep()
	b.nothing()
	for n := 1; n <= 12; n++ {
		if diff := cmp.Diff([]string{"ready", "removed"}, b.history(fmt.Sprintf("pr-%d", n))); diff != "" {
			t.Errorf("history of pr-%d (-want +got):\n%s", n, diff)
		}
	}
}

// TestListBreaksOff proves GP-PREV-5: a target that cannot be listed does not count as empty.
func TestListBreaksOff(t *testing.T) {
	b := newBench(t)
	b.raise(12, 0)
	b.close(12)
	b.target.Broken = func(environment string) error {
		if environment == "" {
			return errors.New("connection refused")
		}
		return nil
	}
	if r, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy}); report.ExitCode(r, err) != report.ExitFailure || r != nil || len(b.records()) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestSweepOverARemote proves GP-PREV-5 for a ledger in another repository: of
// removals at the same time each is written down there.
func TestSweepOverARemote(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	origin := t.TempDir()
	for _, argv := range [][]string{{"git", "init", "--quiet", "--bare", origin}, {"git", "-C", b.Ledger.Git.Dir(), "remote", "add", "origin", origin}} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatal(err, string(out))
		}
	}
	b.Ledger.Remote = "origin"
	const many = 12
	for n := 1; n <= many; n++ {
		b.raise(n, 0)
		b.close(n)
	}
	if got := b.sweep(); len(got) != many {
		t.Errorf("%v", got)
	}
	b.nothing()
	out, err := exec.Command("git", "-C", origin, "ls-tree", "-r", "--name-only", ledger.Branch).Output()
	if err != nil || strings.Contains(string(out), "previews/") || strings.Count(string(out), "entries/preview/") != 2*many {
		t.Errorf("%s, %v", out, err)
	}
}
