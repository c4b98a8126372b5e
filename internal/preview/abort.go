package preview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// abort ends a call that failed after the reservation. It keeps what a later run needs
// and undoes the rest.
func (u *up) abort(ctx context.Context, err error) error {
	if refused, ok := closed(err); ok {
		return u.remove(ctx, refused)
	}
	var failure *target.Failure
	if errors.As(err, &failure) && ctx.Err() == nil {
		// The deployment may have failed because the environment is being removed.
		if refused, ok := closed(u.precondition.check(ctx)); ok {
			return u.remove(ctx, refused)
		}
		return u.recordFailure(ctx, failure)
	}
	var refused *refusal
	switch {
	case errors.Is(err, target.ErrSuperseded):
		return u.superseded(ctx, err)
	case errors.As(err, &refused):
		return u.outdated(ctx, refused)
	case ctx.Err() != nil:
		return err // the record stays: the next call repairs the preview, or a sweep removes it
	}
	return errors.Join(err, u.rollBack(ctx))
}

// remove removes what this call deployed if the pull request was closed or the preview
// was removed during the call. If a later run has taken over, that run removes the
// deployment.
func (u *up) remove(ctx context.Context, refused *refusal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	err := u.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		_, err := u.ownRecord(ctx, tx)
		return err
	})
	if errors.Is(err, errTakenOver) {
		return refused
	}
	if err != nil && !errors.Is(err, errRemoved) {
		return err
	}
	if err := u.Target.Down(ctx, prefix+u.o.Name); err != nil {
		return fmt.Errorf("%s, but its deployment could not be removed: %w", refused.title, err)
	}
	if _, _, err := u.closeRecord(ctx, u.o.Name, "closed during the deployment", u.elapsed(), &u.record); err != nil {
		return err
	}
	return refuse(refused.reason, refused.title+" during the deployment; the deployment was removed", "")
}

// superseded returns the reason why the target reports that another run has taken over:
// the pull request was closed or has a newer commit, the preview was removed, or another
// run deploys the same commit.
func (u *up) superseded(ctx context.Context, cause error) error {
	err := u.precondition.check(ctx)
	if refused, ok := closed(err); ok {
		return u.remove(ctx, refused)
	}
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return u.outdated(ctx, refused)
	case err != nil:
		return err
	case errors.Is(cause, errRemoved):
		return u.remove(ctx, refuse(report.ReasonSuperseded, u.o.Name+" was removed", ""))
	}
	return refuse(report.ReasonSuperseded, fmt.Sprintf("%v: this run stops", cause), "see the later run")
}

// outdated ends the run of a commit that is no longer the head. If the run of the newer
// commit ended first, outdated returns an error, because then the older commit was
// deployed last.
func (u *up) outdated(ctx context.Context, refused *refusal) error {
	found, err := u.Target.Status(ctx, prefix+u.o.Name)
	if err != nil || found.Commit != u.record.Commit {
		return refused
	}
	err = u.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.ownRecord(ctx, tx)
		if errors.Is(err, errTakenOver) && r.Phase == ready && r.Commit != found.Commit {
			return fmt.Errorf("%s, and its run ended first, so %s runs the older commit %.7s: run the workflow for %.7s again", refused.title, u.o.Name, found.Commit, r.Commit)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

// rollBack ends the reservation if nothing was deployed, or restores the previous
// record if the previous generation still runs. Otherwise the record stays, and the
// next call or a sweep decides.
func (u *up) rollBack(ctx context.Context) error {
	found, err := u.Target.Status(ctx, prefix+u.o.Name)
	switch {
	case errors.Is(err, target.ErrNotDeployed):
		_, _, err := u.closeRecord(ctx, u.o.Name, "not deployed", u.elapsed(), &u.record)
		return err
	case err == nil && u.running.URL == "" && u.previous != nil && u.previous.Phase == ready && found.Digest == u.previous.Digest && found.Commit == u.previous.Commit:
		return u.restoreRecord(ctx)
	}
	return nil
}

// restoreRecord writes the previous record, with the current revision.
func (u *up) restoreRecord(ctx context.Context) error {
	err := u.Ledger.Update(ctx, "preview "+prefix+u.o.Name+": not changed", func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.ownRecord(ctx, tx)
		if err != nil {
			return err
		}
		old := *u.previous
		old.Revision, old.Pinned = r.Revision, r.Pinned
		return writeRecord(tx, old)
	})
	if errors.Is(err, target.ErrSuperseded) {
		return nil
	}
	return err
}
