package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// RollbackOptions name the release to return to, and why.
type RollbackOptions struct {
	Options        // without Digest, From, Manifest and Older
	To      string // id of the release; "": the last good one before the current
	Reason  string // recorded
}

// Rollback returns an environment to an earlier release: the same digest is deployed
// again, and never rebuilt. The image must match the ledger's entry and have the same
// evidence as for a promotion. If a check refuses, Rollback changes nothing and returns
// a report with verdict fail.
func Rollback(ctx context.Context, d Deps, o RollbackOptions) (*report.Report, error) {
	f, r, err := d.planRollback(ctx, &o)
	if err != nil || r.Verdict == report.Fail {
		return r, err
	}
	if o.DryRun {
		d.planned(ctx, o.Options, r)
		return r, nil
	}
	// Who watches a release deploys nothing any more: an incident does not wait for it.
	taken, held, err := d.lock(ctx, o.Options, "rollback", func(l ledger.Lock) (string, bool) { return o.Reason, l.Purpose == ledger.PurposeSoak })
	if err != nil {
		return nil, err
	}
	if held != nil {
		locked(r, held)
		return r, nil
	}
	defer d.unlock(ctx, o.Options)
	// The facts may have changed before the lock was taken.
	from := f.current.ID
	if f, r, err = d.planRollback(ctx, &o); err != nil {
		return nil, err
	}
	if f.current != nil && f.current.ID != from {
		fail(r, report.ReasonMoved, fmt.Sprintf("%s now runs release %s, not %s: check which release to leave, then roll back again", o.Environment, f.current.ID, from))
	}
	if r.Verdict == report.Fail {
		return r, nil
	}
	r.Checks = append(taken, r.Checks...)
	start := d.Now()
	kept, stop := d.alive(ctx, o.Options)
	entry, running, err := d.returnTo(kept, o.Options, f, o.Reason, r)
	stop()
	if refusal := (*target.Refusal)(nil); errors.As(err, &refusal) {
		fail(r, report.ReasonRefused, refusal.Error())
		return r, nil
	}
	if err, ok := reported(r, o.Environment, err); ok {
		return r, err
	}
	if err != nil {
		return nil, err
	}
	took := d.Now().Sub(start)
	r.Checks = append(r.Checks, report.Check{Name: "rollback", State: report.OK, Result: answersAt(running.Digest, running.URL), Note: "recorded as " + entry.ID})
	r.Verdict, r.Reason = report.Pass, report.ReasonRolledBack
	if len(running.Lost) > 0 {
		r.Verdict = report.Warn
	}
	r.Title = fmt.Sprintf("%s runs %s again, %srestored in %s", o.Environment, f.to.ID, as(entry.ID, f.to.ID), took.Round(10*time.Millisecond))
	r.Seconds = took.Seconds()
	r.Set("release", entry.ID)
	r.Set("url", running.URL)
	r.Set("restored-in", took.Round(time.Millisecond).String())
	return r, nil
}

// as says under which id a release runs again, if it is another one.
func as(id, before string) string {
	if id == before {
		return ""
	}
	return "as release " + id + ", "
}

// planRollback runs the checks of a rollback. It sets o.Digest to the digest of the
// release to return to.
func (d Deps) planRollback(ctx context.Context, o *RollbackOptions) (*facts, *report.Report, error) {
	f, err := d.rollback(ctx, *o)
	if err != nil {
		return nil, nil, err
	}
	o.Digest = ""
	if f.to != nil {
		o.Digest = f.to.Digest
	}
	return f, decide(o.Options, f, rollbackChecks).newReport("rollback", o.Options, f), nil
}

