package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Promote brings a digest into an environment and watches it there: plan, lock,
// deploy, read back, record, soak; and, when an SLO breaks, the way back. Killed
// anywhere and called again it goes on from what it finds.
func Promote(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	o.KeepLock = o.Soak != nil
	rep, err := Deploy(ctx, d, o)
	if err != nil || rep.Verdict == report.Fail || o.Soak == nil || o.DryRun {
		return rep, err
	}
	watched, err := Watch(ctx, d, o)
	if watched == nil {
		// It runs, and nobody knows whether it is good: no surface may say pass.
		watched = &report.Report{Verdict: report.Fail, Reason: report.ReasonIncomplete, Title: "release " + rep.Output("release") + " runs, and its soak gave no answer", Commit: rep.Commit, Digest: rep.Digest}
		setOutputs(watched)
	}
	watched.Name, watched.Subject = rep.Name, rep.Subject
	watched.Checks = append(rep.Checks, watched.Checks...)
	watched.Started, watched.Seconds = rep.Started, rep.Seconds+watched.Seconds
	watched.Data = watchedData(rep, watched)
	for _, out := range rep.Outputs {
		if watched.Output(out.Name) == "" {
			watched.Set(out.Name, out.Value)
		}
	}
	return watched, err
}

// Watched is the data of a promotion's report when the release was watched: its
// manifest as Deploy gives it, and what the soak measured.
type Watched struct {
	Manifest
	Soak *Samples `json:"soak,omitempty"`
}

func watchedData(deployed, soaked *report.Report) json.RawMessage {
	m, err := report.DataOf[Manifest](deployed)
	if err != nil {
		return deployed.Data
	}
	w := Watched{Manifest: m}
	if s, err := report.DataOf[Samples](soaked); err == nil {
		w.Soak = &s
	}
	var r report.Report
	r.SetData(w)
	return r.Data
}

// Deploy is Promote without the soak. A refusal is a report with verdict fail;
// nothing is changed then.
func Deploy(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	p, err := makePlan(ctx, d, o)
	if err != nil {
		return nil, err
	}
	if p.refusal != "" {
		return p.fail(o, p.refusal, "%s", p.why), nil
	}
	if o.DryRun {
		r := p.report(o)
		r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPlanned, "nothing was changed: this is the plan"
		setOutputs(r)
		return r, nil
	}
	locked, err := d.lock(ctx, o, "promote")
	if err != nil {
		return nil, err
	}
	if locked != nil {
		p.check("lock", report.Failed, locked.Error(), "")
		return p.fail(o, report.ReasonLocked, "%s", locked.Error()), nil
	}
	rep, err := d.deployLocked(ctx, o)
	if err != nil || rep.Verdict == report.Fail || !o.KeepLock {
		d.unlock(ctx, o)
	}
	return rep, err
}

// lock takes the lock of an environment, or says who has it.
func (d Deps) lock(ctx context.Context, o Options, purpose string) (*ledger.LockedError, error) {
	life := lockLife
	if o.Soak != nil {
		life += o.Soak.limit() // or another promotion would begin in the middle of a long soak
	}
	err := d.Ledger.Acquire(ctx, ledger.Lock{
		Environment: o.Environment, Digest: o.Digest, Purpose: purpose, By: d.By, Expires: ledger.LockFor(life),
	})
	var locked *ledger.LockedError
	if errors.As(err, &locked) {
		return locked, nil
	}
	if err != nil {
		d.unlock(ctx, o) // stopped right after the write, or held since the deployment
	}
	return nil, err
}

// unlock gives the lock back, also when the run was stopped. The answer stands
// whether it goes back or not: it expires.
func (d Deps) unlock(ctx context.Context, o Options) {
	_ = d.Ledger.Release(context.WithoutCancel(ctx), o.Environment)
}

