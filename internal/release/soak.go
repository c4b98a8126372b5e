package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Samples is what a soak has measured.
type Samples struct {
	Taken        int     `json:"taken"`
	Unanswered   int     `json:"unanswered"` // no answer in time
	Errors       int     `json:"errors"`     // answers with a 5xx status
	Availability float64 `json:"availability"`
	ErrorRate    float64 `json:"error_rate"`
	P95          float64 `json:"p95_ms"`
	Restarts     int     `json:"restarts"`
	Seconds      float64 `json:"seconds"`
	Breach       string  `json:"breach,omitempty"`
	firstBad     time.Time
}

// Watch soaks the release that runs in an environment, records the outcome and,
// when an SLO breaks, returns to the release before.
func Watch(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	if err := d.lock(ctx, o, "soak"); err != nil {
		return nil, err
	}
	defer func() { _ = d.Ledger.Release(context.WithoutCancel(ctx), o.Environment) }()
	entry, done, err := d.soaking(ctx, o)
	if err != nil {
		return nil, err
	}
	if done != nil && done.Verdict == string(report.Pass) {
		r := soakReport(o, entry)
		r.Checks = append(r.Checks, report.Check{Name: "soak", State: report.OK, Result: "passed already"})
		r.Verdict, r.Reason, r.Title = report.Pass, "soaked", "release "+entry.ID+" has passed its soak"
		setOutputs(r)
		r.Set("release", entry.ID)
		return r, nil
	}
	var s Samples
	if done != nil { // the soak broke an SLO and the way back was not finished
		if err := json.Unmarshal(done.Data, &s); err != nil {
			return nil, fmt.Errorf("read soak of %s: %w", entry.ID, err)
		}
		s.firstBad = d.Now()
	} else if s, err = d.soak(ctx, o); err != nil {
		return nil, err
	}
	return d.conclude(ctx, o, entry, s, done == nil)
}

// soaking returns the release under watch and its soak entry, if there is one.
func (d Deps) soaking(ctx context.Context, o Options) (entry ledger.Entry, done *ledger.Entry, err error) {
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		now, err := current(ctx, tx, o.Environment)
		if err != nil {
			return err
		}
		if now == nil || now.Digest != o.Digest {
			return fmt.Errorf("soak %s: %s is not the release that runs there", o.Environment, short(o.Digest))
		}
		entry = *now
		e, err := tx.Find(ctx, o.Environment, entry.ID, ledger.KindSoak)
		if errors.Is(err, ledger.ErrNone) {
			return nil
		}
		done = &e
		return err
	})
	return entry, done, err
}

// conclude records the soak first, so that a kill before the way back is ended
// is known, then goes back if it must.
func (d Deps) conclude(ctx context.Context, o Options, entry ledger.Entry, s Samples, record bool) (*report.Report, error) {
	r := soakReport(o, entry)
	r.Set("release", entry.ID)
	r.Data = s
	c := report.Check{Name: "soak", State: report.OK, Result: s.String()}
	verdict, reason := report.Pass, "soaked"
	switch {
	case s.Breach != "":
		c.State, c.Note = report.Failed, s.Breach
		verdict, reason = report.Fail, "slo-breach"
	case s.Taken < o.Soak.AtLeast:
		c.State, c.Note = report.Inconclusive, fmt.Sprintf("wants %d samples", o.Soak.AtLeast)
		verdict, reason = report.Fail, "soak-inconclusive"
	case s.Restarts > 0:
		c.State, c.Note = report.Warned, "it restarted"
		verdict = report.Warn
	}
	r.Checks = append(r.Checks, c)
	r.Verdict, r.Reason = verdict, reason
	r.Title = fmt.Sprintf("release %s passed its soak: %s", entry.ID, s)
	if record {
		if err := d.recordSoak(ctx, o, entry, s, verdict, reason); err != nil {
			return nil, err
		}
	}
	if reason == "soak-inconclusive" {
		r.Title = fmt.Sprintf("release %s: too few samples for an answer (%d of %d): it keeps running, and is not approved", entry.ID, s.Taken, o.Soak.AtLeast)
	}
	if reason == "slo-breach" {
		if err := d.back(ctx, o, entry, s, r); err != nil {
			return nil, err
		}
	}
	setOutputs(r)
	return r, nil
}

func (d Deps) recordSoak(ctx context.Context, o Options, entry ledger.Entry, s Samples, v report.Verdict, reason string) error {
	if reason == "soak-inconclusive" {
		return nil // not an outcome: the next soak may have one
	}
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	verdict := v
	if verdict == report.Warn {
		verdict = report.Pass
	}
	return d.Ledger.Update(ctx, "soak "+o.Environment+" "+entry.ID, func(ctx context.Context, tx *ledger.Tx) error {
		_, err := tx.Record(ctx, ledger.Entry{
			ID: entry.ID, Kind: ledger.KindSoak, App: o.App, Environment: o.Environment, Commit: entry.Commit,
			Digest: entry.Digest, PlatformDigest: entry.PlatformDigest, By: d.By, Verdict: string(verdict), Reason: reason, Data: b,
		})
		return err
	})
}

