package localpath

import (
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// ReleaseOptions is what the configuration says of promoting a digest into an
// environment. The promote command and the run share it.
func ReleaseOptions(c *config.Config, environment, digest string) (release.Options, error) {
	e, ok := c.Environments[environment]
	if !ok {
		return release.Options{}, report.Usage(fmt.Sprintf("no environment %q; environments are: %s", environment, strings.Join(c.Chain(), ", ")))
	}
	o := release.Options{
		App: c.App, Environment: environment, From: e.From, Digest: digest, Ready: Ready(c.ReadyOf(environment)),
		Port: e.Port, Env: e.Env,
		Manifest: release.Manifest{Version: digest[:min(len(digest), 19)]},
	}
	if s := e.Soak; s != nil {
		o.Soak = &release.Soak{
			For: s.For.D(), AtLeast: s.AtLeast, Every: s.Every.D(), Path: c.ReadyOf(environment).Path,
			Availability: s.SLO.Availability, ErrorRate: s.SLO.ErrorRate, P95: s.SLO.P95.D(),
		}
	}
	// An environment that soaks has no battery of its own.
	o.Require = Requirements(e.From, len(c.Environments) == 1, c.Environments[e.From].Soak == nil)
	return o, nil
}

// PreviewPolicy is what the configuration says of previews in general.
func PreviewPolicy(c *config.Config, repository string) preview.Policy {
	p := c.Preview
	out := preview.Policy{
		App: c.App, Repository: repository, TTL: p.TTL.D(), MaxTTL: p.MaxTTL.D(), SweepEvery: p.SweepEvery.D(),
		Limit: p.Limit.Repository, Author: p.Limit.Author, Currency: "USD",
		Prices: preview.Prices{CPU: *p.Prices.CPU, Memory: *p.Prices.Memory, Storage: *p.Prices.Storage, Resources: p.Prices.Resources},
	}
	if b := p.Budget; b != nil {
		out.PerDay, out.Currency, out.Alert = b.PerDay, b.Currency, b.Alert
	}
	return out
}
