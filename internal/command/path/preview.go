package path

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/localpath"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// PreviewUp is `goldenpath preview up`.
type PreviewUp struct {
	Name   string `help:"Name of the preview, such as pr-12. Default: pr-NUMBER in a pull request's run."`
	Digest string `help:"Artifact to deploy, sha256:…." required:""`
	TTL    string `name:"ttl" help:"How long it lives, such as 24h. Default: preview.ttl; clamped by preview.max-ttl." placeholder:"DURATION"`
	DryRun bool   `help:"Print the plan and change nothing."`
	Where
	command.Output
}

// Do raises the preview.
func (c *PreviewUp) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.configured(ctx, env)
	if err != nil {
		return nil, err
	}
	name, err := previewName(env, c.Name)
	if err != nil {
		return nil, err
	}
	p := w.config.Preview
	ttl := p.TTL.D()
	if c.TTL != "" {
		if ttl, err = config.ParseDuration(c.TTL); err != nil {
			return nil, report.Usage("--ttl: " + err.Error())
		}
		ttl = min(ttl, p.MaxTTL.D())
	}
	return preview.Up(ctx, w.previewDeps(), preview.UpOptions{
		App: w.config.App, Name: name, Digest: c.Digest, TTL: max(ttl, time.Minute), Env: p.Env, Seed: p.Seed, Dir: w.repo, DryRun: c.DryRun,
		Ready: localpath.Ready(p.Ready),
	})
}

func previewName(env *command.Env, name string) (string, error) {
	if name != "" {
		return name, nil
	}
	if n := env.Runner.PullRequest(); n > 0 {
		return fmt.Sprintf("pr-%d", n), nil
	}
	return "", report.Usage("no name: give --name, such as pr-12 (a pull request's run knows its own)")
}

func (w *world) previewDeps() preview.Deps {
	return preview.Deps{
		Target: w.target, Repository: w.repository, Ledger: w.ledger, Now: w.env.Now, By: w.env.Runner.Identity(), Guard: w.guard(),
	}
}

// PreviewDown is `goldenpath preview down`.
type PreviewDown struct {
	Name   string `help:"Name of the preview, such as pr-12. Default: pr-NUMBER in a pull request's run."`
	DryRun bool   `help:"Say what would be removed and change nothing."`
	Where
	command.Output
}

// Do removes the preview.
func (c *PreviewDown) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.configured(ctx, env)
	if err != nil {
		return nil, err
	}
	name, err := previewName(env, c.Name)
	if err != nil {
		return nil, err
	}
	return preview.Down(ctx, w.previewDeps(), w.config.App, name, c.DryRun)
}

// PreviewList is `goldenpath preview list`.
type PreviewList struct {
	Where
	command.Output
}

// Do lists.
func (c *PreviewList) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.configured(ctx, env)
	if err != nil {
		return nil, err
	}
	return preview.List(ctx, w.previewDeps(), w.config.App)
}
