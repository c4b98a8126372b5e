package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Watched is the data of a promotion's report: the manifest of the release and,
// if the release was watched, what the soak measured.
type Watched struct {
	Manifest
	Soak *Samples `json:"soak,omitempty"`
}

// Promote releases a digest into an environment and watches it there: decide,
// lock, deploy, read back, record, soak, and roll back if an SLO breaks. If it is
// killed at any point, the next call continues from what it finds.
//
// A refusal is a report with verdict fail; nothing has changed then. If the
// release runs and the soak could not complete, Promote returns both a report
// with verdict fail and the error.
func Promote(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	o.KeepLock = o.Soak != nil
	released, err := d.deploy(ctx, o)
	if err != nil {
		return nil, err
	}
	first := released.report
	if first.Verdict == report.Fail || o.Soak == nil || o.DryRun {
		return first, nil
	}
	soaked, err := d.watch(ctx, o)
	r := soaked.report
	if r == nil {
		// The release runs, and it is not known whether it is good.
		r = &report.Report{Commit: first.Commit, Digest: first.Digest}
		fail(r, report.ReasonIncomplete, "release "+first.Output("release")+" runs, but its soak could not complete")
	}
	r.Name, r.Subject = first.Name, first.Subject
	r.Checks = append(first.Checks, r.Checks...)
	r.Started, r.Seconds = first.Started, first.Seconds+r.Seconds
	r.SetData(Watched{Manifest: released.manifest, Soak: soaked.samples})
	for _, out := range first.Outputs {
		if r.Output(out.Name) == "" {
			r.Set(out.Name, out.Value)
		}
	}
	return r, err
}

// lock takes the lock of an environment. If another run holds it, held names
// that run.
func (d Deps) lock(ctx context.Context, o Options, purpose string) (held *ledger.LockedError, err error) {
	life := lockLife
	if o.Soak != nil {
		life += o.Soak.limit() // the lock must outlive the soak
	}
	err = d.Ledger.Acquire(ctx, ledger.Lock{Environment: o.Environment, Digest: o.Digest, Purpose: purpose, By: d.By}, life)
	if errors.As(err, &held) {
		return held, nil
	}
	if err != nil {
		d.unlock(ctx, o) // it may have been taken before the call was stopped
	}
	return nil, err
}

// unlock releases the lock, also if the run was stopped. An error does not change
// the result of the run: the lock expires.
func (d Deps) unlock(ctx context.Context, o Options) {
	_ = d.Ledger.Release(context.WithoutCancel(ctx), o.Environment)
}

// holds fails unless this process holds the lock of the environment.
func (d Deps) holds(ctx context.Context, o Options) error {
	return d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error { return tx.Holds(ctx, o.Environment) })
}

// seconds is the time since a report began.
func (d Deps) seconds(r *report.Report) float64 { return d.Now().Sub(r.Started).Seconds() }

// answersAt describes where a release runs.
func answersAt(digest, url string) string {
	return fmt.Sprintf("%s answers at %s", text.Short(digest), url)
}
