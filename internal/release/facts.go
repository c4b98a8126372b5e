package release

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
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
	at       place               // where Options.Environment runs
	unread   string              // remote whose ledger exists and was not read; "": none

	// For a promotion:
	staged    *ledger.Entry   // release of Options.From; nil: none
	running   *target.Running // what Options.From runs; nil: nothing, or not asked
	from      place           // where Options.From runs
	withdrawn *ledger.Entry   // rollback that withdrew the digest; nil: none did
	order     git.Order       // of the commits of the artifact and of current

	// For a rollback:
	to     *ledger.Entry // release to return to; nil: none
	noneTo string        // why to is nil
	bad    string        // why to was withdrawn; "": it was not
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
		if f.withdrawn, err = tx.Withdrawn(ctx, o.Environment, o.Digest); err != nil {
			return err
		}
		if o.From != "" {
			f.staged, err = current(ctx, tx, o.From)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.current != nil && f.artifact != nil {
		f.order = d.Ledger.Git.Order(ctx, f.current.Commit, f.artifact.Commit())
	}
	if f.current == nil {
		f.unread = d.Ledger.Unread(ctx)
	}
	if err := f.place(d, o.Environment); err != nil {
		return nil, err
	}
	if f.staged == nil || f.staged.Digest != o.Digest {
		return f, nil // refused whatever runs there
	}
	if f.from = d.at(o.From); f.from.other(f.staged) {
		return f, nil // refused; the other target is not asked
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

// place finds where the environment runs. A place that cannot be found is an error,
// unless the release that runs is of another kind of target, which a check refuses.
func (f *facts) place(d Deps, environment string) error {
	f.at = d.at(environment)
	if f.at.err != nil && !f.at.other(f.current) && !f.at.other(f.to) {
		return fmt.Errorf("cannot find the target of %s: %w", environment, f.at.err)
	}
	return nil
}

// validDigest is the form of a digest. An entry of the ledger that names anything else,
// such as a tag, names no image.
var validDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

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
