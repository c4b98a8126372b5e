package path

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/doctor"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// PreviewSweep is `goldenpath preview sweep`.
type PreviewSweep struct {
	DryRun string `help:"Show what would be removed and change nothing. Default: true in a manually started workflow (workflow_dispatch), otherwise false, also in a terminal." placeholder:"BOOL"`
	Config string `help:"Read the configuration from this file and use no checkout, as the controller in a cluster does. Only for target kubernetes." placeholder:"FILE" type:"path"`
	Every  string `help:"How often this command runs by itself. It is recorded, and reports show until when a preview is removed. Default: the schedule of the workflow run." placeholder:"DURATION"`
	GitHub
	Cluster
	Where
	command.Output
}

// Do removes the previews that are due for removal.
func (c *PreviewSweep) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if c.Config == "" {
		p, err := c.previews(ctx, env, c.GitHub, c.Cluster, anyPreview, true)
		if err != nil {
			return nil, err
		}
		return p.sweep(ctx, c.Every, c.DryRun)
	}
	w, err := installed(env, c.Config, c.GitHub, c.Cluster)
	if err != nil {
		return nil, err
	}
	p, err := w.previews(ctx, c.GitHub, anyPreview, true)
	if err != nil {
		return nil, err
	}
	return p.sweep(ctx, c.Every, c.DryRun)
}

// installed returns a world without a repository: the configuration is a file, and the
// cluster keeps the ledger.
func installed(env *command.Env, file string, g GitHub, c Cluster) (*world, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("--config: %v: set it to a .goldenpath.yml", err))
	}
	cfg, err := config.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", file, err)
	}
	if t := cfg.Preview.Target; t != "kubernetes" {
		return nil, report.Usage(fmt.Sprintf("--config %s: preview.target is %s, and only the previews of kubernetes can be swept without a checkout", file, t))
	}
	w := &world{env: env, name: g.repository(env), token: g.Token, repo: filepath.Dir(file), config: cfg, cluster: c, ledger: &ledger.Ledger{Now: env.Now}}
	if w.name == "" {
		return nil, report.Usage("--repository is not set: previews are found by the name of their repository, owner/name")
	}
	return w, nil
}

// sweep removes what is due.
func (p *previews) sweep(ctx context.Context, every, dry string) (*report.Report, error) {
	byHand := p.env.Runner.EventName() == "workflow_dispatch"
	dryRun, err := boolean("dry-run", dry, byHand)
	if err != nil {
		return nil, err
	}
	if p.missing != "" {
		return noPreview(p.env, "preview-sweep", p.config.App, p.missing), nil
	}
	sweeper, err := p.sweeper(every)
	if err != nil {
		return nil, err
	}
	rep, err := p.removeDue(ctx, preview.SweepOptions{Policy: p.policy, Sweeper: sweeper, DryRun: dryRun})
	if rep != nil && dryRun && dry == "" {
		rep.Checks = append(rep.Checks, report.Check{Name: "dry run", State: report.OK, Result: "the default in a manually started workflow", Note: "set dry-run: false to remove the previews"})
	}
	return rep, err
}

// removeDue sweeps, and removes the tags and the addresses of what is gone.
func (p *previews) removeDue(ctx context.Context, o preview.SweepOptions) (*report.Report, error) {
	deps, gone := p.removing()
	rep, err := preview.Sweep(ctx, deps, o)
	if rep != nil && !o.DryRun {
		p.untag(ctx, rep, gone.names)
		p.announce().Swept(ctx, rep)
	}
	return rep, err
}

// sweeper returns what repeats this sweep.
func (p *previews) sweeper(every string) (preview.Sweeper, error) {
	if every != "" {
		d, err := config.ParseDuration(every)
		if err != nil {
			return preview.Sweeper{}, report.Usage("--every: " + err.Error())
		}
		return preview.Sweeper{Name: "controller", Every: d}, nil
	}
	e, err := p.env.Runner.Event()
	if err != nil || e.Schedule == "" {
		return preview.Sweeper{}, err
	}
	d, err := doctor.LongestPause([]string{e.Schedule})
	if err != nil || d <= 0 {
		return preview.Sweeper{}, err
	}
	return preview.Sweeper{Name: "schedule", Every: d}, nil
}

// sweepTime is how long a deployment's run may take to remove what is due.
const sweepTime = time.Minute

// sweepDue removes the previews that are closed or have expired, as a part of a run that
// deploys another one. It never fails the run: what it could not do, the next sweep does.
// It returns a row for the report, and how many previews were removed.
func (p *previews) sweepDue(ctx context.Context) (c report.Check, removed int) {
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	c = report.Check{Name: "sweep", State: report.OK, Result: "nothing was due"}
	swept, err := p.removeDue(ctx, preview.SweepOptions{Policy: p.policy, OnlyDue: true})
	if swept != nil {
		_, _ = fmt.Sscan(swept.Output("removed"), &removed)
		c.Seconds = swept.Seconds
	}
	if removed > 0 {
		c.Result = english.Plural(removed, "preview", "") + " removed: closed or expired"
	}
	if err != nil {
		c.State, c.Note = report.Skipped, "not complete: "+report.LogLine(err.Error())+"; the next sweep tries again"
	}
	return c, removed
}
