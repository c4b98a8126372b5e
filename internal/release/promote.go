package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Watched is the data in the report of a promotion: the manifest of the release and, if
// the release was soaked, the measurements.
type Watched struct {
	Manifest
	Soak *Samples `json:"soak,omitempty"`
}

// Promote releases a digest into an environment and watches the release: it runs the
// checks, takes the lock, deploys, verifies the deployment, records the release, soaks
// it, and rolls back if an SLO is broken. If Promote is killed at any point, the next
// call continues.
//
// If a check refuses, Promote changes nothing and returns a report with verdict fail. If
// the target fails, or the release runs but the soak could not complete, Promote returns both
// a report with verdict fail and the error.
func Promote(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	o.KeepLock = o.Soak != nil
	released, err := d.deploy(ctx, o)
	first := released.report
	if err != nil {
		return first, err
	}
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
	if r.Verdict == report.Pass {
		r.Verdict = first.Verdict
	}
	r.Started, r.Seconds = first.Started, first.Seconds+r.Seconds
	r.SetData(Watched{Manifest: released.manifest, Soak: soaked.samples})
	for _, out := range first.Outputs {
		if r.Output(out.Name) == "" {
			r.Set(out.Name, out.Value)
		}
	}
	return r, err
}

// lock takes the lock of an environment. If another run holds the lock, held describes
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

// unlock releases the lock, even if the run was stopped. It ignores errors, because the
// lock expires.
func (d Deps) unlock(ctx context.Context, o Options) {
	_ = d.Ledger.Release(context.WithoutCancel(ctx), o.Environment)
}

// holds returns an error unless this process holds the lock of the environment.
func (d Deps) holds(ctx context.Context, o Options) error {
	return d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error { return tx.Holds(ctx, o.Environment) })
}

// seconds returns the time since a report began, in seconds.
func (d Deps) seconds(r *report.Report) float64 { return d.Now().Sub(r.Started).Seconds() }

// answersAt returns a sentence about which digest runs and at which URL.
func answersAt(digest, url string) string {
	return fmt.Sprintf("%s answers at %s", text.Short(digest), url)
}
