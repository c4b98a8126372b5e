package release

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

var (
	good = answered(200, 3*time.Millisecond)
	slow = answered(200, 300*time.Millisecond)
	bad  = answered(503, time.Millisecond)
	dead = answer{}
)

// always answers the same.
func always(a answer) func(int) answer { return func(int) answer { return a } }

// every answers a at each nth sample, counted from one, and else well.
func every(n int, a answer) func(int) answer {
	return func(i int) answer {
		if (i+1)%n == 0 {
			return a
		}
		return good
	}
}

func TestSoak(t *testing.T) {
	for name, test := range map[string]struct {
		soak    Soak
		answers func(int) answer
		during  func(b *bench, n int) // before each sample
		verdict report.Verdict
		reason  string
		text    string // in the row of the soak
		runs    string
		most    int // samples; 0: not checked
	}{
		"GP-PROM-6 it passes":                   {soak: Soak{Availability: 100, ErrorRate: 0.1, P95: 10 * time.Millisecond}, answers: always(good), verdict: report.Pass, reason: "soaked", runs: "two"},
		"GP-PROM-6 both time and samples count": {soak: Soak{For: time.Nanosecond, AtLeast: 7, Availability: 99}, answers: always(good), verdict: report.Pass, reason: "soaked", text: "7 samples", runs: "two"},
		"GP-PROM-7 it answers with errors":      {soak: Soak{ErrorRate: 20}, answers: always(bad), verdict: report.Fail, reason: "slo-breach", text: "errors 100.00 % are above 20 %", runs: "one"},
		"GP-PROM-7 it does not answer":          {soak: Soak{Availability: 99}, answers: always(dead), verdict: report.Fail, reason: "slo-breach", text: "availability 0.00 % is below 99 %", runs: "one", most: 1},
		"GP-PROM-7 slow at the end":             {soak: Soak{P95: 250 * time.Millisecond}, answers: every(10, slow), verdict: report.Fail, reason: "slo-breach", text: "p95 300 ms is above 250 ms", runs: "one"},
		"p95 leaves the slowest 5 % out":        {soak: Soak{For: time.Nanosecond, AtLeast: 40, P95: 250 * time.Millisecond}, answers: every(20, slow), verdict: report.Pass, reason: "soaked", runs: "two"},
		"a bound below a millisecond is kept":   {soak: Soak{P95: 1500 * time.Microsecond}, answers: always(answered(200, 1400*time.Microsecond)), verdict: report.Pass, reason: "soaked", runs: "two"},
		"no answers are not fast answers":       {soak: Soak{P95: 250 * time.Millisecond}, answers: always(dead), verdict: report.Fail, reason: "slo-breach", text: "p95 5000 ms is above 250 ms", runs: "one"},
		"exactly what is allowed is allowed":    {soak: Soak{For: time.Nanosecond, AtLeast: 1000, Every: time.Microsecond, Availability: 99.9, ErrorRate: 0.1}, answers: every(1000, bad), verdict: report.Pass, reason: "soaked", text: "availability 99.90 %", runs: "two"},
		"an error rate is a rate of answers": {soak: Soak{For: time.Nanosecond, AtLeast: 20, ErrorRate: 6}, answers: func(i int) answer {
			return []answer{good, dead, dead, dead, bad, good, good, good, good, good}[min(i, 9)]
		}, verdict: report.Pass, reason: "soaked", text: "errors 5.00 %", runs: "two"},
		"a redirect is an answer":                  {soak: Soak{Availability: 100}, answers: always(answered(302, time.Millisecond)), verdict: report.Pass, reason: "soaked", runs: "two"},
		"path-42 a 404 where 2xx was asked is bad": {soak: Soak{Availability: 100}, answers: always(answered(404, time.Millisecond)), verdict: report.Fail, reason: "slo-breach", text: "availability 0.00 % is below 100 %", runs: "one"},
		"it breaks as soon as it cannot be kept":   {soak: Soak{For: 100 * time.Millisecond, AtLeast: 100, Every: time.Millisecond, Availability: 97}, answers: always(dead), verdict: report.Fail, reason: "slo-breach", text: "4 of 4 samples bad", runs: "one", most: 4},
		"GP-PROM-6 too few samples: not measured":  {soak: Soak{For: time.Second, AtLeast: 1000, Every: time.Millisecond, Availability: 99}, answers: always(good), during: wait, verdict: report.Fail, reason: "soak-inconclusive", text: "needs 1000 samples", runs: "two", most: 4},
		"GP-PROM-6 without answers: no error rate": {soak: Soak{For: time.Second, AtLeast: 3, Every: time.Millisecond, ErrorRate: 1}, answers: always(dead), during: wait, verdict: report.Fail, reason: "soak-inconclusive", text: "has 0", runs: "two", most: 4},
		"it restarts": {soak: Soak{Availability: 99}, answers: always(good), during: func(b *bench, n int) {
			if n == 2 {
				b.target.Change("production", func(r *target.Running) { r.Restarts++ })
			}
		}, verdict: report.Warn, reason: "soaked", runs: "two"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.released(b.artifacts[0], "")
			o := b.alone(b.artifacts[1])
			o.Soak = &test.soak
			if o.Soak.For == 0 {
				o.Soak.For, o.Soak.AtLeast = 20*time.Millisecond, 10
			}
			b.probed = func(i int) answer {
				if test.during != nil {
					test.during(b, i)
				}
				return test.answers(i)
			}
			r := must(Promote(t.Context(), b.Deps, o))(t)
			b.want(r, test.verdict, test.reason)
			var row report.Check
			for _, c := range r.Checks {
				if c.Name == "soak" {
					row = c
				}
			}
			if !strings.Contains(row.Result+" "+row.Note, test.text) {
				t.Errorf("the row %q (%s) does not contain %q", row.Result, row.Note, test.text)
			}
			if b.runs() != test.runs {
				t.Errorf("production runs %s, want %s", b.runs(), test.runs)
			}
			if test.most > 0 && b.probes > test.most {
				t.Errorf("%d samples, want at most %d", b.probes, test.most)
			}
			b.unlocked()
		})
	}
}

