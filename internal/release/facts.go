package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// facts is everything that the checks use. All facts are gathered before anything is
// changed.
type facts struct {
	now      time.Time
	artifact *artifact.Artifact  // nil: the registry does not have it
	evidence evidence.Collection // of the artifact; empty without one
	current  *ledger.Entry       // release of Options.Environment; nil: none

	// For a promotion:
	staged    *ledger.Entry   // release of Options.From; nil: none
	running   *target.Running // what Options.From runs; nil: nothing, or not asked
	withdrawn *ledger.Entry   // release that current, a rollback, replaced; nil: current is not a rollback

	// For a rollback:
	to     *ledger.Entry // release to return to; nil: none
	noneTo string        // why to is nil
}

// promotion gathers the facts for promoting o.Digest.
func (d Deps) promotion(ctx context.Context, o Options) (*facts, error) {
	f := &facts{now: d.Now().UTC()}
	if err := d.readArtifact(ctx, f, o.Digest); err != nil {
		return nil, err
	}
	if a := f.artifact; a != nil && a.Digest != o.Digest {
		return nil, report.Usage(fmt.Sprintf("cannot promote %q: a tag can be moved to another image: pass the digest, %s", o.Digest, a.Digest))
	}
	err := d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if f.current, err = current(ctx, tx, o.Environment); err != nil {
			return err
		}
		if c := f.current; c != nil && c.Kind == ledger.KindRollback && c.Replaces != "" {
			e, err := tx.Find(ctx, o.Environment, c.Replaces, "")
			if err != nil {
				return fmt.Errorf("cannot read the release that %s replaced: %w", c.ID, err)
			}
			f.withdrawn = &e
		}
		if o.From != "" {
			f.staged, err = current(ctx, tx, o.From)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.staged == nil || f.staged.Digest != o.Digest {
		return f, nil // refused whatever runs there
	}
	running, err := d.Target.Status(ctx, o.From)
	switch {
	case err == nil:
		f.running = &running
	case !errors.Is(err, target.ErrNotDeployed):
		return nil, fmt.Errorf("cannot read environment %s: %w", o.From, err)
	}
	return f, nil
}

// readArtifact reads an artifact and its evidence.
func (d Deps) readArtifact(ctx context.Context, f *facts, digest string) error {
	a, err := d.Repository.Resolve(ctx, digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f.artifact = &a
	f.evidence, err = evidence.Collect(ctx, d.Repository, d.Trust, a.Digest, d.Now())
	return err
}

// current returns the current release of an environment, or nil if it has none.
func current(ctx context.Context, tx *ledger.Tx, environment string) (*ledger.Entry, error) {
	e, err := tx.Current(ctx, environment)
	if errors.Is(err, ledger.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &e, nil
}
