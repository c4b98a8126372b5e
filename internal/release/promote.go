package release

import (
	"context"
	"errors"
	"fmt"
	"time"

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
// that run. A lock that is taken from another run is a row of the report.
func (d Deps) lock(ctx context.Context, o Options, purpose string, over func(ledger.Lock) (string, bool)) (taken []report.Check, held *ledger.LockedError, err error) {
	from, err := d.Ledger.Acquire(ctx, ledger.Lock{Environment: o.Environment, Digest: o.Digest, Purpose: purpose, By: d.By}, lockLife, func(l ledger.Lock) (string, bool) {
		if over != nil {
			if reason, may := over(l); may {
				return reason, true
			}
		}
		return o.BreakLock, o.BreakLock != ""
	})
	if errors.As(err, &held) {
		return nil, held, nil
	}
	if err != nil {
		d.unlock(ctx, o) // it may have been taken before the call was stopped
		return nil, nil, err
	}
	if from != nil {
		taken = append(taken, report.Check{Name: "lock", State: report.Warned, Result: fmt.Sprintf("taken from %s (%s since %s)", from.By, from.Purpose, from.Acquired.Format(time.RFC3339)), Note: report.LogLine(from.Reason)})
	}
	return taken, nil, nil
}

// errTaken reports that another run has the lock now.
var errTaken = errors.New("another run has taken over")

// alive keeps the lock alive until stop is called. If another run takes it, the context ends
// with an error that wraps errTaken.
func (d Deps) alive(ctx context.Context, o Options) (held context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := d.beat(ctx, o, ""); err != nil {
					cancel(err)
				}
			}
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

// beat says that this run is alive, for a new purpose unless that is "". An error means that it has lost the lock: a ledger that
// cannot be reached for a while does not stop it.
func (d Deps) beat(ctx context.Context, o Options, purpose string) error {
	err := d.Ledger.Renew(ctx, o.Environment, purpose, lockLife)
	if errors.As(err, new(*ledger.LockedError)) || errors.Is(err, ledger.ErrNone) {
		return fmt.Errorf("%w: %w", errTaken, err)
	}
	return nil
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