// wait lets a minute pass at each sample.
func wait(b *bench, _ int) { b.skipped.Add(int64(time.Minute)) }

// TestSoakRollsBack proves GP-PROM-7 over HTTP: the bad release is replaced by the
// last good one, read back, recorded, and the time to restore is said.
func TestSoakRollsBack(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.broken(b.artifacts[1])
	b.stage(b.artifacts[1])
	r := must(Promote(t.Context(), b.Deps, b.production(b.artifacts[1])))(t)
	b.want(r, report.Fail, "slo-breach")
	if diff := cmp.Diff([]string{"1 release one pass", "1 soak one pass", "2 release two pass", "2 soak two fail", "3 rollback one pass"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one", "two", "one"}, b.deployed()); diff != "" {
		t.Errorf("deployed (-want +got):\n%s", diff)
	}
	if r.Output("rollback") != "2026.11.21-3" || r.Output("release") != "2026.11.21-2" || r.Output("restored-in") == "" {
		t.Errorf("outputs %+v", r.Outputs)
	}
	last := r.Checks[len(r.Checks)-1]
	if last.Name != "rollback" || !strings.Contains(last.Result, "2026.11.21-1 runs again as 2026.11.21-3") || !strings.Contains(last.Note, "ms from the first bad sample") {
		t.Errorf("row %+v", last)
	}
	b.unlocked()

	// Skipping the one whose soak failed, the next bad one goes back to the first.
	b.broken(b.artifacts[2])
	b.stage(b.artifacts[2])
	b.want(must(Promote(t.Context(), b.Deps, b.production(b.artifacts[2])))(t), report.Fail, "slo-breach")
	if b.runs() != "one" {
		t.Errorf("production runs %s", b.runs())
	}
	// The bad one may be tried again on purpose: that is another release.
	delete(b.target.Serve, b.artifacts[1])
	b.stage(b.artifacts[1])
	again := b.production(b.artifacts[1])
	again.Again = true
	b.want(must(Promote(t.Context(), b.Deps, again))(t), report.Pass, "soaked")
	if diff := cmp.Diff([]string{"6 release two pass", "6 soak two pass"}, b.history()[8:]); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

// Slow answers are bad together: the time to restore counts from the breach.
func TestTimeToRestoreOfSlowAnswers(t *testing.T) {
	b := newBench(t)
	b.released(b.artifacts[0], "")
	o := b.alone(b.artifacts[1])
	o.Soak = &Soak{For: time.Millisecond, AtLeast: 3, P95: 10 * time.Millisecond}
	b.probed = always(slow)
	r := must(Promote(t.Context(), b.Deps, o))(t)
	note := r.Checks[len(r.Checks)-1].Note // time to restore 30ms from …
	if took, err := time.ParseDuration(strings.Fields(note + " - - - -")[3]); err != nil || took > time.Minute {
		t.Errorf("note %q", note)
	}
}

// TestSoakOfTheFirstRelease proves that a breach without a release to return to is
// reported, and reported again by the next call.
func TestSoakOfTheFirstRelease(t *testing.T) {
	b := newBench(t)
	b.broken(b.artifacts[0])
	for range 2 {
		r := must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[0])))(t)
		b.want(r, report.Fail, "slo-breach-first-release")
		if !strings.Contains(r.Title, "it keeps running") || b.runs() != "one" {
			t.Errorf("%s; production runs %s", r.Title, b.runs())
		}
	}
	if diff := cmp.Diff([]string{"1 release one pass", "1 soak one fail"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

// TestSoakWhoseRollbackFails proves GP-PROM-9: the samples are reported together with
// the error, and the next call completes the rollback.
func TestSoakWhoseRollbackFails(t *testing.T) {
	b := newBench(t)
	b.released(b.artifacts[0], "")
	b.broken(b.artifacts[1])
	b.target.Before = func(_ context.Context, d target.Deployment) error {
		if d.Digest == b.artifacts[0] {
			return errors.New("ImagePullBackOff")
		}
		return nil
	}
	r, err := Promote(t.Context(), b.Deps, b.alone(b.artifacts[1]))
	if err == nil || !strings.Contains(err.Error(), "roll production back from 2026.11.21-2 to 2026.11.21-1") || !strings.Contains(err.Error(), "ImagePullBackOff") {
		t.Errorf("error %v", err)
	}
	b.want(r, report.Fail, "slo-breach")
	if !strings.Contains(r.Title, "the rollback to 2026.11.21-1 could not complete") {
		t.Errorf("title %q", r.Title)
	}
	b.unlocked()
	b.target.Before = nil
	b.want(must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[1])))(t), report.Fail, "slo-breach")
	if diff := cmp.Diff([]string{"1 release one pass", "1 soak one pass", "2 release two pass", "2 soak two fail", "3 rollback one pass"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if b.runs() != "one" {
		t.Errorf("production runs %s", b.runs())
	}
}

// TestWatchRefuses proves that a soak which cannot begin returns a report or an error,
// and measures nothing.
func TestWatchRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*bench)
		reason  string
		fails   string
	}{
		"locked": {func(b *bench) {
			b.Ledger.Acquire(b.t.Context(), ledger.Lock{Environment: "production", Digest: b.artifacts[1], By: "bob@laptop"}, time.Hour, nil)
		}, "locked", ""},
		"drift": {func(b *bench) {
			b.target.Change("production", func(r *target.Running) { r.Digest = b.artifacts[1] })
		}, "drift", ""},
		"taken down": {func(b *bench) { b.target.Down(b.t.Context(), "production") }, "", "nothing is deployed in this environment"},
		"replaced": {func(b *bench) {
			b.put(ledger.Entry{Kind: ledger.KindRelease, Digest: b.artifacts[1], Previous: "2026.11.21-1"})
		}, "", "is not the release that runs there"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			o := b.alone(b.artifacts[0])
			b.want(must(Deploy(t.Context(), b.Deps, o))(t), report.Pass, "promoted")
			test.prepare(b)
			r, err := Watch(t.Context(), b.Deps, o)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want %q", err, test.fails)
				}
			} else {
				b.want(must(r, err)(t), report.Fail, test.reason)
			}
			if b.probes > 0 {
				t.Errorf("%d samples were taken", b.probes)
			}
		})
	}
}

