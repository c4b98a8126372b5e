package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// deployed is the outcome of a deployment.
type deployed struct {
	report   *report.Report
	manifest Manifest // of the release; empty if nothing was released
}

// Deploy does the same as Promote, but without the soak.
func Deploy(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	out, err := d.deploy(ctx, o)
	return out.report, err
}

func (d Deps) deploy(ctx context.Context, o Options) (deployed, error) {
	f, err := d.promotion(ctx, o)
	if err != nil {
		return deployed{}, err
	}
	plan := decide(o, f, promotionChecks)
	r := plan.newReport("promote", o, f)
	switch {
	case plan.refused():
		return deployed{report: r}, nil
	case o.DryRun:
		d.planned(ctx, o, r)
		return deployed{report: r}, nil
	}
	purpose := "promote"
	if o.KeepLock {
		purpose = "promote and soak"
	}
	taken, held, err := d.lock(ctx, o, purpose, nil)
	if err != nil {
		return deployed{}, err
	}
	if held != nil {
		locked(r, held)
		return deployed{report: r}, nil
	}
	kept, stop := d.alive(ctx, o)
	out, err := d.deployLocked(kept, o)
	stop()
	if out.report != nil {
		out.report.Checks = append(taken, out.report.Checks...)
	}
	if err != nil || out.report.Verdict == report.Fail {
		d.unlock(ctx, o)
	}
	return out, err
}

// deployLocked runs the checks again, because the facts may have changed before the lock
// was taken, and then deploys.
func (d Deps) deployLocked(ctx context.Context, o Options) (deployed, error) {
	f, err := d.promotion(ctx, o)
	if err != nil {
		return deployed{}, err
	}
	plan := decide(o, f, promotionChecks)
	r := plan.newReport("promote", o, f)
	if plan.refused() {
		return deployed{report: r}, nil
	}
	if out, err := d.resumeRollback(ctx, o, f, r); out.report != nil || err != nil {
		return out, err
	}
	d.say("deploy %s", text.Short(o.Digest))
	running, err := d.apply(ctx, o, *f.artifact, r)
	if refusal := (*target.Refusal)(nil); errors.As(err, &refusal) {
		fail(r, report.ReasonRefused, refusal.Error())
		return deployed{report: r}, nil
	}
	if err, ok := reported(r, o.Environment, err); ok {
		return deployed{report: r}, err
	}
	if err != nil {
		return deployed{}, err
	}
	entry, err := d.record(ctx, o, f, running)
	if err != nil {
		return deployed{}, err
	}
	manifest, err := manifestOf(entry)
	if err != nil {
		return deployed{}, err
	}
	r.Checks = append(r.Checks,
		report.Check{Name: "deployed", State: report.OK, Result: answersAt(running.Digest, running.URL), Note: "read back from the target"},
		report.Check{Name: "release", State: report.OK, Result: entry.ID, Note: "recorded in branch " + ledger.Branch})
	r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPromoted, fmt.Sprintf("release %s runs at %s", entry.ID, running.URL)
	if len(running.Lost) > 0 {
		r.Verdict = report.Warn
	}
	r.Seconds = d.seconds(r)
	r.Set("release", entry.ID)
	r.Set("url", running.URL)
	r.SetData(manifest)
	return deployed{r, manifest}, nil
}

// resumeRollback finds a release whose soak failed but that was not rolled back, because
// the run was killed in between. The release is not deployed again: the call of Watch
// that follows rolls it back. If there is no such release, the outcome is empty.
func (d Deps) resumeRollback(ctx context.Context, o Options, f *facts, r *report.Report) (deployed, error) {
	c := f.current
	if o.Soak == nil || c == nil || c.Digest != o.Digest {
		return deployed{}, nil
	}
	soak, err := d.soakOf(ctx, o.Environment, c.ID)
	if err != nil || soak == nil || soak.Verdict != string(report.Fail) {
		return deployed{}, err
	}
	earlier, err := d.earlier(ctx, o.Environment, *c, true)
	if err != nil || len(earlier) == 0 {
		return deployed{}, err
	}
	manifest, err := manifestOf(*c)
	if err != nil {
		return deployed{}, err
	}
	r.Checks = append(r.Checks, report.Check{Name: "deployed", State: report.Warned, Result: "not again: release " + c.ID + " broke its SLO", Note: "this release is rolled back next"})
	fail(r, report.ReasonSoakFailed, fmt.Sprintf("release %s broke its SLO and was not rolled back yet", c.ID))
	if o.KeepLock {
		r.Verdict = report.Warn
	}
	r.Set("release", c.ID)
	r.SetData(manifest)
	return deployed{r, manifest}, nil
}

