package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// conclude completes a release after its soak. It records a failed soak before it rolls
// back: if the process is killed in between, the next call rolls back.
func (d Deps) conclude(ctx context.Context, o Options, entry ledger.Entry, r *report.Report, s Samples, record bool) (watched, error) {
	c := report.Check{Name: "soak", State: report.OK, Result: s.String()}
	r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonSoaked, fmt.Sprintf("release %s passed its soak: %s", entry.ID, s)
	switch counted := s.counted(*o.Soak); {
	case s.Breach != "":
		c.State, c.Note = report.Failed, s.Breach
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonSLOBreach, fmt.Sprintf("release %s broke its SLO (%s)", entry.ID, s.Breach)
	case counted < o.Soak.AtLeast:
		c.State, c.Note = report.Inconclusive, fmt.Sprintf("needs %d samples, has %d", o.Soak.AtLeast, counted)
		r.Verdict, r.Reason = report.Fail, report.ReasonSoakInconclusive
		r.Title = fmt.Sprintf("release %s has too few samples for a result (%d of %d): it keeps running and is not approved", entry.ID, counted, o.Soak.AtLeast)
	case s.Restarts > 0:
		c.State, c.Note = report.Warned, "it restarted"
		r.Verdict = report.Warn
	}
	r.Checks = append(r.Checks, c)
	r.Set("release", entry.ID)
	if record && r.Reason != report.ReasonSoakInconclusive { // the next soak may have a result
		if err := d.recordSoak(ctx, o, entry, s, r, s.Breach == ""); err != nil {
			return watched{}, err
		}
	}
	var err error
	if s.Breach != "" {
		err = d.backUnderLock(ctx, o, entry, s, r)
	}
	r.Seconds = d.seconds(r)
	return watched{r, &s}, err
}

// backUnderLock rolls back as a run that deploys, whose lock no one takes as that of a soak.
func (d Deps) backUnderLock(ctx context.Context, o Options, entry ledger.Entry, s Samples, r *report.Report) error {
	if err := d.beat(ctx, o, "rollback"); err != nil {
		return err
	}
	kept, stop := d.alive(ctx, o)
	defer stop()
	return d.rollBackAfterBreach(kept, o, entry, s, r)
}

// recordSoak records the outcome of a soak, pass or fail, in the ledger. The last entry of
// a release also releases the lock.
func (d Deps) recordSoak(ctx context.Context, o Options, entry ledger.Entry, s Samples, r *report.Report, last bool) error {
	s.Curve = nil
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	verdict := report.Pass
	if r.Verdict == report.Fail {
		verdict = report.Fail
	}
	return d.Ledger.Update(ctx, "soak "+o.Environment+" "+entry.ID, func(ctx context.Context, tx *ledger.Tx) error {
		if err := tx.Holds(ctx, o.Environment); err != nil {
			return err
		}
		_, err := tx.Record(ctx, ledger.Entry{
			ID: entry.ID, Kind: ledger.KindSoak, App: o.App, Environment: o.Environment, Target: entry.Target, Commit: entry.Commit,
			Digest: entry.Digest, PlatformDigest: entry.PlatformDigest, By: d.By, Verdict: string(verdict), Reason: string(r.Reason), Data: b,
		})
		if last {
			tx.Unlock(o.Environment)
		}
		return err
	})
}
