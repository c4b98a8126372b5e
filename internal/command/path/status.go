package path

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Status is `goldenpath status`.
type Status struct {
	Named
	Environment string `help:"Ask the target of this environment. Default: everything that runs on this machine, and what the ledger knows of other targets." placeholder:"NAME" near:"env"`
	Cluster
	Where
	command.Output
}

var statusHead = []string{"environment", "state", "url", "release", "commit", "restarts", "since", "digest", "target"}

// Do lists the environments that run on this machine, which may differ from the ledger.
// Environments elsewhere are listed as the ledger has them, and are not asked.
func (c *Status) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	name, err := either(c.Name, c.Environment, "--environment")
	if err != nil {
		return nil, err
	}
	if name != "" {
		return c.ask(ctx, env, name)
	}
	return c.every(ctx, env, "", list)
}

// list lists the environments of one app.
func list(ctx context.Context, w *world) (*report.Report, error) {
	all, err := w.target.All(ctx)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "status", Verdict: report.Pass, Reason: report.ReasonOK, Title: english.Plural(len(all), "environment", "") + " on this machine", Started: w.env.Now().UTC()}
	s := report.Section{Title: "environments", Open: true, Head: statusHead}
	released, err := w.current(ctx)
	if err != nil {
		return nil, err
	}
	if cfg, err := config.Read(w.repo); err == nil && cfg.Walkable() == nil {
		w.config = cfg
	}
	var elsewhere []string
	stopped := func(name string) {
		if again := w.startAgain(released[name]); again != "" {
			r.Checks = append(r.Checks, report.Check{Name: name, State: report.Skipped, Result: "stopped", Note: again})
		}
	}
	for _, e := range all {
		if e.Place == "" {
			e.Place = "process"
		}
		if !e.Alive {
			stopped(e.Environment)
		}
		s.Rows = append(s.Rows, row(r, e, released[e.Environment]))
		delete(released, e.Environment)
	}
	for _, name := range sorted(released) {
		e := released[name]
		state := "not asked"
		if e.Target.Kind == "process" {
			state = "stopped"
			stopped(name)
		} else {
			elsewhere = append(elsewhere, name)
		}
		s.Rows = append(s.Rows, []string{name, state, "", e.ID, e.Commit[:min(7, len(e.Commit))], "", e.Time.UTC().Format(time.RFC3339), e.Digest, report.LogLine(e.Target.String())})
	}
	if len(elsewhere) > 0 {
		r.Title += "; goldenpath status " + elsewhere[0] + " asks its target"
	}
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	r.SetData(all)
	return r, nil
}

// row returns the row of an environment that was asked.
func row(r *report.Report, e target.Running, released ledger.Entry) []string {
	state := "runs"
	if !e.Alive {
		state = "dead"
		r.Verdict, r.Reason = report.Warn, report.ReasonNotRunning
	}
	if c, stores := release.StoredData(e); stores {
		c.Result = e.Environment + ": " + c.Result
		r.Checks, r.Verdict = append(r.Checks, c), report.Warn
	}
	id := released.ID
	if released.Digest != e.Digest {
		id = "" // it runs something else, such as a preview or a deployment that was not recorded
	}
	return []string{
		e.Environment, state, e.URL, id, e.Commit[:min(7, len(e.Commit))], strconv.Itoa(e.Restarts), e.Started.UTC().Format(time.RFC3339), e.Digest, report.LogLine(e.Place),
	}
}

// ask reads one environment from its target.
func (c *Status) ask(ctx context.Context, env *command.Env, name string) (*report.Report, error) {
	w, err := c.configured(ctx, env, GitHub{}, c.Cluster)
	if err != nil {
		return nil, err
	}
	if name, err = w.environment(ctx, name); err != nil {
		return nil, err
	}
	released, err := w.current(ctx)
	if err != nil {
		return nil, err
	}
	e := w.config.Environments[name]
	t, err := w.access().Open(e.Deploy, e.Namespace)
	if err != nil {
		return nil, err
	}
	place, err := t.Place(name)
	if err != nil {
		return nil, fmt.Errorf("cannot find the target of %s: %w", name, err)
	}
	r := &report.Report{Name: "status", Subject: name, Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	at := ledger.Target{Kind: place.Kind, Place: report.LogLine(place.Name)}
	if last, ok := released[name]; ok && !last.Target.Same(at) {
		r.Verdict, r.Reason = report.Fail, report.ReasonOtherTarget
		r.Title = fmt.Sprintf("release %s of %s ran on another target: %s; this command would ask %s, and asked nothing", last.ID, name, report.LogLine(last.Target.String()), report.LogLine(place.String()))
		return r, nil
	}
	running, err := t.Status(ctx, name)
	if errors.Is(err, target.ErrNotDeployed) {
		r.Title = fmt.Sprintf("%s does not run: %s", name, report.LogLine(place.String()))
		r.Verdict, r.Reason = report.Warn, report.ReasonNotRunning
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	running.Place = place.String()
	r.Title = fmt.Sprintf("%s on %s", name, report.LogLine(running.Place))
	r.Sections = []report.Section{{Title: "environments", Open: true, Head: statusHead, Rows: [][]string{row(r, running, released[name])}}}
	r.SetData([]target.Running{running})
	return r, nil
}

// current returns the current release of each environment in the ledger.
func (w *world) current(ctx context.Context) (map[string]ledger.Entry, error) {
	out := map[string]ledger.Entry{}
	err := w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		names, err := tx.Environments(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			switch e, err := tx.Current(ctx, name); {
			case err == nil:
				out[name] = e
			case !errors.Is(err, ledger.ErrNone):
				return err
			}
		}
		return nil
	})
	return out, err
}

func sorted(all map[string]ledger.Entry) []string { return slices.Sorted(maps.Keys(all)) }