// deployLocked plans again, since the world may have moved before the lock was
// ours, and carries the plan out.
func (d Deps) deployLocked(ctx context.Context, o Options) (*report.Report, error) {
	p, err := makePlan(ctx, d, o)
	if err != nil {
		return nil, err
	}
	if p.refusal != "" {
		return p.fail(o, p.refusal, "%s", p.why), nil
	}
	if r, err := d.unfinished(ctx, o, p); r != nil || err != nil {
		return r, err
	}
	d.say("deploy %s", short(o.Digest))
	running, err := d.Target.Deploy(ctx, d.deployment(o, p))
	var refusal *target.Refusal
	if errors.As(err, &refusal) {
		return p.fail(o, report.ReasonRefused, "%s", refusal.Error()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("deploy %s into %s: %w", short(o.Digest), o.Environment, err)
	}
	if running, err = d.readBack(ctx, o, p.artifact.PlatformDigest); err != nil {
		return nil, err
	}
	entry, err := d.record(ctx, o, p, running)
	if err != nil {
		return nil, err
	}
	p.check("deployed", report.OK, fmt.Sprintf("%s answers at %s", short(running.Digest), running.URL), "read back from the target")
	p.check("release", report.OK, entry.ID, "recorded in branch "+ledger.Branch)
	r := p.report(o)
	r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPromoted, fmt.Sprintf("release %s runs at %s", entry.ID, running.URL)
	r.Seconds = d.Now().Sub(p.started).Seconds()
	setOutputs(r)
	r.Set("release", entry.ID)
	r.Set("url", running.URL)
	r.Data = entry.Data
	return r, nil
}

// unfinished finds a release whose soak failed and whose way back was not ended.
// It is not deployed a second time: the soak that follows brings it back.
func (d Deps) unfinished(ctx context.Context, o Options, p *plan) (*report.Report, error) {
	if o.Soak == nil || p.current == nil || p.current.Digest != o.Digest {
		return nil, nil
	}
	soak, err := d.soakOf(ctx, o.Environment, p.current.ID)
	if err != nil || soak == nil || soak.Verdict != string(report.Fail) {
		return nil, err
	}
	if _, err := d.previousGood(ctx, o.Environment, *p.current, o.Soak != nil); errors.Is(err, ledger.ErrNone) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	p.check("deployed", report.Warned, "not again: release "+p.current.ID+" broke its SLO", "the way back is next")
	r := p.fail(o, report.ReasonSoakFailed, "release %s broke its SLO and was not rolled back yet", p.current.ID)
	if o.KeepLock {
		r.Verdict = report.Warn
	}
	setOutputs(r)
	r.Set("release", p.current.ID)
	r.Data = p.current.Data
	return r, nil
}

func (d Deps) deployment(o Options, p *plan) target.Deployment {
	out := target.Deployment{
		App: o.App, Environment: o.Environment, Commit: p.artifact.Commit(), Digest: o.Digest,
		Image: p.artifact.Image, Env: o.Env, Secrets: o.Secrets, Port: o.Port, Ready: o.Ready, KeepFailed: true,
		Say: func(p target.Phase) { d.say("%s %s", p.Name, p.Detail) },
	}
	if d.Reference != nil {
		out.Reference = d.Reference(o.Digest)
	}
	return out
}

// readBack asserts that what runs is what was to run, index and platform.
func (d Deps) readBack(ctx context.Context, o Options, platformDigest string) (target.Running, error) {
	running, err := d.Target.Status(ctx, o.Environment)
	if err != nil {
		return running, fmt.Errorf("read %s back: %w", o.Environment, err)
	}
	if running.Digest != o.Digest || running.PlatformDigest != platformDigest {
		return running, fmt.Errorf("read %s back: it runs %s (%s), not %s (%s)", o.Environment,
			short(running.Digest), short(running.PlatformDigest), short(o.Digest), short(platformDigest))
	}
	if !running.Alive {
		return running, fmt.Errorf("read %s back: %s was deployed and has died since", o.Environment, short(o.Digest))
	}
	return running, nil
}

// record writes the release once: a promotion that was killed after its record
// finds it there.
func (d Deps) record(ctx context.Context, o Options, p *plan, running target.Running) (ledger.Entry, error) {
	var out ledger.Entry
	err := d.Ledger.Update(ctx, "release "+o.Environment, func(ctx context.Context, tx *ledger.Tx) error {
		if err := tx.Holds(ctx, o.Environment); err != nil {
			return err
		}
		now, err := current(ctx, tx, o.Environment)
		if err != nil {
			return err
		}
		if now != nil && now.Digest == o.Digest {
			out = *now
			return nil
		}
		m := o.Manifest
		m.URL, m.Evidence = running.URL, p.links
		if p.staged != nil {
			m.From = o.From + " " + p.staged.ID
		}
		e := ledger.Entry{
			Kind: ledger.KindRelease, App: o.App, Environment: o.Environment, Commit: p.artifact.Commit(),
			Digest: o.Digest, PlatformDigest: running.PlatformDigest, By: d.By, Verdict: string(report.Pass),
		}
		if now != nil {
			e.Previous, m.Rollback = now.ID, now.ID+" "+now.Digest
		}
		if e.Data, err = json.Marshal(m); err != nil {
			return err
		}
		out, err = tx.Record(ctx, e)
		return err
	})
	return out, err
}
