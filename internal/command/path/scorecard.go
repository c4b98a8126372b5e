package path

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/junit"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/run"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// Scorecard is `goldenpath scorecard`. The action of that name also works in a
// repository without a configuration.
type Scorecard struct {
	Dir        string   `help:"Checkout of the commit." default:"." type:"path" placeholder:"DIR"`
	JUnit      []string `name:"junit" help:"Globs of the JUnit files of the commit's tests, absolute or relative to the checkout. ** stands for any number of folders. If a glob matches nothing, the tests are graded as missing." placeholder:"GLOB"`
	GateReport string   `help:"JSON report of security-gate." placeholder:"FILE" type:"path"`
	Digest     string   `help:"Digest of the image that is graded." placeholder:"DIGEST"`
	Token      string   `help:"Token that reads the ledger and the image of the previous release. Needs the permissions contents: read and packages: read." env:"GITHUB_TOKEN" placeholder:"TOKEN"`
	command.Output
}

// Help is shown by --help.
func (Scorecard) Help() string {
	return "Grades the checked-out commit. After goldenpath run on this machine, it uses the reports of that run, unless a flag names others. Compares the commit with the last release. In a repository that releases nothing, it compares the commit with its first parent. The clone must have the history between them (fetch-depth: 0); a dimension (one row of the scorecard) that needs missing history is graded as missing."
}

// Do grades the commit.
func (c *Scorecard) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	repo, folder, err := application(ctx, env, c.Dir)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(repo.Dir(), filepath.FromSlash(folder))
	commit, err := stage.Resolve(ctx, repo, folder, "HEAD")
	if err != nil {
		return nil, err
	}
	cfg, history, last, err := c.history(ctx, env, commit, dir)
	if err != nil {
		return nil, err
	}
	if last != nil {
		r, err := stage.Grade(ctx, commit, cfg, history, dir, last.Digest, last.Results, env.Now())
		if err != nil {
			return nil, err
		}
		r.Checks = append(r.Checks, report.Check{Name: "inputs", State: report.OK, Result: "the reports of goldenpath run for this commit, " + humanize.RelTime(last.Ended, env.Now(), "ago", "from now")})
		return r, nil
	}
	var found stage.Results
	if found.JUnit, found.Unmatched, err = junit.Find(c.Dir, c.JUnit...); err != nil {
		return nil, err
	}
	if c.GateReport != "" {
		if found.Gate, err = command.ReadReport(c.GateReport); err != nil {
			return nil, err
		}
	}
	return stage.Grade(ctx, commit, cfg, history, dir, c.Digest, found, env.Now())
}

// history returns the configuration of the commit and the history of its releases. A
// repository without a configuration has no releases and no requirements. On this machine,
// history also returns what a run of the commit reported, unless flags name other reports.
func (c *Scorecard) history(ctx context.Context, env *command.Env, commit stage.Commit, dir string) (*config.Config, *stage.History, *run.Last, error) {
	cfg, err := commit.ReadConfig(ctx)
	if errors.Is(err, config.ErrMissing) {
		cfg = config.Default("repository")
		cfg.Scorecard.Must = nil
		return cfg, nil, nil, nil
	}
	if err != nil || cfg.Walkable() != nil {
		return cfg, nil, nil, err // a configuration of the gate alone releases nothing
	}
	where := Where{Repo: dir}
	if env.Runner.Present() {
		where.Registry = remoteRegistry
	}
	w, err := where.open(ctx, env, GitHub{Token: c.Token}, Cluster{})
	if err != nil {
		return nil, nil, nil, err
	}
	var last *run.Last
	if !env.Runner.Present() && c.GateReport == "" && len(c.JUnit) == 0 && c.Digest == "" {
		if last, err = run.LastRun(w.state, commit, cfg, env.Now()); err != nil {
			return nil, nil, nil, err
		}
		if last != nil {
			cfg = config.Laptop(cfg) // the run compared with the releases of this machine
		}
	}
	images, err := w.registry.Repository(cfg.Artifact.Image)
	return cfg, &stage.History{Ledger: w.ledger, Image: images}, last, err
}
