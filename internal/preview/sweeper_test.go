package preview

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// row returns the check with a name.
func row(t *testing.T, r *report.Report, name string) report.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s: %+v", name, r.Checks)
	return report.Check{}
}

// GP-PREV-4, GP-PREV-14: the effective TTL that people see follows from what sweeps.
func TestEffectiveTTL(t *testing.T) {
	b := newBench(t)
	removal := func() report.Check {
		t.Helper()
		r, err := List(t.Context(), b.Deps, b.policy)
		if err != nil {
			t.Fatal(err)
		}
		return row(t, r, "removal")
	}
	lifetime := func() string {
		t.Helper()
		r, err := Up(t.Context(), b.Deps, b.options(0))
		if err != nil {
			t.Fatal(err)
		}
		return row(t, r, "lifetime").Note
	}
	sweep := func(s Sweeper) {
		t.Helper()
		if _, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy, Sweeper: s}); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing sweeps: the TTL is an hour, the configuration assumes 30 minutes.
	if c := removal(); c.State != report.Warned || !strings.Contains(c.Note, "goldenpath preview controller") {
		t.Errorf("%+v", c)
	}
	if got := lifetime(); !strings.HasPrefix(got, "removed before Sat 13:30 UTC by the next sweep;") {
		t.Error(got)
	}
	sweep(Sweeper{}) // a person's sweep is not repeated
	if c := removal(); c.State != report.Warned {
		t.Errorf("%+v", c)
	}
	// The schedule every six hours, and then the controller: the shorter one counts.
	sweep(Sweeper{Name: "schedule", Every: 6 * time.Hour})
	if got := lifetime(); !strings.HasPrefix(got, "removed before Sat 19:00 UTC by the schedule, which sweeps every 6h;") {
		t.Error(got)
	}
	sweep(Sweeper{Name: "controller", Every: 10 * time.Minute})
	if got := lifetime(); !strings.HasPrefix(got, "removed before Sat 13:10 UTC by the controller, which sweeps every 10m;") {
		t.Error(got)
	}
	if c := removal(); c.State != report.OK || c.Result != "a preview with a TTL of 1h is removed after 1h10m at most" {
		t.Errorf("%+v", c)
	}
	// The controller was uninstalled: the schedule is what is left, and then nothing.
	b.clock.Add(2 * time.Hour)
	if c := removal(); c.State != report.OK || c.Result != "a preview with a TTL of 1h is removed after 7h at most" || !strings.Contains(c.Note, "2 hours ago") {
		t.Errorf("%+v", c)
	}
	b.clock.Add(20 * time.Hour)
	if c := removal(); c.State != report.Warned {
		t.Errorf("%+v", c)
	}
	// A file that somebody edited is an error, not a guess.
	for _, text := range []string{"x", `{"every": "soon"}`, `{"every": "-1h"}`} {
		err := b.Ledger.Update(t.Context(), "edit", func(_ context.Context, tx *ledger.Tx) error {
			tx.Write(sweeperPath("controller"), []byte(text))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := List(t.Context(), b.Deps, b.policy); err == nil || !strings.Contains(err.Error(), "sweepers/controller.json") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A dry run of a sweeper does not count as a sweep.
func TestDryRunIsNoSweep(t *testing.T) {
	b := newBench(t)
	if _, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy, Sweeper: Sweeper{Name: "controller", Every: time.Minute}, DryRun: true}); err != nil {
		t.Fatal(err)
	}
	r, err := List(t.Context(), b.Deps, b.policy)
	if err != nil || row(t, r, "removal").State != report.Warned {
		t.Errorf("%+v, %v", r, err)
	}
}

// GP-PREV-5: a run that deploys removes what is closed or has expired, and keeps what only
// exceeds a limit.
func TestOnlyDue(t *testing.T) {
	b := newBench(t)
	for _, number := range []int{12, 13, 14} {
		b.pull(number, 0)
		if _, err := Up(t.Context(), b.Deps, b.of(number, 0)); err != nil {
			t.Fatal(err)
		}
	}
	b.close(13)
	b.policy.Limit = 1
	if _, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy, OnlyDue: true}); err != nil {
		t.Fatal(err)
	}
	left := func() (names []string) {
		for r, err := range b.target.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, r.Environment)
		}
		return names
	}
	if got := left(); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
	b.clock.Add(61 * time.Minute)
	if _, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy, OnlyDue: true}); err != nil {
		t.Fatal(err)
	}
	if got := left(); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}
