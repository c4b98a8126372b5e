package path

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

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
	Environment string `help:"Environment to promote to. Default: the last one in .goldenpath.yml (usually production)." placeholder:"NAME"`
	Digest      string `help:"Digest of the image to promote, sha256:…. Default: the digest that runs in the previous environment." placeholder:"DIGEST"`
	Release     string `help:"Roll back to this earlier release instead, such as 2026.11.21-1, or the word \"previous\" for the most recent good release before the current one." placeholder:"RELEASE"`
	Reason      string `help:"Reason for the rollback. It is recorded in the ledger." placeholder:"TEXT"`
	Again       bool   `help:"Promote the image even though it was rolled back."`
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
	switch {
	case c.Release != "" && c.Digest != "":
		return nil, report.Usage("--digest promotes and --release rolls back: set only one of the two flags")
	case c.Release != "" && c.Reason == "":
		return nil, report.Usage("--release needs --reason, which is recorded in the ledger")
	case c.Release == "" && c.Reason != "":
		return nil, report.Usage("--reason applies only to --release: a promotion has no reason")
	case c.Release != "":
		back := Rollback{Environment: c.Environment, To: c.Release, Reason: c.Reason, DryRun: c.DryRun, GitHub: c.GitHub, Cluster: c.Cluster, Where: c.Where}
		if c.Release == previousRelease {
			back.To = ""
		}
		return back.Do(ctx, env)
	}
	w, err := c.configured(ctx, env, c.GitHub, c.Cluster)
	if err != nil {
		return nil, err
	}
	environment, digest := w.environment(c.Environment), c.Digest
	if digest == "" {
		if digest, err = w.staged(ctx, environment); err != nil {
			return nil, err
		}
	}
	o, err := stage.PromoteOptions(ctx, w.git, w.config, w.repository, environment, digest)
	if err != nil {
		return nil, err
	}
	o.DryRun, o.Again = c.DryRun, c.Again
	d, err := w.releaseDeps(ctx, &o)
	if err != nil {
		return nil, err
	}
	return release.Promote(ctx, d, o)
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
	Environment string `help:"Environment to roll back. Default: the last one in .goldenpath.yml (usually production)." placeholder:"NAME"`
	To          string `help:"Release to return to, such as 2026.11.21-1. Default: the most recent good release before the current one." placeholder:"RELEASE"`
	Reason      string `help:"Reason for the rollback. It is recorded in the ledger." required:""`
	DryRun      bool   `help:"Print the plan and change nothing."`
	GitHub
	Cluster
	Where
	command.Output
}

// Do rolls the environment back.
func (c *Rollback) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.configured(ctx, env, c.GitHub, c.Cluster)
	if err != nil {
		return nil, err
	}
	o, err := stage.ReleaseOptions(w.config, w.environment(c.Environment))
	if err != nil {
		return nil, err
	}
	o.DryRun = c.DryRun
	d, err := w.releaseDeps(ctx, &o)
	if err != nil {
		return nil, err
	}
	return release.Rollback(ctx, d, release.RollbackOptions{Options: o, To: c.To, Reason: c.Reason})
}

// ReleaseList is `goldenpath release list`.
type ReleaseList struct {
	Environment string `help:"Include only this environment. Default: all environments." placeholder:"NAME"`
	Where
	command.Output
}

// Do lists the releases in the ledger.
func (c *ReleaseList) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "release-list", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	s := report.Section{Title: "releases", Open: true, Head: []string{"release", "kind", "environment", "commit", "digest", "when", "verdict", "by"}}
	err = w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		all, err := tx.Entries(ctx, c.Environment)
		for _, e := range all {
			if e.Kind == ledger.KindPreview {
				continue
			}
			s.Rows = append(s.Rows, []string{e.ID, e.Kind, e.Environment, e.Commit[:min(7, len(e.Commit))], e.Digest[:min(19, len(e.Digest))],
				e.Time.Format(time.RFC3339), strings.TrimSpace(e.Verdict + " " + e.Reason), e.By})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r.Title = english.Plural(len(s.Rows), "entry", "entries")
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	return r, nil
}

// ReleaseShow is `goldenpath release show`.
type ReleaseShow struct {
	Environment string `help:"Environment of the release. Default: the last one in .goldenpath.yml (usually production)." placeholder:"NAME"`
	Release     string `help:"Id of the release, such as 2026.11.21-1. Default: the current one." placeholder:"RELEASE"`
	Where
	command.Output
}

// Do shows one entry of the ledger.
func (c *ReleaseShow) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.configured(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	environment := w.environment(c.Environment)
	var e ledger.Entry
	err = w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if c.Release == "" {
			e, err = tx.Current(ctx, environment)
		} else {
			e, err = tx.Find(ctx, environment, c.Release, "")
		}
		if errors.Is(err, ledger.ErrNone) {
			return report.Usage(fmt.Sprintf("%s does not have this release: goldenpath release list shows the releases", environment))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, err
	}
	r := &report.Report{
		Name: "release-show", Subject: environment, Commit: e.Commit, Digest: e.Digest, Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC(),
		Title: e.ID, Sections: []report.Section{{Title: e.ID, Open: true, Text: string(b)}},
	}
	r.SetData(e)
	return r, nil
}

// Down is `goldenpath down`.
type Down struct {
	Environment string `help:"Stop only this environment. Default: all environments." placeholder:"NAME"`
	Where
	command.Output
}

// Help is shown by --help.
func (Down) Help() string {
	return "Stops the environments that run on this machine and removes their folders. The registry, the evidence and the ledger are kept, so goldenpath run or goldenpath rollback can deploy a release again."
}

// Do stops environments.
func (c *Down) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	names := []string{c.Environment}
	if c.Environment == "" {
		all, err := w.target.All(ctx)
		if err != nil {
			return nil, err
		}
		names = nil
		for _, e := range all {
			names = append(names, e.Environment)
		}
	}
	r := &report.Report{Name: "down", Verdict: report.Pass, Reason: report.ReasonStopped, Started: env.Now().UTC()}
	for _, name := range names {
		err := w.stop(ctx, name)
		var locked *ledger.LockedError
		if errors.As(err, &locked) {
			r.Checks = append(r.Checks, report.Check{Name: name, State: report.Failed, Result: locked.Error()})
			r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonLocked, locked.Error()
			return r, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot stop %s: %w", name, err)
		}
		r.Checks = append(r.Checks, report.Check{Name: name, State: report.OK, Result: "stopped"})
	}
	r.Title = english.Plural(len(names), "environment", "") + " stopped"
	return r, nil
}

// stop stops an environment. It returns an error if a promotion or a soak is running in the
// environment.
func (w *world) stop(ctx context.Context, name string) error {
	err := w.ledger.Acquire(ctx, ledger.Lock{
		Environment: name, Purpose: "down", By: w.env.Runner.Identity(),
	}, 5*time.Minute)
	if err != nil {
		return err
	}
	defer func() { _ = w.ledger.Release(context.WithoutCancel(ctx), name) }()
	return w.target.Down(ctx, name)
}
