package preview

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// owned opens a pull request of somebody.
func (b *bench) owned(number int, owner string, labels ...string) {
	b.github.SetPull(githubtest.Pull{Number: number, Head: commit(0), Author: owner, Labels: labels})
}

// TestUnpriced proves GP-PREV-7: what an estimate leaves out is stated.
func TestUnpriced(t *testing.T) {
	b := newBench(t)
	b.target.Requests.Resources = map[string]int{"aws_nat_gateway": 1}
	r := b.up(b.of(12, 0))
	if r.Verdict != report.Warn || r.Reason != "ready" || !strings.Contains(fmt.Sprint(r.Checks), "no price for aws_nat_gateway: set preview.prices.resources") {
		t.Errorf("%s %+v", r.Verdict, r.Checks)
	}
}

// TestBudget proves GP-PREV-7: over budget there is a clear verdict, and nothing is
// created. A preview lives an hour and costs 1 an hour; the sweep comes 30 minutes
// later at the latest.
func TestBudget(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		perDay float64
		at     time.Duration // of the day
		before int           // previews that are there already
		reason string
		title  string
		alert  bool
	}{
		"GP-PREV-7 none set":                    {perDay: 0, reason: "ready"},
		"GP-PREV-7 within":                      {perDay: 1.6, reason: "ready", alert: true},
		"GP-PREV-7 exactly":                     {perDay: 1.5, reason: "ready", alert: true},
		"GP-PREV-7 far from it":                 {perDay: 10, reason: "ready"},
		"GP-PREV-7 over":                        {perDay: 1.4, reason: "over-budget", title: "previews would cost up to 1.50 USD on 21 Nov, and the budget is 1.40 USD a day"},
		"GP-PREV-7 with the others":             {perDay: 4.4, before: 2, reason: "over-budget", title: "previews would cost up to 4.50 USD on 21 Nov, and the budget is 4.40 USD a day"},
		"GP-PREV-7 the budget of tomorrow":      {perDay: 1.1, at: 23*time.Hour + 45*time.Minute, reason: "over-budget", title: "previews would cost up to 1.25 USD on 22 Nov, and the budget is 1.10 USD a day"},
		"GP-PREV-7 shared by two days":          {perDay: 1.1, at: 23*time.Hour + 15*time.Minute, reason: "ready"},
		"GP-PREV-7 both days, with the others":  {perDay: 2.2, at: 23*time.Hour + 15*time.Minute, before: 2, reason: "over-budget", title: "previews would cost up to 2.25 USD on 21 Nov, and the budget is 2.20 USD a day"},
		"GP-PREV-7 a tenth of a cent too much":  {perDay: 1.499, reason: "over-budget"},
		"GP-PREV-7 a budget of next to nothing": {perDay: 0.0001, reason: "over-budget"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.prices(1)
			b.clock.Add(test.at)
			if test.at > 0 {
				b.clock.Add(-12 * time.Hour)
			}
			for n := range test.before {
				b.raise(n+1, 0)
			}
			b.policy.PerDay, b.policy.Alert = test.perDay, 80
			r := b.up(b.of(12, 0))
			if string(r.Reason) != test.reason || test.title != "" && r.Title != test.title {
				t.Errorf("%s: %s", r.Reason, r.Title)
			}
			if alert := strings.Contains(fmt.Sprint(r.Checks), "over 80 % of the budget"); alert != test.alert {
				t.Errorf("alert %t: %+v", alert, r.Checks)
			}
			if test.reason == "over-budget" {
				if r.Verdict != report.Fail || report.ExitCode(r, nil) != report.ExitVerdict || len(b.there()) != test.before || len(b.records()) != test.before {
					t.Errorf("%s; there %v", r.Verdict, b.there())
				}
			}
		})
	}
}