// back is the automatic rollback (GP-PROM-7).
func (d Deps) back(ctx context.Context, o Options, entry ledger.Entry, s Samples, r *report.Report) error {
	to, err := d.previousGood(ctx, o.Environment, entry)
	if errors.Is(err, ledger.ErrNone) {
		r.Reason = "slo-breach-first-release"
		r.Title = fmt.Sprintf("release %s broke its SLO (%s); it is the first, so there is nothing to return to and it keeps running", entry.ID, s.Breach)
		return nil
	}
	if err != nil {
		return err
	}
	breach := d.Now()
	d.say("%s: back to %s", s.Breach, to.ID)
	done, running, err := d.rollback(ctx, o, entry, to, "slo-breach: "+s.Breach)
	if err != nil {
		return fmt.Errorf("release %s broke its SLO (%s) and the rollback to %s failed: %w", entry.ID, s.Breach, to.ID, err)
	}
	restore := d.Now().Sub(breach)
	r.Checks = append(r.Checks, report.Check{
		Name: "rollback", State: report.OK, Seconds: restore.Seconds(),
		Result: fmt.Sprintf("%s runs again as %s at %s", to.ID, done.ID, running.URL),
		Note:   fmt.Sprintf("time to restore %s from the first bad sample", d.Now().Sub(s.firstBad).Round(10*time.Millisecond)),
	})
	r.Title = fmt.Sprintf("release %s broke its SLO (%s) and was rolled back to %s in %s", entry.ID, s.Breach, to.ID, restore.Round(10*time.Millisecond))
	r.Set("rollback", done.ID)
	r.Set("restored-in", restore.Round(time.Millisecond).String())
	r.Set("url", running.URL)
	return nil
}

func soakReport(o Options, entry ledger.Entry) *report.Report {
	return &report.Report{
		Name: "soak", Subject: o.App + " " + o.Environment, Commit: entry.Commit, Digest: o.Digest, Started: time.Now().UTC(),
	}
}

func (s Samples) String() string {
	return fmt.Sprintf("%d samples in %.1f s: availability %.2f %%, errors %.2f %%, p95 %.0f ms", s.Taken, s.Seconds, s.Availability, s.ErrorRate, s.P95)
}

// probeTimeout is when a probe counts as unanswered.
const probeTimeout = 5 * time.Second

// soak probes until both time and samples are enough, or an SLO can no longer
// be kept.
func (d Deps) soak(ctx context.Context, o Options) (Samples, error) {
	before, err := d.Target.Status(ctx, o.Environment)
	if err != nil {
		return Samples{}, fmt.Errorf("soak %s: %w", o.Environment, err)
	}
	var s Samples
	var took []time.Duration
	start := d.Now()
	limit := 3*o.Soak.For + time.Minute // for samples that do not come
	planned := max(o.Soak.AtLeast, int(o.Soak.For/o.Soak.Every))
	tick := time.NewTicker(o.Soak.Every)
	defer tick.Stop()
	said := start
	for {
		at := d.Now()
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		status, duration, err := d.Probe(probe, before.URL+o.Soak.Path)
		cancel()
		if ctx.Err() != nil {
			return s, context.Cause(ctx)
		}
		s.Taken++
		switch {
		case err != nil:
			s.Unanswered++
		case status >= 500:
			s.Errors++
		}
		if (err != nil || status >= 500) && s.firstBad.IsZero() {
			s.firstBad = at
		}
		if err == nil {
			took = append(took, duration)
		}
		s.sum(took)
		elapsed := d.Now().Sub(start)
		s.Seconds = elapsed.Seconds()
		enough := elapsed >= o.Soak.For && s.Taken >= o.Soak.AtLeast
		if s.Breach = s.breach(*o.Soak, planned, enough); s.Breach != "" || enough || elapsed > limit {
			break
		}
		if d.Now().Sub(said) >= 5*time.Second {
			d.say("soak %s of %s, %d samples", elapsed.Round(time.Second), o.Soak.For, s.Taken)
			said = d.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
	after, err := d.Target.Status(ctx, o.Environment)
	if err == nil {
		s.Restarts = after.Restarts - before.Restarts
	}
	return s, nil
}

func (s *Samples) sum(took []time.Duration) {
	bad := s.Unanswered + s.Errors
	s.Availability = 100 * float64(s.Taken-bad) / float64(s.Taken)
	if answered := s.Taken - s.Unanswered; answered > 0 {
		s.ErrorRate = 100 * float64(s.Errors) / float64(answered)
	}
	if len(took) > 0 {
		sorted := slices.Sorted(slices.Values(took))
		s.P95 = float64(sorted[(len(sorted)*95+99)/100-1].Microseconds()) / 1000
	}
}

// breach says which SLO is broken. Before the end it speaks only when the bad
// samples so far are more than the whole soak allows.
func (s Samples) breach(o Soak, planned int, ended bool) string {
	bad := s.Unanswered + s.Errors
	over := func(count int, allowedPercent float64) bool {
		of := planned
		if ended {
			of = s.Taken
		}
		return float64(count) > allowedPercent/100*float64(max(of, s.Taken))
	}
	switch {
	case o.Availability > 0 && over(bad, 100-o.Availability):
		return fmt.Sprintf("availability %.2f %% is below %.2f %% (%d of %d samples bad)", s.Availability, o.Availability, bad, s.Taken)
	case o.ErrorRate > 0 && over(s.Errors, o.ErrorRate):
		return fmt.Sprintf("errors %.2f %% are above %.2f %% (%d of %d samples)", s.ErrorRate, o.ErrorRate, s.Errors, s.Taken)
	case ended && o.P95 > 0 && s.P95 > float64(o.P95.Milliseconds()):
		return fmt.Sprintf("p95 %.0f ms is above %d ms", s.P95, o.P95.Milliseconds())
	}
	return ""
}