// What is measured must be one deployment of one digest.
func TestSoakSeesAnotherDeployment(t *testing.T) {
	for name, change := range map[string]func(*target.Running){
		"another digest": func(r *target.Running) { r.Digest = "sha256:1" },
		"again":          func(r *target.Running) { r.Generation++ },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.probed = func(n int) answer {
				if n == 2 {
					b.target.Change("production", change)
				}
				return good
			}
			r, err := Promote(t.Context(), b.Deps, b.alone(b.artifacts[0]))
			if err == nil || !strings.Contains(err.Error(), "something else was deployed during the soak") {
				t.Errorf("error %v", err)
			}
			b.want(r, report.Fail, "incomplete")
			if diff := cmp.Diff([]string{"1 release one pass"}, b.history()); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
			b.unlocked()
		})
	}
}

// A soak longer than the life of a lock keeps the lock, which ends soon after its holder.
func TestLockOutlivesTheSoak(t *testing.T) {
	b := newBench(t)
	o := b.alone(b.artifacts[0])
	o.Soak.For = 24 * time.Hour
	var held ledger.Lock
	b.probed = func(n int) answer {
		if n == 0 {
			out := runGit(t, b.Ledger.Git.Dir(), "show", ledger.Branch+":locks/production.json")
			if err := json.Unmarshal([]byte(out), &held); err != nil {
				t.Error(err)
			}
			b.skipped.Add(int64(25 * time.Hour))
		}
		return good
	}
	b.want(must(Promote(t.Context(), b.Deps, o))(t), report.Pass, "soaked")
	if left := held.Expires.Sub(held.Seen); left > 20*time.Minute || held.Purpose != ledger.PurposeSoak {
		t.Errorf("%s lock for %s", held.Purpose, left)
	}
}

