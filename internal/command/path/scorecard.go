package path

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/localpath"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scorecard"
)

// Scorecard is `goldenpath scorecard`, and the action that a repository without
// a configuration can use.
type Scorecard struct {
	Dir        string   `help:"Checkout of the commit." default:"." type:"path" placeholder:"DIR"`
	JUnit      []string `name:"junit" help:"Globs of JUnit files of the tests that ran for this commit." placeholder:"GLOB"`
	GateReport string   `help:"JSON report of security-gate." placeholder:"FILE" type:"path"`
	Digest     string   `help:"Artifact the card is about." placeholder:"DIGEST"`
	command.Output
}

// Do grades.
func (c *Scorecard) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	cfg, err := config.Read(c.Dir)
	if errors.Is(err, config.ErrMissing) {
		// Any repository can be graded: what is missing is said, nothing is
		// demanded.
		cfg, err = config.Default("repository"), nil
		cfg.Scorecard.Must = nil
	}
	if err != nil {
		return nil, err
	}
	commit, messages, err := localpath.Head(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	o := scorecard.Options{
		App: cfg.App, Commit: commit, Digest: c.Digest, Dir: c.Dir, Must: cfg.Scorecard.Must, Messages: messages,
		Requirements: cfg.Scorecard.Requirements, Migrations: cfg.Scorecard.Migrations, Flags: cfg.Flags, Prompts: cfg.LLM.Prompts, Started: env.Now().UTC(),
	}
	for _, g := range c.JUnit {
		files, err := filepath.Glob(filepath.Join(c.Dir, g))
		if err != nil {
			return nil, report.Usage(fmt.Sprintf("--junit %q is no glob: %v", g, err))
		}
		o.JUnit = append(o.JUnit, files...)
	}
	if c.GateReport != "" {
		if o.Gate, err = command.ReadReport(c.GateReport); err != nil {
			return nil, err
		}
	}
	return scorecard.Grade(o)
}
