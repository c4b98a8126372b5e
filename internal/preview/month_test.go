package preview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// month is a simulated time of pull requests, as many a day as 2,000 in 30 days, with
// everything that goes wrong in it. The ledger and GitHub's client are the real
// ones; the target is real in small.
type month struct {
	*bench
	random *rand.Rand
	days   int
	pulls  map[int]*simulated
	count  map[string]int

	records  map[string]record     // by the ledger, after the last event
	labelled map[string]bool       // its pull request had a label since it was raised
	good     time.Time             // the last sweep that came to its end with GitHub there
	complete time.Time             // the last sweep that came to its end
	stuck    map[string]bool       // its removal fails, in this sweep
	spent    map[time.Time]float64 // a day, by what was there
	late     map[time.Time]float64 // the part of it that sweeps did not prevent, being skipped
	missed   int                   // sweeps in a row that were no good ones
	most     map[int]time.Duration // the longest life over what was allowed, by sweeps missed
}

// simulated is a pull request.
type simulated struct {
	githubtest.Pull
	cpu float64
}

// occasion is something that happens at a time.
type occasion struct {
	at   time.Time
	what string
	n    int
}

// TestMonth proves GP-PREV-4, 5, 7 and 8 over a simulated time: after every step the
// lifetimes, limits and budgets hold, and at the end nothing is left. With
// GOLDENPATH_MONTH=full it is a month of 2,000 pull requests, else three days of it.
func TestMonth(t *testing.T) {
	t.Parallel()
	days := 3
	if os.Getenv("GOLDENPATH_MONTH") == "full" {
		days = 30
	}
	began := time.Now()
	m := newMonth(t, days, 42)
	for _, o := range m.plan() {
		m.until(o.at)
		m.count[o.what]++
		m.happen(o)
		m.check(o)
		if t.Failed() {
			t.Fatalf("at %s, after %s of pull request %d", o.at.Format("2 Jan 15:04"), o.what, o.n)
		}
	}
	m.end()
	t.Logf("%d days, %d pull requests, %d deployments in %s; %v; longest over its time, by sweeps missed: %v", days, len(m.pulls), m.deployed(),
		time.Since(began).Round(time.Second), m.count, m.most)
	for _, what := range []string{"ready", "superseded or closed", "limit-reached", "over-budget", "failed", "killed", "stopped", "away", "removed expired", "removed closed", "stuck", "sweep interrupted", "sweep skipped"} {
		rare := what == "stuck" || what == "sweep interrupted" // about three times in three days
		if m.count[what] == 0 && !(rare && days == 3) {
			t.Errorf("%s never happened: the simulation proves less than it says", what)
		}
	}
}

func newMonth(t *testing.T, days int, seed uint64) *month {
	b := newBench(t)
	b.policy = Policy{
		App: "shop", Repository: "acme/shop", TTL: 6 * time.Hour, MaxTTL: 24 * time.Hour,
		Limits: budget.Limits{SweepEvery: time.Hour, Limit: 14, Author: 3, PerDay: 20, Currency: "USD", Alert: 80, Prices: budget.Prices{CPU: 0.06}},
	}
	b.clock.at = budget.Midnight(noon)
	b.github.SetPull(githubtest.Pull{Number: 12, State: "closed", Head: commit(0)})
	return &month{
		bench: b, random: rand.New(rand.NewPCG(seed, seed)), days: days, pulls: map[int]*simulated{}, count: map[string]int{}, records: map[string]record{},
		labelled: map[string]bool{}, stuck: map[string]bool{}, spent: map[time.Time]float64{}, late: map[time.Time]float64{}, most: map[int]time.Duration{},
	}
}

// chance is true so many times of a hundred.
func (m *month) chance(percent int) bool { return m.random.IntN(100) < percent }

// within is a moment of so long a time, to the second.
func (m *month) within(d time.Duration) time.Duration {
	return time.Duration(m.random.Int64N(int64(d))).Truncate(time.Second)
}

