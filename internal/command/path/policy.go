package path

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/targets"
)

// policy returns the policy for previews, and a check that names the source of the policy.
// For a pull request, the source is the base commit: limits, budget, prices, lifetimes and
// isolation that the pull request sets apply only after the merge. If bounds is false, the
// caller creates nothing, and the source is the checkout: a mistake in the base commit must
// not prevent the removal of a preview.
func (w *world) policy(ctx context.Context, bounds bool) (preview.Policy, report.Check, error) {
	c := report.Check{Name: "policy", State: report.OK, Result: config.File + " of the checkout"}
	e, err := w.env.Runner.Event()
	if err != nil {
		return preview.Policy{}, c, err
	}
	if bounds && e.PullRequest.Number > 0 && e.Base != "" {
		base, err := w.baseConfig(ctx, e.Base)
		switch {
		case errors.Is(err, config.ErrMissing):
			c.Result = fmt.Sprintf("the base %.7s has no %s yet: that of the change applies", e.Base, config.File)
		case err != nil:
			return preview.Policy{}, c, err
		default:
			c.Result = fmt.Sprintf("base %.7s (%s unchanged)", e.Base, config.File)
			if string(base.Source()) != string(w.config.Source()) {
				c.Result = fmt.Sprintf("base %.7s (%s is changed: limits, budget and isolation of the base apply)", e.Base, config.File)
			}
			p := &w.config.Preview
			p.MaxTTL, p.SweepEvery, p.Limit, p.Budget = base.Preview.MaxTTL, base.Preview.SweepEvery, base.Preview.Limit, base.Preview.Budget
			p.Prices, p.Isolation, p.CostCentre = base.Preview.Prices, base.Preview.Isolation, base.Preview.CostCentre
			p.TTL = min(p.TTL, p.MaxTTL)
		}
	}
	return stage.PreviewPolicy(w.config, w.name), c, nil
}

// declaredBy returns the secrets that a pull request may use: the secrets that the base
// commit declares. It returns nil if the run is not for a pull request.
func (w *world) declaredBy(ctx context.Context) (*targets.Declared, error) {
	e, err := w.env.Runner.Event()
	if err != nil || e.PullRequest.Number == 0 || e.Base == "" {
		return nil, err
	}
	base, err := w.baseConfig(ctx, e.Base)
	if errors.Is(err, config.ErrMissing) {
		err = nil
	}
	return targets.DeclaredBy(base), err
}

// fetched fetches a commit that a shallow checkout lacks.
func (w *world) fetched(ctx context.Context, commit string) error {
	if _, err := w.git.Run(ctx, "cat-file", "-e", commit+"^{commit}"); err == nil {
		return nil
	}
	_, err := w.remoteGit().Run(ctx, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
	return err
}

// baseConfig reads the configuration of the base commit. It fetches the commit if a shallow
// checkout lacks it.
func (w *world) baseConfig(ctx context.Context, base string) (*config.Config, error) {
	if err := w.fetched(ctx, base); err != nil {
		return nil, fmt.Errorf("cannot read the policy of the base commit %.7s: %w: check out with fetch-depth: 0", base, err)
	}
	file := path.Join(w.folder, config.File)
	if out, err := w.git.Run(ctx, "ls-tree", "--name-only", base, "--", file); err != nil || len(out) == 0 {
		return nil, errors.Join(config.ErrMissing, err)
	}
	out, err := w.git.Output(ctx, nil, "cat-file", "blob", base+":"+file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the policy of the base commit %.7s: %w", base, err)
	}
	c, err := config.Parse(out)
	if err != nil {
		return nil, fmt.Errorf("cannot read the policy of the base commit %.7s: %w", base, err)
	}
	return c, nil
}