// rollback gathers the facts for a rollback.
func (d Deps) rollback(ctx context.Context, o RollbackOptions) (*facts, error) {
	f := &facts{now: d.Now().UTC()}
	err := d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if f.current, err = current(ctx, tx, o.Environment); err != nil || f.current == nil {
			f.noneTo = "no release runs there"
			return err
		}
		if o.To == "" {
			return nil
		}
		e, err := tx.Find(ctx, o.Environment, o.To, "")
		if errors.Is(err, ledger.ErrNone) {
			f.noneTo = fmt.Sprintf("release %s: %v", o.To, err)
			return nil
		}
		f.to = &e
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.current == nil {
		if f.unread = d.Ledger.Unread(ctx); f.unread != "" {
			f.noneTo = fmt.Sprintf("the ledger of this clone has no release of it, and the ledger of %s was not read: --ledger-remote %[1]s reads it", f.unread)
		}
	}
	if f.current != nil && o.To == "" {
		all, err := d.earlier(ctx, o.Environment, *f.current, o.Soak != nil)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			f.noneTo = "there is no good release before " + f.current.ID
		} else {
			f.to = &all[0]
		}
	}
	if err := f.place(d, o.Environment); err != nil {
		return nil, err
	}
	if f.to == nil || !validDigest.MatchString(f.to.Digest) || !o.Moved && (f.at.other(f.current) || f.at.other(f.to)) {
		return f, nil // refused
	}
	if o.To != "" {
		if f.bad, err = d.withdrawn(ctx, *f.to); err != nil {
			return nil, err
		}
	}
	return f, d.readArtifact(ctx, f, f.to.Digest)
}

// withdrawn returns why a release must not run again: it was rolled back, or its soak
// failed. It returns "" if neither is so.
func (d Deps) withdrawn(ctx context.Context, to ledger.Entry) (why string, err error) {
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		all, err := tx.Entries(ctx, to.Environment)
		if err != nil {
			return err
		}
		ids := map[string]bool{to.ID: true} // releases of the same digest
		for _, e := range all {
			if e.Digest == to.Digest {
				ids[e.ID] = true
			}
		}
		for _, e := range all {
			switch {
			case e.Kind == ledger.KindRollback && ids[e.Replaces] && e.Digest != to.Digest:
				why = fmt.Sprintf("%s rolled %s back on %s: %s", e.By, e.Replaces, e.Time.Format(time.RFC3339), e.Reason)
			case e.Kind == ledger.KindSoak && e.Digest == to.Digest && e.Verdict == string(report.Fail):
				why = "the soak of " + e.ID + " failed: " + e.Reason
			case e.Digest == to.Digest: // accepted again
				why = ""
			}
		}
		return nil
	})
	return report.LogLine(why), err
}

// returnTo deploys f.to, verifies the deployment and records it. The checks must have
// passed. r gets the plan of the deployment.
func (d Deps) returnTo(ctx context.Context, o Options, f *facts, reason string, r *report.Report) (ledger.Entry, target.Running, error) {
	from, to := *f.current, *f.to
	// A long soak may have lost the lock.
	if err := d.holds(ctx, o); err != nil {
		return ledger.Entry{}, target.Running{}, err
	}
	o.Digest = to.Digest
	o.Migrate = target.Migration{} // the data are those of a later release already
	running, err := d.apply(ctx, o, *f.artifact, r)
	if err != nil {
		return ledger.Entry{}, running, err
	}
	if to.Digest == from.Digest { // the digest is the current release already
		return from, running, nil
	}
	m, err := manifestOf(to)
	if err != nil {
		return ledger.Entry{}, running, err
	}
	if !restoresConfig(o, f) {
		m.Config, m.Env = o.Manifest.Config, o.Manifest.Env
	}
	m.URL, m.Rollback, m.Evidence = running.URL, "", links(o, f)
	b, err := json.Marshal(m)
	if err != nil {
		return ledger.Entry{}, running, err
	}
	var entry ledger.Entry
	err = d.Ledger.Update(ctx, "rollback "+o.Environment+" to "+to.ID, func(ctx context.Context, tx *ledger.Tx) error {
		if err := tx.Holds(ctx, o.Environment); err != nil {
			return err
		}
		entry, err = tx.Record(ctx, ledger.Entry{
			Kind: ledger.KindRollback, App: o.App, Environment: o.Environment, Target: recorded(f.at.Place), Commit: to.Commit, Digest: to.Digest,
			PlatformDigest: running.PlatformDigest, By: d.By, Verdict: string(report.Pass), Reason: report.LogLine(reason),
			Previous: to.Previous, Replaces: from.ID, Data: b,
		})
		tx.Unlock(o.Environment)
		return err
	})
	return entry, running, err
}
