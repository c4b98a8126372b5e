package path

import (
	"context"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/run"
)

// Clean is `goldenpath clean`.
type Clean struct {
	DryRun bool `help:"Show what would be removed and change nothing."`
	Where
	command.Output
}

// Help is shown by --help.
func (Clean) Help() string {
	return "Removes reports and logs of earlier runs, logs of deployments that failed, and the build folder with installed dependencies. Releases, their images and evidence, the signing key and running environments stay. The next run makes a new checkout and installs the dependencies again. Each run removes the oldest reports by itself."
}

// Do removes what earlier runs left.
func (c *Clean) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "clean", Verdict: report.Pass, Reason: report.ReasonRemoved, Started: env.Now().UTC()}
	var all []run.Old
	if c.DryRun {
		r.Reason = report.ReasonPlanned
		all, err = run.Removable(w.state, w.build())
	} else {
		all, err = run.Clean(w.state, w.build())
	}
	if err != nil {
		return nil, err
	}
	var total uint64
	s := report.Section{Title: "removed", Open: true, Head: []string{"what", "size", "where"}}
	if c.DryRun {
		s.Title = "would be removed"
	}
	for _, one := range all {
		total += uint64(one.Bytes)
		s.Rows = append(s.Rows, []string{one.What, humanize.Bytes(uint64(one.Bytes)), one.Path})
	}
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	switch {
	case len(all) == 0:
		r.Title = "there is nothing to remove"
	case c.DryRun:
		r.Title = "dry run: " + humanize.Bytes(total) + " would be removed"
	default:
		r.Title = humanize.Bytes(total) + " removed"
	}
	r.Seconds = env.Now().Sub(r.Started).Seconds()
	return r, nil
}

// build returns the folder in which goldenpath run builds.
func (w *world) build() string { return run.BuildFolder(command.CacheFolder(w.env), w.state) }