// plan draws everything that happens, in its order.
func (m *month) plan() []occasion {
	var all []occasion
	start := m.clock.Now()
	whole := time.Duration(m.days) * 24 * time.Hour
	add := func(at time.Time, what string, n int) {
		if at.Before(start.Add(whole)) {
			all = append(all, occasion{at, what, n})
		}
	}
	for n := 100; n < 100+m.days*2000/30; n++ {
		opened := start.Add(m.within(whole))
		closed := opened.Add(m.within(30*time.Hour) + time.Hour)
		add(opened, "open", n)
		for range m.random.IntN(4) {
			if push := opened.Add(m.within(20 * time.Hour)); push.Before(closed) {
				add(push, "push", n)
			}
		}
		if m.chance(15) {
			at := opened.Add(m.within(8 * time.Hour))
			add(at, "label", n)
			if m.chance(50) {
				add(at.Add(m.within(4*time.Hour)), "unlabel", n)
			}
		}
		add(closed, "close", n)
		if m.chance(10) {
			again := closed.Add(m.within(2 * time.Hour))
			add(again, "open", n)
			add(again.Add(m.within(9*time.Hour)), "close", n)
		}
	}
	for at := start.Add(time.Hour); at.Before(start.Add(whole)); at = at.Add(time.Hour) {
		add(at, "sweep", 0)
		if m.chance(2) {
			away := at.Add(m.within(time.Hour))
			add(away, "outage", 0)
			add(away.Add(30*time.Minute+m.within(5*time.Hour)), "back", 0)
		}
	}
	slices.SortStableFunc(all, func(a, b occasion) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.n, b.n)) })
	return all
}

// until lets time pass, which costs.
func (m *month) until(at time.Time) {
	for now := m.clock.Now(); now.Before(at); now = m.clock.Now() {
		next := budget.Earliest(at, budget.Midnight(now).Add(24*time.Hour))
		for live, err := range m.target.List(m.t.Context()) {
			if err != nil {
				m.t.Fatal(err)
			}
			name, _ := cutPrefix(live.Environment)
			m.spent[budget.Midnight(now)] += live.Tags.PerHour * next.Sub(now).Hours()
			if lateFrom := budget.Latest(now, m.records[name].Expires.Add(m.policy.SweepEvery)); m.records[name].Name != "" && next.After(lateFrom) {
				m.late[budget.Midnight(now)] += live.Tags.PerHour * next.Sub(lateFrom).Hours()
			}
		}
		m.clock.Add(next.Sub(now))
	}
}

func (m *month) happen(o occasion) {
	p := m.pulls[o.n]
	switch o.what {
	case "open":
		if p == nil {
			p = &simulated{githubtest.Pull{Number: o.n, Head: commit(0), Author: fmt.Sprintf("dev-%d", m.random.IntN(25))}, 0.5 + 2*m.random.Float64()}
			m.pulls[o.n] = p
		}
		p.State = "open"
		m.github.SetPull(p.Pull)
		m.run(p)
	case "push":
		if p.State == "open" {
			if p.Head = commit(0); m.random.IntN(2) > 0 {
				p.Head = commit(1)
			}
			p.cpu = 0.5 + 2*m.random.Float64()
			m.github.SetPull(p.Pull)
			m.run(p)
		}
	case "label":
		p.Labels = []string{[]string{"preview-pin", "preview-extend-3h", "preview-extend-90d", "bug"}[m.random.IntN(4)]}
		m.github.SetPull(p.Pull)
		m.labelled[name(p)] = true
	case "unlabel":
		p.Labels = nil
		m.github.SetPull(p.Pull)
	case "close":
		m.shut(p)
	case "outage":
		m.outage()
	case "back":
		m.github.Break(nil)
	case "sweep":
		m.sweepOf()
	}
}

func name(p *simulated) string { return fmt.Sprintf("pr-%d", p.Number) }

