package path

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// Apps is `goldenpath apps`.
type Apps struct {
	Token string `help:"Token that reads the ledger. Needs the permission contents: read." env:"GITHUB_TOKEN" placeholder:"TOKEN"`
	Where
	command.Output
}

// Help is shown by --help.
func (Apps) Help() string {
	return "Lists the apps of the checked-out commit: the folders that have a .goldenpath.yml. The output \"apps\" has those that have to run, as JSON. In a run of a pull request these are the apps that it changes. Otherwise they are the apps that changed since their last release in the ledger, or have none. An app changes if a file in its folder does, or a file that is in no app's folder."
}

// Do lists the apps.
func (c *Apps) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{Token: c.Token}, Cluster{})
	if err != nil {
		return nil, err
	}
	event, err := env.Runner.Event()
	if err != nil {
		return nil, err
	}
	all, err := apps.List(ctx, w.git, "HEAD")
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "apps", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	due := apps.All{}
	for _, a := range all {
		since, why, err := w.since(ctx, event, a)
		if err != nil {
			return nil, err
		}
		n := -1 // there is nothing to compare with
		if since != "" {
			if n, err = w.changed(ctx, since, all.Others(a.Folder)); err != nil {
				return nil, fmt.Errorf("cannot compare %s with commit %.7s: %w: check out with fetch-depth: 0", a.Name, since, err)
			}
		}
		row := report.Check{Name: a.Name, State: report.OK, Note: a.Folder, Result: why}
		switch {
		case n == 0:
			row.State, row.Result = report.NotApplicable, "unchanged since "+why
		case n > 0:
			row.Result = english.Plural(n, "file", "") + " changed since " + why
		}
		if n != 0 {
			due = append(due, a)
		}
		r.Checks = append(r.Checks, row)
	}
	r.Title = fmt.Sprintf("%s, %d to run", english.Plural(len(all), "app", ""), len(due))
	b, err := json.Marshal(due)
	if err != nil {
		return nil, err
	}
	r.Set("apps", string(b))
	r.SetData(all)
	return r, nil
}

// since returns the commit with which an app is compared, and what it is. If there is none,
// the app has to run, and why says so.
func (w *world) since(ctx context.Context, e runner.Event, a apps.App) (commit, why string, err error) {
	if e.Base != "" && e.Name != "push" {
		return e.Base, "the base", nil
	}
	var last ledger.Entry
	err = w.ledger.Of(a.Folder, a.Name).View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		all, err := tx.Entries(ctx, "")
		if err != nil {
			return err
		}
		final := w.last(ctx, a)
		for _, one := range slices.Backward(all) {
			if one.Kind == ledger.KindRelease && (one.Environment == final || final == "") {
				last = one
				return nil
			}
		}
		return ledger.ErrNone
	})
	if errors.Is(err, ledger.ErrNone) {
		return "", "it has no release", nil
	}
	if err != nil {
		return "", "", err
	}
	if _, err := w.git.Run(ctx, "cat-file", "-e", last.Commit+"^{commit}"); err != nil {
		return "", fmt.Sprintf("the commit of its last release %s is not in this clone", last.ID), nil
	}
	return last.Commit, fmt.Sprintf("release %s in %s", last.ID, last.Environment), nil
}

// changed returns how many files outside of folders differ between HEAD and its common
// ancestor with a commit.
func (w *world) changed(ctx context.Context, since string, folders []string) (int, error) {
	if err := w.fetched(ctx, since); err != nil {
		return 0, err
	}
	out, err := w.git.Output(ctx, nil, "diff", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=none", "-z", since+"...HEAD")
	if err != nil {
		return 0, err
	}
	n := 0
	for name := range strings.SplitSeq(string(out), "\x00") {
		if name != "" && !apps.Within(name, folders) {
			n++
		}
	}
	return n, nil
}

// last returns the last environment of an app, or "" if its configuration has a mistake,
// which the app's own run reports.
func (w *world) last(ctx context.Context, a apps.App) string {
	b, err := w.git.Output(ctx, nil, "cat-file", "blob", "HEAD:"+a.File())
	if err != nil {
		return ""
	}
	cfg, err := config.Parse(b)
	if err != nil {
		return ""
	}
	chain := cfg.Chain()
	if len(chain) == 0 {
		return ""
	}
	return chain[len(chain)-1]
}
