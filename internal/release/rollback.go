package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// RollbackOptions says where to go back, and why.
type RollbackOptions struct {
	Options        // App, Environment, Ready, Port, Env, DryRun
	To      string // release id; "": the last good one before the current
	Reason  string // recorded
}

// Rollback returns an environment to an earlier release: the same digest again,
// never a rebuild.
func Rollback(ctx context.Context, d Deps, o RollbackOptions) (*report.Report, error) {
	p := &plan{started: d.Now().UTC()}
	refuse := func(reason report.Reason, format string, args ...any) (*report.Report, error) {
		r := p.fail(o.Options, reason, format, args...)
		r.Name = "rollback"
		return r, nil
	}
	from, to, err := d.wayBack(ctx, o)
	switch {
	case errors.Is(err, ledger.ErrNone):
		return refuse(report.ReasonNoRelease, "%s: %v", o.Environment, err)
	case err != nil:
		return nil, err
	}
	o.Digest = to.Digest
	p.check("from", report.OK, fmt.Sprintf("%s %s", from.ID, short(from.Digest)), "")
	p.check("to", report.OK, fmt.Sprintf("%s %s, released %s", to.ID, short(to.Digest), to.Time.Format(time.RFC3339)), "")
	if p.artifact, err = d.Repository.Resolve(ctx, to.Digest, v1.Platform{}); errors.Is(err, artifact.ErrNotFound) {
		return refuse(report.ReasonNotPullable, "release %s cannot be pulled any more: %v", to.ID, err)
	} else if err != nil {
		return nil, err
	}
	if o.DryRun {
		r := p.report(o.Options)
		r.Name, r.Verdict, r.Reason, r.Title = "rollback", report.Pass, report.ReasonPlanned, "nothing was changed: this is the plan"
		setOutputs(r)
		return r, nil
	}
	locked, err := d.lock(ctx, o.Options, "rollback")
	if err != nil {
		return nil, err
	}
	if locked != nil {
		p.check("lock", report.Failed, locked.Error(), "")
		return refuse(report.ReasonLocked, "%s", locked.Error())
	}
	defer d.unlock(ctx, o.Options)
	// The world may have moved before the lock was ours.
	if now, _, err := d.wayBack(ctx, o); err != nil {
		return nil, err
	} else if now.ID != from.ID {
		return refuse(report.ReasonMoved, "%s runs release %s by now, not %s: look again", o.Environment, now.ID, from.ID)
	}
	start := d.Now()
	entry, running, err := d.rollback(ctx, o.Options, from, to, o.Reason)
	if err != nil {
		return nil, err
	}
	p.check("rollback", report.OK, fmt.Sprintf("%s answers at %s", short(running.Digest), running.URL), "recorded as "+entry.ID)
	r := p.report(o.Options)
	r.Name, r.Verdict, r.Reason = "rollback", report.Pass, report.ReasonRolledBack
	r.Title = fmt.Sprintf("%s runs %s again, restored in %s", o.Environment, to.ID, d.Now().Sub(start).Round(10*time.Millisecond))
	r.Seconds = d.Now().Sub(start).Seconds()
	setOutputs(r)
	r.Set("release", entry.ID)
	r.Set("url", running.URL)
	r.Set("restored-in", d.Now().Sub(start).Round(time.Millisecond).String())
	return r, nil
}

// wayBack finds where the environment is and where it goes.
func (d Deps) wayBack(ctx context.Context, o RollbackOptions) (from, to ledger.Entry, err error) {
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		if from, err = tx.Current(ctx, o.Environment); err != nil {
			return fmt.Errorf("no release runs there: %w", err)
		}
		if o.To != "" {
			if to, err = tx.Find(ctx, o.Environment, o.To, ""); err != nil {
				return fmt.Errorf("release %s: %w", o.To, err)
			}
		}
		return nil
	})
	if err == nil && o.To == "" {
		if to, err = d.previousGood(ctx, o.Environment, from, o.Soak != nil); err != nil {
			err = fmt.Errorf("no good release before %s: %w", from.ID, err)
		}
	}
	return from, to, err
}

// maxSteps bounds the walk back through the releases.
const maxSteps = 1000

// previousGood walks back to the newest release of another digest that is known
// to be good: its soak passed, or it was returned to before. A release whose soak
// never ended serves where there is none; one whose soak failed never does. Where
// nothing soaks, the release before is good.
func (d Deps) previousGood(ctx context.Context, environment string, from ledger.Entry, soaks bool) (out ledger.Entry, err error) {
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		var unproven *ledger.Entry
		e := from
		for range maxSteps {
			if e.Previous == "" {
				break
			}
			if e, err = tx.Find(ctx, environment, e.Previous, ""); err != nil {
				return err
			}
			if e.Digest == from.Digest {
				continue
			}
			soak, err := tx.Find(ctx, environment, e.ID, ledger.KindSoak)
			switch {
			case errors.Is(err, ledger.ErrNone) && soaks && e.Kind != ledger.KindRollback:
				if unproven == nil {
					found := e
					unproven = &found
				}
			case err != nil && !errors.Is(err, ledger.ErrNone):
				return err
			case soak.Verdict != string(report.Fail):
				out = e
				return nil
			}
		}
		if unproven == nil {
			return ledger.ErrNone
		}
		out = *unproven
		return nil
	})
	return out, err
}

// rollback deploys an earlier release, reads it back and records it. The lock
// is held.
func (d Deps) rollback(ctx context.Context, o Options, from, to ledger.Entry, reason string) (ledger.Entry, target.Running, error) {
	a, err := d.Repository.Resolve(ctx, to.Digest, v1.Platform{})
	if err != nil {
		return ledger.Entry{}, target.Running{}, err
	}
	// A soak may have been long: nothing is touched without the lock.
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error { return tx.Holds(ctx, o.Environment) })
	if err != nil {
		return ledger.Entry{}, target.Running{}, err
	}
	o.Digest = to.Digest
	if _, err := d.Target.Deploy(ctx, d.deployment(o, &plan{artifact: a})); err != nil {
		return ledger.Entry{}, target.Running{}, fmt.Errorf("deploy %s into %s: %w", short(to.Digest), o.Environment, err)
	}
	running, err := d.readBack(ctx, o, a.PlatformDigest)
	if err != nil {
		return ledger.Entry{}, running, err
	}
	if to.Digest == from.Digest { // it was back already
		return from, running, nil
	}
	var m Manifest
	if len(to.Data) > 0 {
		if err := json.Unmarshal(to.Data, &m); err != nil {
			return ledger.Entry{}, running, fmt.Errorf("read manifest of %s: %w", to.ID, err)
		}
	}
	m.URL, m.Rollback = running.URL, ""
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
			Kind: ledger.KindRollback, App: o.App, Environment: o.Environment, Commit: to.Commit, Digest: to.Digest,
			PlatformDigest: running.PlatformDigest, By: d.By, Verdict: string(report.Pass), Reason: report.Clean(reason), Previous: to.Previous, Replaces: from.ID, Data: b,
		})
		return err
	})
	return entry, running, err
}
