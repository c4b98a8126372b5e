package path

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/targets"
)

// Promote is `goldenpath promote`.
type Promote struct {
	Named
	Environment string `help:"Environment to promote to. Default: the last one in .goldenpath.yml (usually production)." placeholder:"NAME" near:"to,env,target"`
	Digest      string `help:"Digest of the image to promote, sha256:…. Default: the digest that runs in the previous environment." placeholder:"DIGEST"`
	Release     string `help:"Roll back to this earlier release instead, such as 2026.11.21-1, or the word \"previous\" for the most recent good release before the current one." placeholder:"RELEASE"`
	Reason      string `help:"Reason for the rollback, or for breaking a lock. It is recorded in the ledger." placeholder:"TEXT"`
	Again       bool   `help:"Promote the image, or return to the release, even though it was rolled back."`
	Older       bool   `help:"Promote the image even though its commit is older than the one that runs."`
	BreakLock   bool   `help:"Take the lock of another run, for the reason in --reason. Use it if that run has ended: its lock ends by itself 15 minutes later."`
	Moved       bool   `help:"Accept releases that ran on another target, because the environment has moved."`
	DryRun      bool   `help:"Print the plan and change nothing."`
	GitHub
	Cluster
	Where
	command.Output
}

// previousRelease is the value of --release that means the most recent good release before
// the current one.
const previousRelease = "previous"

// Do promotes an image. With --release it rolls back.
func (c *Promote) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	name, err := either(c.Name, c.Environment, "--environment")
	if err != nil {
		return nil, err
	}
	switch {
	case c.Release != "" && c.Digest != "":
		return nil, report.Usage("--digest promotes and --release rolls back: set only one of the two flags")
	case c.Release != "" && c.Reason == "":
		return nil, report.Usage("--release needs --reason, which is recorded in the ledger")
	case c.BreakLock && c.Reason == "":
		return nil, report.Usage("--break-lock needs --reason, which is recorded in the ledger")
	case c.Release == "" && c.Reason != "" && !c.BreakLock:
		return nil, report.Usage("--reason applies only to --release and --break-lock: a promotion has no reason")
	case c.Release != "":
		back := Rollback{Environment: name, To: c.Release, Reason: c.Reason, Again: c.Again, Moved: c.Moved, BreakLock: c.BreakLock, DryRun: c.DryRun, GitHub: c.GitHub, Cluster: c.Cluster, Where: c.Where}
		if c.Release == previousRelease {
			back.To = ""
		}
		return back.Do(ctx, env)
	}
	w, err := c.configured(ctx, env, c.GitHub, c.Cluster)
	if err != nil {
		return nil, err
	}
	environment, err := w.environment(ctx, name)
	if err != nil {
		return nil, err
	}
	digest := c.Digest
	if digest == "" {
		if digest, err = w.staged(ctx, environment); err != nil {
			return nil, err
		}
	}
	o, err := stage.PromoteOptions(ctx, w.git, w.folder, w.config, w.repository, environment, digest)
	if err != nil {
		return nil, err
	}
	o.DryRun, o.Again, o.Older, o.Moved = c.DryRun, c.Again, c.Older, c.Moved
	if c.BreakLock {
		o.BreakLock = c.Reason
	}
	d, err := w.releaseDeps(ctx, &o)
	if err != nil {
		return nil, err
	}
	rep, err := release.Promote(ctx, d, o)
	if rep != nil && !c.DryRun {
		w.tagRelease(ctx, rep, environment)
	}
	return rep, err
}

// releaseDeps returns the services of a release. It also reads the secrets of the
// environment into o.
func (w *world) releaseDeps(ctx context.Context, o *release.Options) (d release.Deps, err error) {
	if o.Secrets, err = w.access().Secrets(w.config, o.Environment); err != nil {
		return d, err
	}
	key, err := w.keys().Verifier(ctx)
	if err != nil {
		return d, err
	}
	all := targets.Environments{}
	for _, name := range []string{o.Environment, o.From} {
		e, ok := w.config.Environments[name]
		if !ok {
			continue
		}
		t, err := w.access().Open(e.Deploy, e.Namespace)
		if err != nil {
			return release.Deps{}, err
		}
		all[name] = t
	}
	return release.Deps{
		Target: all, Repository: w.repository, Reference: w.repository.Pull, Ledger: w.ledger, Trust: evidence.Trust(key), Indicator: indicator.HTTP{}, Now: w.env.Now,
		By: w.env.Runner.Identity(), Say: w.say,
	}, nil
}

// staged returns the digest of the current release in the previous environment.
func (w *world) staged(ctx context.Context, environment string) (string, error) {
	from := w.config.Environments[environment].From
	if from == "" {
		return "", report.Usage(fmt.Sprintf("no digest to promote: %s is the first environment, so set --digest", environment))
	}
	if err := w.released(ctx, from, "goldenpath promote "+w.config.LocalName(environment)); err != nil {
		return "", err
	}
	var digest string
	err := w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		e, err := tx.Current(ctx, from)
		digest = e.Digest
		if errors.Is(err, ledger.ErrNone) {
			return report.Usage(fmt.Sprintf("no digest to promote: %s has no release; promote a digest to %[1]s first", from))
		}
		return err
	})
	return digest, err
}

// Rollback is `goldenpath rollback`.
type Rollback struct {
	ID          string `arg:"" optional:"" name:"release" help:"Release to return to, as with --to."`
	Environment string `help:"Environment to roll back. Default: the last one in .goldenpath.yml (usually production)." placeholder:"NAME" near:"env,target"`
	To          string `help:"Release to return to, such as 2026.11.21-1. Default: the most recent good release before the current one." placeholder:"RELEASE" near:"release,id"`
	Reason      string `help:"Reason for the rollback. It is recorded in the ledger." required:""`
	Again       bool   `help:"Return to the release even though it was rolled back, or its soak failed."`
	BreakLock   bool   `help:"Take the lock of another run that deploys. A rollback takes the lock of one that only watches by itself."`
	Moved       bool   `help:"Accept releases that ran on another target, because the environment has moved."`
	DryRun      bool   `help:"Print the plan and change nothing."`
	GitHub
	Cluster
	Where
	command.Output
}

// Do rolls the environment back.
func (c *Rollback) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	to, err := either(c.ID, c.To, "--to")
	if err != nil {
		return nil, err
	}
	w, err := c.configured(ctx, env, c.GitHub, c.Cluster)
	if err != nil {
		return nil, err
	}
	if to != "" && w.isEnvironment(to) {
		return nil, report.Usage(fmt.Sprintf("%s is an environment, not a release\n  try: goldenpath rollback --environment %[1]s --reason %q", to, c.Reason))
	}
	environment, err := w.environment(ctx, c.Environment)
	if err != nil {
		return nil, err
	}
	if err := w.released(ctx, environment, fmt.Sprintf("goldenpath rollback --environment %s --reason %q", w.config.LocalName(environment), c.Reason)); err != nil {
		return nil, err
	}
	o, err := stage.ReleaseOptions(w.config, environment)
	if err != nil {
		return nil, err
	}
	o.DryRun, o.Again, o.Moved = c.DryRun, c.Again, c.Moved
	if c.BreakLock {
		o.BreakLock = c.Reason
	}
	if err := w.knowsRelease(ctx, environment, to); err != nil {
		return nil, err
	}
	d, err := w.releaseDeps(ctx, &o)
	if err != nil {
		return nil, err
	}
	return release.Rollback(ctx, d, release.RollbackOptions{Options: o, To: to, Reason: c.Reason})
}
