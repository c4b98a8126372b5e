package preview

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestDeferredData proves GP-PREV-12: data that another job prepares is prepared once
// for each generation, and not by up.
func TestDeferredData(t *testing.T) {
	b := newBench(t)
	o := b.options(0)
	o.DeferData = true
	first := b.up(o)
	if first.Output("prepare") != "seed" || first.Output("generation") == "" || b.seeds() != 0 {
		t.Errorf("prepare %q of generation %q; seeded %d times", first.Output("prepare"), first.Output("generation"), b.seeds())
	}
	if again := b.up(o); again.Output("prepare") != "seed" || again.Output("generation") != first.Output("generation") {
		t.Errorf("before a result: prepare %q of generation %q, want %q", again.Output("prepare"), again.Output("generation"), first.Output("generation"))
	}
	prepared := func(generation string) *report.Report {
		t.Helper()
		r, err := Prepared(t.Context(), b.Deps, PreparedOptions{Name: "pr-12", Generation: generation})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := prepared("9@2026-11-21T12:00:00Z"); r.Verdict != report.Skip || r.Reason != "superseded" {
		t.Errorf("of another generation: %s %s", r.Verdict, r.Reason)
	}
	if r := prepared(first.Output("generation")); r.Verdict != report.Pass || r.Reason != "prepared" {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	if r := b.up(o); r.Output("prepare") != "" || r.Output("generation") != "" {
		t.Errorf("after the result: prepare %q", r.Output("prepare"))
	}
	b.pull(12, 1)
	next := b.options(1)
	next.DeferData = true
	if r := b.up(next); r.Output("prepare") != "seed" || r.Output("generation") == first.Output("generation") {
		t.Errorf("of the next generation: prepare %q of %q", r.Output("prepare"), r.Output("generation"))
	}
	b.down(anyhow)
	if r := prepared(first.Output("generation")); r.Verdict != report.Skip {
		t.Errorf("after the removal: %s", r.Verdict)
	}
	b.nothing()
}

// TestForkIsNotSeeded proves GP-PREV-10: the approval of a fork's commit deploys it,
// and never runs its commands where credentials are.
func TestForkIsNotSeeded(t *testing.T) {
	for name, deferred := range map[string]bool{"here": false, "in another job": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.github.SetPull(githubtest.Pull{Number: 12, Fork: true, Head: commit(0), Author: "mallory", Labels: []string{"preview-ok-" + strings.Repeat("1", 39)}})
			o := b.options(0)
			o.DeferData, o.Seed.Run = deferred, "echo http://127.0.0.1 >> seeded"
			r := b.up(o)
			if r.Reason != "ready" || r.Output("prepare") != "" || b.seeds() != 0 {
				t.Errorf("%s, prepare %q, %d commands ran", r.Reason, r.Output("prepare"), b.seeds())
			}
		})
	}
}