// TestSpentStaysSpent proves GP-PREV-7: what previews that are gone have cost today
// counts, and tomorrow it does not.
func TestSpentStaysSpent(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.policy.PerDay = 2
	for n := range 2 {
		b.raise(n+1, 0)
		b.clock.Add(30 * time.Minute)
		b.close(n + 1)
		b.sweep()
	}
	if r := b.up(b.of(12, 0)); r.Reason != "over-budget" || r.Title != "previews would cost up to 2.50 USD on 21 Nov, and the budget is 2.00 USD a day" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
	b.clock.Add(11 * time.Hour)
	if r := b.up(b.of(12, 0)); r.Reason != "ready" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
}

// TestPriceChanges proves GP-PREV-7: each generation costs what it asks for.
func TestPriceChanges(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.raise(12, 0)
	b.clock.Add(30 * time.Minute)
	b.prices(4)
	b.raise(12, 1)
	b.clock.Add(15 * time.Minute)
	if r := b.down(anyhow); r.Output("cost") != "1.5000" {
		t.Errorf("cost %s, want half an hour at 1 and a quarter at 4", r.Output("cost"))
	}
}

// TestUpdateOverTheBudget proves GP-PREV-7: an update that costs too much is not
// made, and what is there stays.
func TestUpdateOverTheBudget(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.policy.PerDay = 2
	b.raise(12, 0)
	before := b.records()["pr-12"]
	b.prices(2)
	b.pull(12, 1)
	if r := b.up(b.of(12, 1)); r.Reason != "over-budget" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
	if diff := cmp.Diff(before, b.records()["pr-12"], cmp.AllowUnexported(record{})); diff != "" || b.there()["pr-12"] != commit(0) {
		t.Errorf("runs %s, record (-before +after):\n%s", b.there()["pr-12"], diff)
	}
}

// TestOverdueCosts proves GP-PREV-7: a preview that a sweep has missed is counted
// until the next one.
func TestOverdueCosts(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.policy.PerDay = 4.5
	b.raise(1, 0)
	b.clock.Add(2 * time.Hour) // 2 are spent, and half an hour more is to come
	if r := b.up(b.of(12, 0)); r.Reason != "ready" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
	b.pull(13, 0)
	if r := b.up(b.of(13, 0)); r.Title != "previews would cost up to 5.50 USD on 21 Nov, and the budget is 4.50 USD a day" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
}

// TestLimits proves GP-PREV-8: of the repository and of an author.
func TestLimits(t *testing.T) {
	b := newBench(t)
	b.policy.Limit, b.policy.Author = 3, 2
	for _, test := range []struct {
		number int
		owner  string
		title  string
	}{
		{1, "ann", ""}, {2, "ann", ""}, {3, "ann", "ann has 2 previews, and the limit for an author is 2"}, {2, "ann", ""}, {4, "bob", ""},
		{5, "cid", "the repository has 3 previews, and the limit is 3"}, {1, "ann", ""},
	} {
		b.owned(test.number, test.owner)
		b.clock.Add(time.Minute)
		r := b.up(b.of(test.number, 0))
		if ready := r.Reason == "ready"; ready != (test.title == "") || !ready && (r.Title != test.title || r.Verdict != report.Fail || r.Reason != "limit-reached") {
			t.Errorf("pr-%d of %s: %s: %s", test.number, test.owner, r.Reason, r.Title)
		}
		if test.number == 5 && !strings.Contains(fmt.Sprint(r.Checks), "preview down --name pr-1: it was last deployed on 21 Nov 12:01") {
			t.Errorf("checks %+v", r.Checks)
		}
	}
	if len(b.there()) != 3 {
		t.Errorf("there %v", b.there())
	}
}

