package release

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// rollBackAfterBreach performs the automatic rollback (GP-PROM-7). It deploys the last
// good release that passes the same checks as a manual rollback. Releases that do not
// pass are reported and skipped. The caller holds the lock.
//
// The report is complete even if the rollback fails, so that the measurements of the
// soak are not lost.
func (d Deps) rollBackAfterBreach(ctx context.Context, o Options, entry ledger.Entry, s Samples, r *report.Report) error {
	all, err := d.earlier(ctx, o.Environment, entry, o.Soak != nil)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		r.Reason = report.ReasonSLOBreachFirstRelease
		r.Title = fmt.Sprintf("release %s broke its SLO (%s); it is the first, so there is nothing to return to and it keeps running", entry.ID, s.Breach)
		return nil
	}
	f, err := d.lastProven(ctx, o, entry, all, r)
	if err != nil {
		return d.rollbackFailed(o, entry, all[0].ID, s, r, err)
	}
	if f == nil {
		r.Reason = report.ReasonSLOBreachNoProvenRelease
		r.Title = fmt.Sprintf("release %s broke its SLO (%s) and was NOT rolled back: no earlier release is proven, so the broken one keeps running. Release a fix now, or sign the evidence of an earlier release and roll back to it", entry.ID, s.Breach)
		return nil
	}
	breach := d.Now()
	firstBad := s.FirstBad
	if firstBad.IsZero() { // slow answers break an SLO together: none of them is the first
		firstBad = breach
	}
	d.say("%s: rolling back to %s", s.Breach, f.to.ID)
	done, running, err := d.returnTo(ctx, o, f, "slo-breach: "+s.Breach, r)
	if err != nil {
		return d.rollbackFailed(o, entry, f.to.ID, s, r, err)
	}
	took := d.Now().Sub(breach)
	r.Checks = append(r.Checks, report.Check{
		Name: "rollback", State: report.OK, Seconds: took.Seconds(),
		Result: fmt.Sprintf("%s runs again as %s at %s", f.to.ID, done.ID, running.URL),
		Note:   fmt.Sprintf("time to restore %s from the first bad sample", d.Now().Sub(firstBad).Round(10*time.Millisecond)),
	})
	r.Title = fmt.Sprintf("release %s broke its SLO (%s) and was rolled back to %s in %s", entry.ID, s.Breach, f.to.ID, took.Round(10*time.Millisecond))
	r.Set("rollback", done.ID)
	r.Set("restored-in", took.Round(time.Millisecond).String())
	r.Set("url", running.URL)
	return nil
}

// lastProven returns the facts of the first release in all that passes the checks of a
// rollback, or nil if none passes. It adds a row to the report for each release that it
// skips.
func (d Deps) lastProven(ctx context.Context, o Options, from ledger.Entry, all []ledger.Entry, r *report.Report) (*facts, error) {
	for _, to := range all {
		f := &facts{now: d.Now().UTC(), current: &from, to: &to}
		if err := f.place(d, o.Environment); err != nil {
			return nil, err
		}
		if validDigest.MatchString(to.Digest) {
			if err := d.readArtifact(ctx, f, to.Digest); err != nil {
				return nil, err
			}
		}
		o.Digest = to.Digest
		decision := decide(o, f, rollbackChecks)
		if !decision.refused() {
			return f, nil
		}
		var why []string
		for _, refusal := range decision.refusals {
			why = append(why, refusal.why)
		}
		r.Checks = append(r.Checks, report.Check{
			Name: "rollback", State: report.Failed, Result: "not to " + to.ID + ": " + string(decision.refusals[0].reason), Note: strings.Join(why, "; "),
		})
		d.say("not back to %s: %s", to.ID, decision.refusals[0].reason)
	}
	return nil, nil
}

// rollbackFailed reports a rollback that could not complete.
func (d Deps) rollbackFailed(o Options, entry ledger.Entry, to string, s Samples, r *report.Report, err error) error {
	r.Checks = append(r.Checks, report.Check{Name: "rollback", State: report.Failed, Result: "to " + to + " could not complete", Note: "run again to continue"})
	r.Title = fmt.Sprintf("release %s broke its SLO (%s) and the rollback to %s could not complete: run again to continue", entry.ID, s.Breach, to)
	return fmt.Errorf("cannot roll %s back from %s to %s: %w", o.Environment, entry.ID, to, err)
}
