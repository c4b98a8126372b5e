package path

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/target/process"
)

// Down is `goldenpath down`.
type Down struct {
	Named
	Environment string `help:"Stop only this environment. Default: all environments." placeholder:"NAME" near:"env"`
	Data        bool   `help:"Also delete the data of the environments: the files below GOLDENPATH_DATA, and databases."`
	Where
	command.Output
}

// Help is shown by --help.
func (Down) Help() string {
	return "Stops the environments that run on this machine. What an application stored in its data folder, and its database, are kept for the next deployment; --data deletes them. A preview ends with its data. Environments on other targets are not touched. The registry, the evidence and the ledger are kept, so goldenpath run or goldenpath rollback can deploy a release again."
}

// Do stops environments.
func (c *Down) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	name, err := either(c.Name, c.Environment, "--environment")
	if err != nil {
		return nil, err
	}
	return c.every(ctx, env, name, func(ctx context.Context, w *world) (*report.Report, error) { return c.down(ctx, w, name) })
}

// down stops the environments of one app, or the named one.
func (c *Down) down(ctx context.Context, w *world, name string) (*report.Report, error) {
	all, err := w.target.All(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Environment)
	}
	if c.Data {
		kept, err := w.target.Kept()
		if err != nil {
			return nil, err
		}
		names = append(names, kept...)
	}
	if cfg, err := config.Read(w.repo); err == nil && cfg.Walkable() == nil {
		w.config = cfg // else it is not known what could run here, only what does
	}
	r := &report.Report{Name: "down", Verdict: report.Pass, Reason: report.ReasonStopped, Started: w.env.Now().UTC()}
	if name != "" {
		if !slices.Contains(names, name) {
			if err := w.stoppable(name, names); err != nil {
				return nil, err
			}
			r.Checks = append(r.Checks, report.Check{Name: name, State: report.Skipped, Result: "does not run on this machine"})
			r.Title = name + " does not run on this machine: nothing was stopped"
			return r, nil
		}
		names = []string{name}
	}
	released, err := w.current(ctx)
	if err != nil {
		return nil, err
	}
	data := false
	for _, name := range names {
		left, err := w.stop(ctx, name, c.Data)
		var locked *ledger.LockedError
		if errors.As(err, &locked) {
			r.Checks = append(r.Checks, report.Check{Name: name, State: report.Failed, Result: locked.Error()})
			r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonLocked, locked.Error()
			return r, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot stop %s: %w", name, err)
		}
		r.Checks = append(r.Checks, report.Check{Name: name, State: report.OK, Result: stopped(left.Kept, c.Data), Note: w.startAgain(released[name])})
		if len(left.Lost) > 0 {
			moved := release.MovedData(left.Lost, left.LostIn)
			r.Checks, r.Verdict = append(r.Checks, moved), report.Warn
		}
		data = data || left.Kept != ""
	}
	r.Title = english.Plural(len(names), "environment", "") + " stopped"
	if data {
		r.Title += ", data kept"
	}
	return r, nil
}

// stopped says what was stopped, and what is left in the folder kept ("": nothing).
func stopped(kept string, data bool) string {
	switch {
	case kept != "":
		return "stopped; its data are kept in " + kept + " (goldenpath down --data deletes them)"
	case data:
		return "stopped; nothing of it is left"
	}
	return "stopped"
}

// stoppable returns an error unless an environment could run on this machine.
func (w *world) stoppable(name string, running []string) error {
	known := slices.Clone(running)
	if w.config != nil {
		local := config.Laptop(w.config)
		if _, ok := local.Environments[name]; ok {
			return nil
		}
		if e, ok := w.config.Environments[name]; ok {
			return report.Usage(fmt.Sprintf("%s runs on another target (%s), and goldenpath down stops only environments of this machine: nothing was stopped; on this machine it is called %s%s", name, e.Target, w.config.LocalName(name), onItsServer(w.config, name)))
		}
		for _, other := range local.Chain() {
			if !slices.Contains(known, other) {
				known = append(known, other)
			}
		}
	}
	if len(known) == 0 {
		return report.Usage(fmt.Sprintf("there is no environment %.80q on this machine: nothing was stopped", name))
	}
	return report.Usage(fmt.Sprintf("there is no environment %.80q on this machine, so nothing was stopped; environments are: %s%s", name, strings.Join(known, ", "), config.Suggest(name, known)))
}

// onItsServer names the command that removes an environment from its servers.
func onItsServer(c *config.Config, name string) string {
	e := c.Environments[name]
	if e.Target != "server" || len(e.Server) == 0 {
		return ""
	}
	return fmt.Sprintf("; on its server: ssh root@%s goldenpath host down %s %s", e.Server[0].Host, c.App, name)
}

// startAgain names the command that deploys the release of a stopped environment again, or
// returns "" if it has none.
func (w *world) startAgain(e ledger.Entry) string {
	if w.config == nil || e.ID == "" || e.Target.Kind != "process" {
		return ""
	}
	at := ""
	if w.fromTop {
		at = " --repo " + w.folder
	}
	return release.Restart(e.Environment, e.ID) + at + " starts it again"
}

// stop stops an environment and returns what is left of it. It returns an error if a
// promotion or a soak is running in the environment.
func (w *world) stop(ctx context.Context, name string, data bool) (left process.Stopped, err error) {
	_, err = w.ledger.Acquire(ctx, ledger.Lock{
		Environment: name, Purpose: "down", By: w.env.Runner.Identity(),
	}, 5*time.Minute, nil)
	if err != nil {
		return left, err
	}
	defer func() { _ = w.ledger.Release(context.WithoutCancel(ctx), name) }()
	if data || strings.HasPrefix(name, stage.PreviewEnvironment("")) {
		return left, w.target.Down(ctx, name)
	}
	return w.target.Stop(ctx, name)
}