// A promotion that lost its lock touches nothing.
func TestRollbackWithoutTheLock(t *testing.T) {
	b := newBench(t)
	b.released(b.artifacts[0], "")
	b.broken(b.artifacts[1])
	b.probed = func(n int) answer {
		if n == 0 {
			err := b.Ledger.Update(t.Context(), "test", func(_ context.Context, tx *ledger.Tx) error {
				tx.Write("locks/production.json", []byte(`{"environment":"production","by":"bob@laptop","process":{"host":"elsewhere","pid":1},"expires":"2027-01-01T00:00:00Z"}`))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		return bad
	}
	_, err := Promote(t.Context(), b.Deps, b.alone(b.artifacts[1]))
	var locked *ledger.LockedError
	if !errors.As(err, &locked) || locked.Lock.By != "bob@laptop" {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"one", "two"}, b.deployed()); diff != "" {
		t.Errorf("deployed (-want +got):\n%s", diff)
	}
}

// The first answer may come slowly: the real prober counts it, with its time.
func TestSoakOverHTTP(t *testing.T) {
	b := newBench(t)
	var paths []string
	b.target.Serve[b.artifacts[0]] = func(w http.ResponseWriter, r *http.Request) { paths = append(paths, r.URL.Path) }
	b.release(b.artifacts[0])
	if len(paths) < 5 || paths[0] != "/healthz" {
		t.Errorf("requests %v", paths)
	}
}
