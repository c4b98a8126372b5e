package path

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// ReleaseList is `goldenpath release list`.
type ReleaseList struct {
	Named
	Environment string `help:"Include only this environment. Default: all environments." placeholder:"NAME" near:"env"`
	Where
	command.Output
}

// Do lists the releases in the ledger.
func (c *ReleaseList) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	name, err := either(c.Name, c.Environment, "--environment")
	if err != nil {
		return nil, err
	}
	return c.every(ctx, env, name, func(ctx context.Context, w *world) (*report.Report, error) { return w.releases(ctx, name) })
}

// releases lists the releases of one app, in one environment or all of them.
func (w *world) releases(ctx context.Context, name string) (*report.Report, error) {
	alive, err := w.alive(ctx)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "release-list", Verdict: report.Pass, Reason: report.ReasonOK, Started: w.env.Now().UTC()}
	s := report.Section{Title: "releases", Open: true, Head: []string{"release", "now", "kind", "environment", "target", "commit", "digest", "when", "verdict", "by"}}
	err = w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		if err := w.lists(ctx, tx, name); err != nil {
			return err
		}
		all, err := tx.Entries(ctx, name)
		if err != nil {
			return err
		}
		now, undone := map[string]string{}, map[string]bool{}
		for _, e := range all {
			if e.Kind == ledger.KindRollback {
				undone[e.Environment+" "+e.Replaces] = true
			}
		}
		for _, e := range all {
			if e.Kind == ledger.KindPreview {
				continue
			}
			id, known := now[e.Environment]
			if !known {
				switch at, err := tx.Current(ctx, e.Environment); {
				case err == nil:
					id = at.ID + at.Kind
				case !errors.Is(err, ledger.ErrNone):
					return err
				}
				now[e.Environment] = id
			}
			mark := ""
			switch {
			case id == e.ID+e.Kind:
				mark = state(e, alive)
			case undone[e.Environment+" "+e.ID] && e.Kind != ledger.KindSoak:
				mark = "rolled back"
			}
			s.Rows = append(s.Rows, []string{e.ID, mark, e.Kind, e.Environment, e.Target.Kind, e.Commit[:min(7, len(e.Commit))], e.Digest[:min(19, len(e.Digest))],
				e.Time.Format(time.RFC3339), strings.TrimSpace(e.Verdict + " " + e.Reason), e.By})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.Title = english.Plural(len(s.Rows), "entry", "entries")
	if remote := w.ledger.Unread(ctx); remote != "" {
		r.Title += fmt.Sprintf(" in the ledger of this clone; the ledger of %s was not read: --ledger-remote %[1]s reads it", remote)
	}
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	return r, nil
}

// lists returns an error if name is neither "" nor an environment.
func (w *world) lists(ctx context.Context, tx *ledger.Tx, name string) error {
	if name == "" {
		return nil
	}
	all, err := tx.Environments(ctx)
	if err != nil {
		return err
	}
	if cfg, err := config.Read(w.repo); err == nil && cfg.Walkable() == nil {
		w.config = cfg
		all = append(w.names(), all...)
	}
	if len(all) == 0 || slices.Contains(all, name) {
		return nil
	}
	slices.Sort(all)
	return unknownEnvironment(name, slices.Compact(all))
}

// alive returns the digests that run on this machine, by environment.
func (w *world) alive(ctx context.Context) (map[string]string, error) {
	all, err := w.target.All(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range all {
		if e.Alive {
			out[e.Environment] = e.Digest
		}
	}
	return out, nil
}

// state says whether the current release of an environment runs. Other targets than this
// machine are not asked.
func state(e ledger.Entry, alive map[string]string) string {
	switch {
	case e.Target.Kind != "process":
		return "current, not asked"
	case alive[e.Environment] == e.Digest:
		return "runs"
	}
	return "stopped"
}

// ReleaseShow is `goldenpath release show`.
type ReleaseShow struct {
	ID          string `arg:"" optional:"" name:"release" help:"Id of the release, such as 2026.11.21-1. Default: the current one."`
	Environment string `help:"Environment of the release. Default: the last one in .goldenpath.yml (usually production) that has the release." placeholder:"NAME" near:"env"`
	Release     string `help:"Id of the release, as the argument." placeholder:"RELEASE" near:"id,to"`
	Where
	command.Output
}

// Do shows one entry of the ledger.
func (c *ReleaseShow) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	id, err := either(c.ID, c.Release, "--release")
	if err != nil {
		return nil, err
	}
	w, err := c.configured(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	environment, err := w.holder(ctx, c.Environment, id)
	if err != nil {
		return nil, err
	}
	if err := w.knowsRelease(ctx, environment, id); err != nil {
		return nil, err
	}
	var e ledger.Entry
	err = w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if id == "" {
			e, err = tx.Current(ctx, environment)
		} else {
			e, err = tx.Find(ctx, environment, id, "")
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

// holder returns the environment to look for a release in: the last one of the path that
// has it, because a release has the same id in each of its environments.
func (w *world) holder(ctx context.Context, name, id string) (string, error) {
	if name != "" {
		return w.environment(ctx, name)
	}
	names := w.names()
	found := ""
	err := w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		for _, name := range names {
			var err error
			if id == "" {
				_, err = tx.Current(ctx, name)
			} else {
				_, err = tx.Find(ctx, name, id, "")
			}
			if err == nil {
				found = name
			} else if !errors.Is(err, ledger.ErrNone) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return w.environment(ctx, found)
}

// knowsRelease returns an error with the closest id if an environment does not have a
// release.
func (w *world) knowsRelease(ctx context.Context, environment, id string) error {
	if id == "" {
		return nil
	}
	return w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		if _, err := tx.Find(ctx, environment, id, ""); !errors.Is(err, ledger.ErrNone) {
			return err
		}
		all, err := tx.Entries(ctx, environment)
		if err != nil {
			return err
		}
		var ids []string
		for _, e := range slices.Backward(all) {
			if e.Kind == ledger.KindRelease || e.Kind == ledger.KindRollback {
				ids = append(ids, e.ID)
			}
		}
		hint := ""
		if len(ids) > 0 {
			hint = "; its newest releases are: " + strings.Join(ids[:min(5, len(ids))], ", ") + config.Suggest(id, ids)
		}
		return report.Usage(fmt.Sprintf("%s does not have a release %.80q%s\n  try: goldenpath release list %[1]s", environment, id, hint))
	})
}
