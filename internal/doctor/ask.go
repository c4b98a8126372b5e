package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// result is what GitHub returned, or why it returned nothing.
type result[T any] struct {
	value T
	err   error
}

// hub is everything read from GitHub.
type hub struct {
	repository   github.Repository
	rules        result[github.Rules]
	protection   result[github.Rules]
	ledger       result[github.Rules] // that apply to the ledger's branch
	tags         result[[]github.TagRules]
	immutable    result[bool]
	environments result[[]github.Environment]
	branches     map[string]result[[]string] // branches that may deploy, by environment
	policy       result[github.ActionsPolicy]
	token        result[github.JobToken]
	subject      result[github.Subject]
	secrets      result[[]string]
	own          map[string]result[[]string] // secrets, by environment
	sweeps       map[string]scheduled        // by file
}

// scheduled is what GitHub knows about a workflow that sweeps.
type scheduled struct {
	workflow result[github.Workflow]
	runs     result[[]github.Run]
}

// asker calls GitHub until a call cannot be completed. The remaining calls are then
// skipped, since each would retry for seconds.
type asker struct{ down error }

func one[T any](a *asker, call func() (T, error)) result[T] {
	if a.down != nil {
		return result[T]{err: a.down}
	}
	v, err := call()
	var d *github.Denied
	if err != nil && !errors.As(err, &d) {
		a.down = err
	}
	return result[T]{v, err}
}

// ask reads everything from GitHub. It returns no hub if it cannot read the repository.
func ask(ctx context.Context, r *repo) (*hub, error) {
	g, a := r.GitHub, &asker{}
	repository, err := g.Repository(ctx)
	if err != nil {
		return nil, fmt.Errorf("examine %s: %w", r.o.Repository, err)
	}
	h := &hub{repository: repository, branches: map[string]result[[]string]{}, own: map[string]result[[]string]{}, sweeps: map[string]scheduled{}}
	h.rules = one(a, func() (github.Rules, error) { return g.BranchRules(ctx, repository.Branch) })
	h.protection = one(a, func() (github.Rules, error) { return g.BranchProtection(ctx, repository.Branch) })
	h.ledger = one(a, func() (github.Rules, error) { return g.BranchRules(ctx, ledger.Branch) })
	h.tags = one(a, func() ([]github.TagRules, error) { return g.TagRules(ctx) })
	h.immutable = one(a, func() (bool, error) { return g.ImmutableReleases(ctx) })
	h.environments = one(a, func() ([]github.Environment, error) { return g.Environments(ctx) })
	for _, e := range h.environments.value {
		if !slices.Contains(r.deployed(), e.Name) {
			continue // not an environment of the path
		}
		if e.Branches == "patterns" {
			h.branches[e.Name] = one(a, func() ([]string, error) { return g.DeploymentBranches(ctx, e.Name) })
		}
		h.own[e.Name] = one(a, func() ([]string, error) { return g.EnvironmentSecrets(ctx, e.Name) })
	}
	h.policy = one(a, func() (github.ActionsPolicy, error) { return g.ActionsPolicy(ctx) })
	h.token = one(a, func() (github.JobToken, error) { return g.JobToken(ctx) })
	h.subject = one(a, func() (github.Subject, error) { return g.Subject(ctx) })
	h.secrets = one(a, func() ([]string, error) { return g.Secrets(ctx) })
	for _, w := range r.sweepers() {
		s := scheduled{workflow: one(a, func() (github.Workflow, error) { return g.Workflow(ctx, w.file) })}
		if s.workflow.err == nil {
			s.runs = one(a, func() ([]github.Run, error) { return g.Runs(ctx, w.file, "schedule") })
		}
		h.sweeps[w.file] = s
	}
	if a.down != nil {
		return h, fmt.Errorf("examine %s: %w", r.o.Repository, a.down)
	}
	return h, nil
}

func planned(err error) bool {
	var d *github.Denied
	return errors.As(err, &d) && d.Plan
}

func notFound(err error) bool {
	var d *github.Denied
	return errors.As(err, &d) && d.Status == http.StatusNotFound
}

// free reports whether GitHub answered that the plan has no rulesets for this repository.
func (h *hub) free() bool {
	return planned(h.rules.err) || planned(h.tags.err) || planned(h.protection.err)
}