// shut closes a pull request; in a third of all cases without its event, and in some
// the run for the event fails.
func (m *month) shut(p *simulated) {
	p.State, p.Closed = "closed", m.clock.Now()
	m.github.SetPull(p.Pull)
	if m.chance(33) {
		m.count["close event missed"]++
		return
	}
	if _, err := Down(m.t.Context(), m.Deps, DownOptions{Policy: m.policy, Name: name(p), PullRequest: p.Number}); err != nil {
		m.count["down away"]++
	}
}

// run is a run of up, with what may happen to it.
func (m *month) run(p *simulated) {
	o := m.of(p.Number, 0)
	if p.Head == commit(1) {
		o = m.of(p.Number, 1)
	}
	m.target.Requests.CPU = p.cpu
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	before, during := m.mishap(p, cancel)
	m.target.Before = func(context.Context, target.Deployment) error { return before() }
	m.target.During = func(context.Context, target.Deployment) error {
		m.until(m.clock.Now().Add(time.Minute))
		return during()
	}
	raised := m.clock.Now()
	what := func() (what string) {
		defer func() {
			if r := recover(); r == (killed{}) {
				what = "killed"
			} else if r != nil {
				panic(r)
			}
		}()
		r, err := Up(ctx, m.Deps, o)
		var failure *target.Failure
		switch {
		case errors.As(err, &failure):
			return "failed"
		case errors.Is(err, context.Canceled):
			return "stopped"
		case err != nil:
			return "away"
		case r.Verdict == report.Skip:
			return "superseded or closed"
		}
		return string(r.Reason)
	}()
	m.count[what]++
	m.target.Before, m.target.During = nil, nil
	if r, ok := m.bench.records()[name(p)]; ok && r.Updated.Equal(raised) {
		m.labelled[name(p)] = len(p.Labels) > 0
	}
}

// mishap draws what goes wrong with a deployment: before it changes something, and
// after it did.
func (m *month) mishap(p *simulated, cancel func()) (before, during func() error) {
	nothing := func() error { return nil }
	failure := func() error { return &target.Failure{What: "deployment/shop: CrashLoopBackOff"} }
	die := func() error { panic(killed{}) }
	stop := func() error { cancel(); return context.Canceled }
	shut := func() error { m.shut(p); return nil }
	switch m.random.IntN(20) {
	case 0:
		return failure, nothing
	case 1:
		return nothing, failure
	case 2:
		return die, nothing
	case 3:
		return nothing, die
	case 4:
		return nothing, stop
	case 5:
		return nothing, shut
	case 6:
		return func() error { m.shut(p); return failure() }, nothing
	case 7:
		return nothing, func() error { m.shut(p); return die() }
	}
	return nothing, nothing
}

// sweepOf is a sweep; one in ten does not run, one in twenty is interrupted, and one
// removal in thirty fails.
func (m *month) sweepOf() {
	if m.chance(10) {
		m.count["sweep skipped"]++
		m.missed++
		return
	}
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	interrupted := m.chance(5)
	clear(m.stuck)
	for _, name := range slices.Sorted(maps.Keys(m.records)) { // in an order, so that a seed gives one course
		m.stuck[name] = m.chance(3)
	}
	m.target.BeforeDown = func(environment string) error {
		name, _ := cutPrefix(environment)
		if interrupted {
			cancel()
		}
		if m.stuck[name] {
			return errors.New("held by a finalizer")
		}
		return nil
	}
	r, err := Sweep(ctx, m.Deps, SweepOptions{Policy: m.policy})
	m.target.BeforeDown = nil
	if r == nil {
		m.t.Errorf("sweep: %v", err)
		return
	}
	clear(m.stuck)
	for name, fate := range fates(m.t, r) {
		if m.stuck[name] = fate == "error"; fate == "error" {
			m.count["stuck"]++
		} else if strings.HasPrefix(fate, "removed") {
			m.count[fate]++
		}
	}
	switch {
	case ctx.Err() != nil:
		m.count["sweep interrupted"]++
		m.missed++
	case strings.Contains(fmt.Sprint(err), "read the open pull requests"):
		m.count["sweep during an outage"]++
		m.complete = m.clock.Now()
		m.missed++
	default:
		m.complete, m.good = m.clock.Now(), m.clock.Now()
		m.missed = 0
	}
}