// apply deploys an artifact and reads from the target what runs. Both the digest of the
// index and that of the platform's manifest must match the deployed artifact. The plan of
// the deployment, if the target makes one, is added to the report.
func (d Deps) apply(ctx context.Context, o Options, a artifact.Artifact, r *report.Report) (target.Running, error) {
	t := target.Deployment{
		App: o.App, Environment: o.Environment, Commit: a.Commit(), Digest: o.Digest,
		Image: a.Image, Env: o.Env, Secrets: o.Secrets, Migrate: o.Migrate, Services: o.Services, Port: o.Port, Ready: o.Ready, KeepFailed: true,
		Say: func(p target.Phase) {
			d.say("%s %s", p.Name, p.Detail)
			target.AddPlan(r, p)
		},
	}
	if d.Reference != nil {
		t.Reference = d.Reference(o.Digest)
	}
	done, err := d.Target.Deploy(ctx, t)
	if err != nil {
		return target.Running{}, fmt.Errorf("cannot deploy %s into %s: %w", text.Short(o.Digest), o.Environment, err)
	}
	running, err := d.Target.Status(ctx, o.Environment)
	switch {
	case err != nil:
		return running, fmt.Errorf("cannot check the deployment in %s: %w", o.Environment, err)
	case running.Digest != o.Digest || running.PlatformDigest != a.PlatformDigest:
		return running, fmt.Errorf("the deployment did not take effect: environment %s runs %s (%s), not %s (%s): deploy again", o.Environment,
			text.Short(running.Digest), text.Short(running.PlatformDigest), text.Short(o.Digest), text.Short(a.PlatformDigest))
	case !running.Alive:
		return running, fmt.Errorf("the deployment in %s did not last: %s was deployed, but it no longer runs: read its log, then deploy again", o.Environment, text.Short(o.Digest))
	}
	if running.Lost = done.Lost; len(done.Lost) > 0 {
		r.Checks = append(r.Checks, MovedData(done.Lost, done.LostIn))
	}
	return running, nil
}

// record records the release in the ledger. If an earlier, killed promotion has already
// recorded the release, record returns that entry. Unless the caller keeps the lock, it is
// released in the same commit.
func (d Deps) record(ctx context.Context, o Options, f *facts, running target.Running) (ledger.Entry, error) {
	var out ledger.Entry
	err := d.Ledger.Update(ctx, "release "+o.Environment, func(ctx context.Context, tx *ledger.Tx) error {
		if err := tx.Holds(ctx, o.Environment); err != nil {
			return err
		}
		now, err := current(ctx, tx, o.Environment)
		if err != nil {
			return err
		}
		if !o.KeepLock {
			tx.Unlock(o.Environment)
		}
		if now != nil && now.Digest == o.Digest && now.Target.Same(recorded(f.at.Place)) {
			out = *now
			return nil
		}
		m := o.Manifest
		m.URL, m.Evidence = running.URL, links(o, f)
		if f.staged != nil {
			m.From = o.From + " " + f.staged.ID
		}
		e := ledger.Entry{
			Kind: ledger.KindRelease, App: o.App, Environment: o.Environment, Target: recorded(f.at.Place), Commit: f.artifact.Commit(),
			Digest: o.Digest, PlatformDigest: running.PlatformDigest, By: d.By, Verdict: string(report.Pass),
		}
		if now != nil {
			e.Previous, m.Rollback = now.ID, now.ID+" "+now.Digest
		}
		if e.Data, err = json.Marshal(m); err != nil {
			return err
		}
		if f.staged != nil { // a release has one id on its way, unless the environment has an entry with it
			if _, err := tx.Find(ctx, o.Environment, f.staged.ID, ""); errors.Is(err, ledger.ErrNone) {
				e.ID = f.staged.ID
			}
		}
		if out, err = tx.Record(ctx, e); err != nil || !o.KeepLock {
			return err
		}
		return tx.Renew(ctx, o.Environment, ledger.PurposeSoak, lockLife)
	})
	return out, err
}

// DataCheck is the check about files that an application stores beside its program.
const DataCheck = "data"

// MovedData says where the files are that a deployment that ended had stored beside its
// program.
func MovedData(lost []string, to string) report.Check {
	return storedData("what the release that ended wrote beside its program (" + english.WordSeries(lost, "and") + ") was moved to " + to)
}

// StoredData warns of files that an application stores where the next release will not have
// them.
func StoredData(running target.Running) (report.Check, bool) {
	if len(running.Stored) == 0 {
		return report.Check{}, false
	}
	return storedData("the next release starts without what the app wrote beside its program (" + english.WordSeries(running.Stored, "and") + ")"), true
}

func storedData(result string) report.Check {
	return report.Check{Name: DataCheck, State: report.Warned, Result: result, Note: "store data below $GOLDENPATH_DATA, which stays"}
}
