package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Watch soaks the release that runs in an environment, records the outcome and,
// when an SLO breaks, returns to the release before.
func Watch(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	o.Soak = o.Soak.withDefaults()
	started := d.Now().UTC()
	locked, err := d.lock(ctx, o, "soak")
	if err != nil {
		return nil, err
	}
	if locked != nil {
		return refuseSoak(o, ledger.Entry{}, started, "locked", locked.Error()), nil
	}
	defer d.unlock(ctx, o)
	entry, done, err := d.soaking(ctx, o)
	if err != nil {
		return nil, err
	}
	var s Samples
	if done != nil {
		if err := json.Unmarshal(done.Data, &s); err != nil {
			return nil, fmt.Errorf("read soak of %s: %w", entry.ID, err)
		}
	}
	if done != nil && done.Verdict == string(report.Pass) {
		r := soakReport(o, entry, started)
		r.Checks = append(r.Checks, report.Check{Name: "soak", State: report.OK, Result: "passed already"})
		r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonSoaked, "release "+entry.ID+" has passed its soak"
		r.SetData(s)
		setOutputs(r)
		r.Set("release", entry.ID)
		return r, nil
	}
	if done == nil { // else it broke an SLO and the way back was not ended
		before, err := d.Target.Status(ctx, o.Environment)
		if err != nil {
			return nil, fmt.Errorf("soak %s: %w", o.Environment, err)
		}
		if before.Digest != o.Digest {
			return refuseSoak(o, entry, started, "drift", fmt.Sprintf("%s runs %s, the ledger says %s: promote again", o.Environment, short(before.Digest), short(o.Digest))), nil
		}
		if s, err = d.soak(ctx, o, before); err != nil {
			return nil, err
		}
	}
	return d.conclude(ctx, o, entry, s, started, done == nil)
}

func refuseSoak(o Options, entry ledger.Entry, started time.Time, reason report.Reason, why string) *report.Report {
	r := soakReport(o, entry, started)
	r.Checks = append(r.Checks, report.Check{Name: "soak", State: report.Failed, Result: why})
	r.Verdict, r.Reason, r.Title = report.Fail, reason, why
	setOutputs(r)
	return r
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
		done, err = findSoak(ctx, tx, o.Environment, entry.ID)
		return err
	})
	return entry, done, err
}

// soakOf returns the outcome of a release's soak, or nil.
func (d Deps) soakOf(ctx context.Context, environment, release string) (done *ledger.Entry, err error) {
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		done, err = findSoak(ctx, tx, environment, release)
		return err
	})
	return done, err
}

func findSoak(ctx context.Context, tx *ledger.Tx, environment, release string) (*ledger.Entry, error) {
	e, err := tx.Find(ctx, environment, release, ledger.KindSoak)
	if errors.Is(err, ledger.ErrNone) {
		return nil, nil
	}
	return &e, err
}

// conclude records the soak first, so that a kill before the way back is ended
// is known, then goes back if it must.
func (d Deps) conclude(ctx context.Context, o Options, entry ledger.Entry, s Samples, started time.Time, record bool) (*report.Report, error) {
	r := soakReport(o, entry, started)
	r.Set("release", entry.ID)
	r.SetData(s)
	c := report.Check{Name: "soak", State: report.OK, Result: s.String()}
	verdict, reason := report.Pass, report.ReasonSoaked
	switch {
	case s.Breach != "":
		c.State, c.Note = report.Failed, s.Breach
		verdict, reason = report.Fail, report.ReasonSLOBreach
	case s.counted(*o.Soak) < o.Soak.AtLeast:
		c.State, c.Note = report.Inconclusive, fmt.Sprintf("wants %d that count, has %d", o.Soak.AtLeast, s.counted(*o.Soak))
		verdict, reason = report.Fail, report.ReasonSoakInconclusive
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
	if reason == report.ReasonSoakInconclusive {
		r.Title = fmt.Sprintf("release %s: too few samples for an answer (%d of %d): it keeps running, and is not approved", entry.ID, s.counted(*o.Soak), o.Soak.AtLeast)
	}
	var err error
	if reason == report.ReasonSLOBreach {
		r.Title = fmt.Sprintf("release %s broke its SLO (%s)", entry.ID, s.Breach)
		// What was measured is worth knowing also when the way back fails.
		err = d.back(ctx, o, entry, s, r)
	}
	r.Seconds = d.Now().Sub(started).Seconds()
	setOutputs(r)
	return r, err
}

func (d Deps) recordSoak(ctx context.Context, o Options, entry ledger.Entry, s Samples, v report.Verdict, reason report.Reason) error {
	if reason == report.ReasonSoakInconclusive {
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
		if err := tx.Holds(ctx, o.Environment); err != nil {
			return err
		}
		_, err := tx.Record(ctx, ledger.Entry{
			ID: entry.ID, Kind: ledger.KindSoak, App: o.App, Environment: o.Environment, Commit: entry.Commit,
			Digest: entry.Digest, PlatformDigest: entry.PlatformDigest, By: d.By, Verdict: string(verdict), Reason: string(reason), Data: b,
		})
		return err
	})
}

// back is the automatic rollback (GP-PROM-7).
func (d Deps) back(ctx context.Context, o Options, entry ledger.Entry, s Samples, r *report.Report) error {
	to, err := d.previousGood(ctx, o.Environment, entry, o.Soak != nil)
	if errors.Is(err, ledger.ErrNone) {
		r.Reason = report.ReasonSLOBreachFirstRelease
		r.Title = fmt.Sprintf("release %s broke its SLO (%s); it is the first, so there is nothing to return to and it keeps running", entry.ID, s.Breach)
		return nil
	}
	if err != nil {
		return err
	}
	breach := d.Now()
	bad := s.FirstBad
	if bad.IsZero() { // slow answers are bad together, not one by one
		bad = breach
	}
	d.say("%s: back to %s", s.Breach, to.ID)
	done, running, err := d.rollback(ctx, o, entry, to, "slo-breach: "+s.Breach)
	if err != nil {
		r.Checks = append(r.Checks, report.Check{Name: "rollback", State: report.Failed, Result: "to " + to.ID + " failed", Note: "run again to go on"})
		r.Title = fmt.Sprintf("release %s broke its SLO (%s) and the rollback to %s failed: run again to go on", entry.ID, s.Breach, to.ID)
		return fmt.Errorf("roll %s back from %s to %s: %w", o.Environment, entry.ID, to.ID, err)
	}
	restore := d.Now().Sub(breach)
	r.Checks = append(r.Checks, report.Check{
		Name: "rollback", State: report.OK, Seconds: restore.Seconds(),
		Result: fmt.Sprintf("%s runs again as %s at %s", to.ID, done.ID, running.URL),
		Note:   fmt.Sprintf("time to restore %s from the first bad sample", d.Now().Sub(bad).Round(10*time.Millisecond)),
	})
	r.Title = fmt.Sprintf("release %s broke its SLO (%s) and was rolled back to %s in %s", entry.ID, s.Breach, to.ID, restore.Round(10*time.Millisecond))
	r.Set("rollback", done.ID)
	r.Set("restored-in", restore.Round(time.Millisecond).String())
	r.Set("url", running.URL)
	return nil
}

func soakReport(o Options, entry ledger.Entry, started time.Time) *report.Report {
	return &report.Report{
		Name: "soak", Subject: o.App + " " + o.Environment, Commit: entry.Commit, Digest: o.Digest, Started: started,
	}
}
