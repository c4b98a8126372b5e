package path

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/run"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Run is `goldenpath run`.
type Run struct {
	Commit       string `help:"Commit to run. Default: the tip of the current branch." placeholder:"COMMIT"`
	From         string `help:"Stage to start from. Default: the first that has not passed." placeholder:"STAGE"`
	Until        string `help:"Last stage to run." placeholder:"STAGE"`
	Again        bool   `help:"Promote the image although it was rolled back."`
	DryRun       bool   `help:"Print the plan and change nothing."`
	SecurityGate string `help:"The security-gate binary. Default: next to goldenpath, otherwise on PATH." placeholder:"FILE" group:"where" type:"path"`
	Databases    string `help:"Folder of advisory databases (see security-gate database). Default: goldenpath/databases in the user's cache." placeholder:"DIR" group:"where" type:"path"`
	Where
	command.Output
}

// Help is shown by --help.
func (Run) Help() string {
	return `Runs validate, test, package, security-gate, preview, battery, scorecard and preview-down, then promotes to every environment of .goldenpath.yml and watches it. Needs no network, no Docker and no account, and deploys everything on this machine. If it is interrupted, run it again: it continues with the stage that was interrupted. The report of every stage, summary.md and summary.html are in .git/goldenpath/runs.`
}

// Do runs the path.
func (c *Run) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	d := w.deps()
	d.Builder, d.Source = "", "" // this machine builds, also inside a workflow
	if d.Gate, err = c.gate(env); err != nil {
		return nil, err
	}
	key, err := w.keys().Own()
	if err != nil {
		return nil, err
	}
	d.Signer, d.Trust = key, evidence.Trust(key)
	d.DeferData = env.Runner.Present() && len(tool.Exposed(os.Environ(), w.repo)) > 0
	console := run.NewConsole(env.Stderr, env.Terminal)
	defer console.Close()
	res, err := run.Path(ctx, d, console, run.Options{Repo: w.git, State: w.state, Commit: c.Commit, From: c.From, Until: c.Until, Again: c.Again, DryRun: c.DryRun})
	if res == nil {
		return nil, err
	}
	console.Close()
	if res.Dir != "" {
		fmt.Fprintf(env.Stderr, "  reports   %s\n", filepath.Join(res.Dir, "summary.html"))
	}
	return res.Report, err
}