// TestTheLastPlace proves GP-PREV-8 and GP-PREV-7: of runs at the same time one gets
// the last place, or the last of the budget.
func TestTheLastPlace(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]func(*Policy){
		"GP-PREV-8 limit":        func(p *Policy) { p.Limit = 3 },
		"GP-PREV-8 author limit": func(p *Policy) { p.Author = 3 },
		"GP-PREV-7 budget":       func(p *Policy) { p.PerDay = 4.5 },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.prices(1)
			b.raise(1, 0)
			b.raise(2, 0)
			policy(&b.policy)
			const runs = 5
			for n := range runs {
				b.pull(20+n, 0)
			}
			reasons := make([]string, runs)
			var wg sync.WaitGroup
			for i := range runs {
				wg.Go(func() {
					r, err := Up(t.Context(), b.Deps, b.of(20+i, 0))
					if err != nil {
						t.Error(err)
						return
					}
					reasons[i] = string(r.Reason)
				})
			}
			wg.Wait()
			won := 0
			for _, r := range reasons {
				if r == "ready" {
					won++
				}
			}
			if won != 1 || len(b.there()) != 3 || len(b.records()) != 3 {
				t.Errorf("%v; there %v", reasons, b.there())
			}
		})
	}
}

// TestEviction proves GP-PREV-8 and GP-PREV-7: where a policy allows less than there
// is, those without a pin go first, and of these the one raised the longest ago.
func TestEviction(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policy func(*Policy)
		want   string
	}{
		"GP-PREV-8 as allowed":               {func(p *Policy) { p.Limit = 5 }, ""},
		"GP-PREV-8 repository":               {func(p *Policy) { p.Limit = 3 }, "pr-2 over-limit, pr-3 over-limit"},
		"GP-PREV-8 pinned ones go last":      {func(p *Policy) { p.Limit = 1 }, "pr-2 over-limit, pr-3 over-limit, pr-4 over-limit, pr-5 over-limit"},
		"GP-PREV-8 author":                   {func(p *Policy) { p.Author = 2 }, "pr-3 over-limit"},
		"GP-PREV-8 author and repo":          {func(p *Policy) { p.Author, p.Limit = 1, 2 }, "pr-2 over-limit, pr-3 over-limit, pr-5 over-limit"},
		"GP-PREV-8 the same number":          {func(p *Policy) { p.Author, p.Limit = 2, 2 }, "pr-2 over-limit, pr-3 over-limit, pr-4 over-limit"},
		"GP-PREV-7 budget lowered":           {func(p *Policy) { p.PerDay = 13 }, "pr-2 over-budget, pr-3 over-budget"},
		"GP-PREV-7 no more than needed":      {func(p *Policy) { p.PerDay = 15.2 }, "pr-2 over-budget"},
		"GP-PREV-7 exactly what is promised": {func(p *Policy) { p.PerDay = 18.5 }, ""},
		"GP-PREV-7 limit first, and budget":  {func(p *Policy) { p.Limit, p.PerDay = 4, 13 }, "pr-2 over-limit, pr-3 over-budget"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.prices(1)
			b.policy.TTL = 3 * time.Hour
			owners := []string{"ann", "bob", "ann", "bob", "ann"}
			for i, owner := range owners {
				labels := []string{}
				if i == 0 {
					labels = append(labels, "preview-pin") // the oldest
				}
				b.owned(i+1, owner, labels...)
				if r := b.up(b.of(i+1, 0)); r.Reason != "ready" {
					t.Fatal(r.Title)
				}
				b.clock.Add(time.Minute)
			}
			test.policy(&b.policy)
			got, fates := "", b.sweep()
			for n := 1; n <= 5; n++ {
				name := fmt.Sprintf("pr-%d", n)
				if why, ok := strings.CutPrefix(fates[name], "removed "); ok {
					got += ", " + name + " " + why
				}
			}
			if got = strings.TrimPrefix(got, ", "); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestPinnedJustNow proves GP-PREV-8: a pin counts in the sweep that sees it first.
func TestPinnedJustNow(t *testing.T) {
	b := newBench(t)
	b.raise(1, 0)
	b.clock.Add(time.Minute)
	b.raise(2, 0)
	b.pull(1, 0, "preview-pin")
	b.policy.Limit = 1
	if diff := cmp.Diff(map[string]string{"pr-1": "stays", "pr-2": "removed over-limit"}, b.sweep()); diff != "" {
		t.Errorf("fates (-want +got):\n%s", diff)
	}
}
