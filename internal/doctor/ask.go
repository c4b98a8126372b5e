package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/github"
)

// seen is an answer, or why there is none.
type seen[T any] struct {
	value T
	err   error
}

// hub is everything that GitHub was asked.
type hub struct {
	repository   github.Repository
	rules        seen[github.Rules]
	protection   seen[github.Rules]
	tags         seen[[]github.TagRules]
	immutable    seen[bool]
	environments seen[[]github.Environment]
	branches     map[string]seen[[]string] // that may deploy, by environment
	policy       seen[github.ActionsPolicy]
	token        seen[github.JobToken]
	subject      seen[github.Subject]
	secrets      seen[[]string]
	own          map[string]seen[[]string] // secrets, by environment
	sweeps       map[string]scheduled      // by file
}

// scheduled is what GitHub tells of a workflow that sweeps.
type scheduled struct {
	workflow seen[github.Workflow]
	runs     seen[[]github.Run]
}

// asker asks until GitHub gives no answer: what is down for one call is down for
// the next, and each would try for seconds.
type asker struct{ down error }

func one[T any](a *asker, call func() (T, error)) seen[T] {
	if a.down != nil {
		return seen[T]{err: a.down}
	}
	v, err := call()
	var d *github.Denied
	if err != nil && !errors.As(err, &d) {
		a.down = err
	}
	return seen[T]{v, err}
}

// ask asks GitHub everything. Without the repository itself there is no hub.
func ask(ctx context.Context, p *patient) (*hub, error) {
	g, a := p.GitHub, &asker{}
	r, err := g.Repository(ctx)
	if err != nil {
		return nil, fmt.Errorf("examine %s: %w", p.o.Repository, err)
	}
	h := &hub{repository: r, branches: map[string]seen[[]string]{}, own: map[string]seen[[]string]{}, sweeps: map[string]scheduled{}}
	h.rules = one(a, func() (github.Rules, error) { return g.BranchRules(ctx, r.Branch) })
	h.protection = one(a, func() (github.Rules, error) { return g.BranchProtection(ctx, r.Branch) })
	h.tags = one(a, func() ([]github.TagRules, error) { return g.TagRules(ctx) })
	h.immutable = one(a, func() (bool, error) { return g.ImmutableReleases(ctx) })
	h.environments = one(a, func() ([]github.Environment, error) { return g.Environments(ctx) })
	for _, e := range h.environments.value {
		if !slices.Contains(p.deployed(), e.Name) {
			continue // others are not of the path
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
	for _, w := range p.sweepers() {
		s := scheduled{workflow: one(a, func() (github.Workflow, error) { return g.Workflow(ctx, w.file) })}
		if s.workflow.err == nil {
			s.runs = one(a, func() ([]github.Run, error) { return g.Runs(ctx, w.file, "schedule") })
		}
		h.sweeps[w.file] = s
	}
	if a.down != nil {
		return h, fmt.Errorf("examine %s: %w", p.o.Repository, a.down)
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

// free: GitHub says that the plan has no rulesets for this repository.
func (h *hub) free() bool {
	return planned(h.rules.err) || planned(h.tags.err) || planned(h.protection.err)
}
