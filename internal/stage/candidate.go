package stage

import (
	"context"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/scorecard"
)

// Candidate describes the release that a commit would make. A value that could not be read
// is unknown, never empty.
type Candidate struct {
	Environment string // that it would be released to; "": the repository releases nothing
	// Messages and Migrations are the commit messages and the migrations since the previous
	// release.
	Messages   scorecard.Input[[]string]
	Migrations scorecard.Input[[]string]
	Previous   scorecard.Input[*scorecard.Previous]
}

// History holds the ledger and the registry with the releases of an app.
type History struct {
	Ledger *ledger.Ledger
	Image  *artifact.Repository
}

// NewCandidate compares a commit with the last release in the last environment of the
// path. digest is the image of the commit, or "" if no image was built yet. In a repository
// that releases nothing, h is nil, and the commit is compared with its first parent. For a pull
// request, HEAD is the merge commit that GitHub made, and its first parent is the tip
// of the base branch, so every commit of the pull request is included.
func NewCandidate(ctx context.Context, c Commit, cfg *config.Config, h *History, digest string) Candidate {
	if h == nil {
		base, err := c.parent(ctx)
		if err != nil {
			return Candidate{Messages: scorecard.Unknown[[]string](err), Migrations: scorecard.Unknown[[]string](err)}
		}
		return c.since(ctx, cfg, base)
	}
	chain := cfg.Chain()
	environment := chain[len(chain)-1]
	last, err := h.before(ctx, environment, c.ID, digest)
	if err != nil {
		err = fmt.Errorf("read the ledger: %w", err)
		return Candidate{
			Environment: environment, Messages: scorecard.Unknown[[]string](err), Migrations: scorecard.Unknown[[]string](err),
			Previous: scorecard.Unknown[*scorecard.Previous](err),
		}
	}
	if last == nil {
		out := c.since(ctx, cfg, "")
		out.Environment, out.Previous = environment, scorecard.Known[*scorecard.Previous](nil)
		return out
	}
	out := c.since(ctx, cfg, last.Commit)
	_, pullable := h.Image.Resolve(ctx, last.Digest, v1.Platform{})
	out.Environment = environment
	out.Previous = scorecard.Known(&scorecard.Previous{ID: last.ID, Digest: last.Digest, Pullable: pullable})
	return out
}

// since compares the commit with a base. An empty base means that everything is new.
func (c Commit) since(ctx context.Context, cfg *config.Config, base string) Candidate {
	return Candidate{Messages: c.messages(ctx, base, maxCommits), Migrations: c.newMigrations(ctx, base, cfg.Scorecard.Migrations)}
}

// before returns the newest release in an environment that has neither the commit nor the
// digest of the candidate: an already released candidate is compared with the release that
// it replaced. before returns nil if there is no such release.
func (h *History) before(ctx context.Context, environment, commit, digest string) (*ledger.Entry, error) {
	var found *ledger.Entry
	err := h.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		e, err := tx.Current(ctx, environment)
		seen := map[string]bool{}
		for err == nil && (e.Commit == commit || e.Digest == digest) {
			seen[e.ID] = true
			if e.Previous == "" || seen[e.Previous] {
				return nil
			}
			e, err = tx.Find(ctx, environment, e.Previous, "")
		}
		if errors.Is(err, ledger.ErrNone) {
			return nil
		}
		found = &e
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}