// check looks at everything after every step.
func (m *month) check(o occasion) {
	now := m.clock.Now()
	if slices.Contains([]string{"open", "push", "close", "sweep"}, o.what) {
		m.records = m.bench.records()
	}
	owners, count := map[string]int{}, 0
	for live, err := range m.target.List(m.t.Context()) {
		if err != nil {
			m.t.Fatal(err)
		}
		name, _ := cutPrefix(live.Environment)
		r, known := m.records[name]
		if !known {
			m.t.Errorf("GP-PREV-5 %s is there, and the ledger does not know it", name)
		}
		count++
		owners[live.Tags.Owner]++
		allowed := m.policy.TTL
		if m.labelled[name] {
			allowed = m.policy.MaxTTL
		}
		over := now.Sub(r.Updated.Add(allowed))
		held := m.stuck[name]
		if over > 0 && !held {
			m.most[m.missed] = max(m.most[m.missed], over)
		}
		if due := r.Updated.Add(allowed); !due.After(m.good) && !held {
			m.t.Errorf("GP-PREV-4 %s was due at %s, and the sweep of %s left it", name, due, m.good)
		}
		if due := r.Updated.Add(m.policy.MaxTTL); !due.After(m.complete) && !held {
			m.t.Errorf("GP-PREV-4 %s was over max-ttl at %s, and the sweep of %s left it", name, due, m.complete)
		}
		// A deployment under way takes a minute, for which a sweep here has to wait.
		if over > m.policy.SweepEvery*time.Duration(m.missed+1)+time.Minute && !held && m.complete.Equal(m.good) {
			m.t.Errorf("GP-PREV-4 %s lives %s longer than allowed, %d sweeps were missed", name, over, m.missed)
		}
		// A sweep of the very second in which it was closed came before that, or after.
		if p := m.pulls[live.Tags.PullRequest]; p.State == "closed" && p.Closed.Before(m.good) && !held {
			m.t.Errorf("GP-PREV-5 the pull request of %s was closed at %s, and the sweep of %s left it", name, p.Closed, m.good)
		}
	}
	if count > m.policy.Limit || len(m.records) > m.policy.Limit {
		m.t.Errorf("GP-PREV-8 %d previews, %d in the ledger, %d are allowed", count, len(m.records), m.policy.Limit)
	}
	for owner, n := range owners {
		if n > m.policy.Author {
			m.t.Errorf("GP-PREV-8 %s has %d previews", owner, n)
		}
	}
	if day := budget.Midnight(now); m.spent[day]-m.late[day] > m.policy.PerDay+1e-6 {
		m.t.Errorf("GP-PREV-7 %.4f spent on %s, %.4f of it late", m.spent[day], day.Format("2 Jan"), m.late[day])
	}
}

// end closes what is open, without any event: one sweep leaves nothing. What the
// ledger has booked is what was there.
func (m *month) end() {
	m.github.Break(nil)
	for _, p := range m.pulls {
		p.State = "closed"
		m.github.SetPull(p.Pull)
	}
	m.until(m.clock.Now().Add(time.Hour))
	m.sweep()
	m.nothing()
	total, over := 0.0, 0
	for day, spent := range m.spent {
		var b budget.Spend
		err := m.Ledger.View(m.t.Context(), func(ctx context.Context, tx *ledger.Tx) (err error) {
			b, err = budget.ReadSpend(ctx, tx, day)
			return err
		})
		if err != nil {
			m.t.Fatal(err)
		}
		sum := 0.0
		for _, p := range b.Previews {
			sum += p.Cost
		}
		if total += sum; sum < spent-1e-6 {
			m.t.Errorf("GP-PREV-7 %.4f is booked on %s, and %.4f was spent", sum, day.Format("2 Jan"), spent)
		}
		if spent > m.policy.PerDay {
			over++
		}
	}
	m.t.Logf("%.2f %s booked; days over the budget for sweeps that were missed: %d", total, m.policy.Currency, over)
}
