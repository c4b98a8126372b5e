package path

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/run"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Run is `goldenpath run`.
type Run struct {
	Commit       string `help:"Commit to take through the stages. Default: the tip of the current branch." placeholder:"COMMIT"`
	From         string `help:"Stage to start from. Default: the first stage that has not passed." placeholder:"STAGE"`
	Until        string `help:"Last stage to run. Default: the last stage of the path." placeholder:"STAGE"`
	Again        bool   `help:"Promote the image even though it was rolled back."`
	Older        bool   `help:"Promote the image even though its commit is older than the one that runs."`
	Moved        bool   `help:"Accept releases that ran on another target, because the environments have moved to this machine."`
	Servers      bool   `help:"Deploy the environments with target server to their servers. Without it they are processes on this machine, with names of their own."`
	DryRun       bool   `help:"Print the plan and change nothing."`
	SecurityGate string `help:"The security-gate binary. Default: next to goldenpath, otherwise on PATH." placeholder:"FILE" group:"where" type:"path"`
	Databases    string `help:"Folder of advisory databases, created by security-gate database update. Default: goldenpath/databases in the user's cache folder." placeholder:"DIR" group:"where" type:"path"`
	Where
	command.Output
}

// Help is shown by --help.
func (Run) Help() string {
	return `Runs validate, test, package, security-gate, preview, battery, scorecard and preview-down, then promotes the image to every environment in .goldenpath.yml and watches each environment. Everything is deployed as processes on this machine, including production, so no network, Docker or account is needed; with --servers the environments with target server are deployed to your servers. If a run is interrupted, run the command again: it continues with the interrupted stage. The reports of all stages, summary.md and summary.html are written to .git/goldenpath/runs.`
}

// Do runs the path.
func (c *Run) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	d := w.deps()
	d.Builder, d.Source, d.Here = "", "", true // this machine builds, also inside a workflow
	if d.Gate, err = c.gate(env); err != nil {
		return nil, err
	}
	key, err := w.keys().Own()
	if err != nil {
		return nil, err
	}
	d.Signer, d.Trust = key, evidence.Trust(key)
	d.DeferData = env.Runner.Present() && len(tool.Exposed(os.Environ(), w.git.Dir())) > 0
	console := run.NewConsole(env.Stderr, env.Err)
	defer console.Close()
	o := run.Options{Repo: w.git, Folder: w.folder, State: w.state, Build: w.build(), Commit: c.Commit, From: c.From, Until: c.Until, Again: c.Again, Older: c.Older, Moved: c.Moved, DryRun: c.DryRun}
	if c.Servers {
		o.Servers = func(cfg *config.Config) (preview.Target, error) {
			a := w.access()
			if a.Images, err = w.registry.Repository(cfg.Artifact.Image); err != nil {
				return nil, err
			}
			return a.Mixed(cfg)
		}
		if err := w.ledgerOfServers(ctx); err != nil {
			return nil, err
		}
		d.Ledger = w.ledger
	}
	res, err := run.Path(ctx, d, console, o)
	if res == nil {
		return nil, err
	}
	console.Close()
	if res.Dir != "" {
		fmt.Fprintf(env.Stderr, "  reports   %s\n", filepath.Join(res.Dir, "summary.html"))
	}
	return res.Report, err
}
