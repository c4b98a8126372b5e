package stage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/preview/data"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// ReleaseOptions returns what the configuration sets for releases into an environment.
func ReleaseOptions(c *config.Config, environment string) (release.Options, error) {
	e, ok := c.Environments[environment]
	if !ok {
		return release.Options{}, report.Usage(fmt.Sprintf("environment %q is not configured; environments are: %s", environment, strings.Join(c.Chain(), ", ")))
	}
	o := release.Options{
		App: c.App, Environment: environment, From: e.From, Ready: target.ReadyOf(c.ReadyOf(environment)), Port: e.Port, Env: e.Env,
		Migrate: target.MigrationOf(e.Migrate), Services: target.ServicesOf(c.Services),
		Require: requirements(c, environment), Manifest: release.Manifest{Config: sha(c.Source()), Env: slices.Sorted(maps.Keys(e.Env))},
	}
	for _, other := range c.Environments {
		o.Followed = o.Followed || other.From == environment
	}
	if s := e.Soak; s != nil {
		o.Soak = &release.Soak{
			For: s.For.D(), AtLeast: s.AtLeast, Every: s.Every.D(), Path: c.ReadyOf(environment).Path,
			Availability: s.SLO.Availability, ErrorRate: s.SLO.ErrorRate, P95: s.SLO.P95.D(),
		}
	}
	return o, nil
}

// requirements returns the evidence that an image needs for an environment.
func requirements(c *config.Config, environment string) []evidence.Requirement {
	from := c.Environments[environment].From
	return evidence.Required(from, len(c.Environments) == 1, from != "" && c.Environments[from].Soak != nil)
}

// PreviewPolicy returns what the configuration sets for all previews. repository is
// owner/name on GitHub, or "".
func PreviewPolicy(c *config.Config, repository string) preview.Policy {
	p := c.Preview
	out := preview.Policy{
		App: c.App, Repository: repository, TTL: p.TTL.D(), MaxTTL: p.MaxTTL.D(),
		Limits: budget.Limits{
			Limit: p.Limit.Repository, Author: p.Limit.Author, Currency: "USD", SweepEvery: p.SweepEvery.D(),
			Prices: budget.Prices{CPU: *p.Prices.CPU, Memory: *p.Prices.Memory, Storage: *p.Prices.Storage, Resources: p.Prices.Resources},
		},
	}
	if b := p.Budget; b != nil {
		out.PerDay, out.Currency, out.Alert = b.PerDay, b.Currency, b.Alert
	}
	return out
}

// PreviewOptions returns what the configuration sets for one preview of an image. dir
// is where its seed runs.
func PreviewOptions(c *config.Config, policy preview.Policy, name, digest, dir string) preview.UpOptions {
	p := c.Preview
	return preview.UpOptions{
		Policy: policy, Name: name, Digest: digest, Ready: target.ReadyOf(p.Ready), Env: p.Env, Migrate: target.MigrationOf(p.Migrate), Services: target.ServicesOf(c.Services),
		Seed:       data.Seed{Run: p.Seed, Dir: dir},
		CostCentre: p.CostCentre, KeepFailed: p.OnFailure == "keep",
	}
}
