package path

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
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
	Token      string   `help:"Token that reads the ledger, and whether the release before can still be pulled: contents: read, packages: read." env:"GITHUB_TOKEN" placeholder:"TOKEN"`
	command.Output
}

// Do grades.
func (c *Scorecard) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	cfg, err := config.Read(c.Dir)
	configured := err == nil
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
		App: cfg.App, Commit: commit, Digest: c.Digest, Dir: c.Dir, Must: cfg.Scorecard.Must, Messages: scorecard.Known(messages),
		Requirements: cfg.Scorecard.Requirements, Migrations: cfg.Scorecard.Migrations, Flags: cfg.Flags, Prompts: cfg.LLM.Prompts, Started: env.Now().UTC(),
	}
	if configured && cfg.Walkable() == nil {
		chain := cfg.Chain()
		o.Environment = chain[len(chain)-1]
		if previous, err := c.previous(ctx, env, cfg); err != nil {
			o.Previous = scorecard.Unknown[*scorecard.Previous](fmt.Errorf("read the ledger: %w", err))
		} else {
			o.Previous = scorecard.Known(previous)
		}
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

// previous is the release that a rollback would return to, at the end of the path;
// nil is none. A ledger that cannot be read is no empty one.
func (c *Scorecard) previous(ctx context.Context, env *command.Env, cfg *config.Config) (*scorecard.Previous, error) {
	repo, err := localpath.Top(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	remote, err := Where{}.remote(ctx, env, repo)
	if err != nil {
		return nil, err
	}
	l := &ledger.Ledger{Dir: repo, Remote: remote, Env: gitEnv(env, c.Token), Now: env.Now}
	var last ledger.Entry
	err = l.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		chain := cfg.Chain()
		last, err = tx.Current(ctx, chain[len(chain)-1])
		return err
	})
	if errors.Is(err, ledger.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &scorecard.Previous{ID: last.ID, Digest: last.Digest}
	p.Pullable = c.pullable(ctx, env, repo, cfg.Artifact.Image, last.Digest)
	return p, nil
}

// pullable asks the registry that a release is pulled from: in a workflow's run the
// image's own, on a laptop the one in a folder.
func (c *Scorecard) pullable(ctx context.Context, env *command.Env, repo, image, digest string) error {
	folder := ""
	if !env.Runner.Present() {
		git, err := localpath.GitDir(ctx, repo)
		if err != nil {
			return err
		}
		folder = filepath.Join(git, "goldenpath", "registry")
	}
	registry, err := artifact.OpenRegistryWith(folder, c.Token)
	if err != nil {
		return err
	}
	repository, err := registry.Repository(image)
	if err != nil {
		return err
	}
	_, err = repository.Resolve(ctx, digest, v1.Platform{})
	return err
}
