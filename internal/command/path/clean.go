package path

import (
	"context"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
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
	return "Removes reports and logs of earlier runs, logs of deployments that failed, and the build folder with installed dependencies. Images of this machine's registry are removed too, except those that run and those of the last 10 releases of each environment: goldenpath rollback cannot return to an older release afterwards. The ledger, the evidence, the signing key and running environments stay. The next run makes a new checkout and installs the dependencies again. Each run removes the oldest reports by itself."
}

// Do removes what earlier runs left.
func (c *Clean) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	return c.every(ctx, env, "", c.clean)
}

// clean removes what earlier runs of one app left.
func (c *Clean) clean(ctx context.Context, w *world) (*report.Report, error) {
	r := &report.Report{Name: "clean", Verdict: report.Pass, Reason: report.ReasonRemoved, Started: w.env.Now().UTC()}
	var all []run.Old
	var err error
	if c.DryRun {
		r.Reason = report.ReasonPlanned
		all, err = run.Removable(w.state, w.build())
	} else {
		all, err = run.Clean(w.state, w.build())
	}
	if err != nil {
		return nil, err
	}
	images, err := w.cleanImages(ctx, c.DryRun)
	if err != nil {
		return nil, err
	}
	all = append(all, images...)
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
	r.Seconds = w.env.Now().Sub(r.Started).Seconds()
	return r, nil
}

// keptReleases is how many releases of an environment keep their images.
const keptReleases = 10

// cleanImages removes the images of this machine that neither run nor belong to one of the
// last releases of an environment. It removes none without a configuration, which names the
// repository.
func (w *world) cleanImages(ctx context.Context, dry bool) ([]run.Old, error) {
	cfg, err := config.Read(w.repo)
	if err != nil || !w.local {
		return nil, nil
	}
	repository, err := w.registry.Repository(cfg.Artifact.Image)
	if err != nil {
		return nil, err
	}
	alive, err := w.alive(ctx)
	if err != nil {
		return nil, err
	}
	keep := map[string]bool{}
	for _, digest := range alive {
		keep[digest] = true
	}
	err = w.ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		entries, err := tx.Entries(ctx, "")
		if err != nil {
			return err
		}
		count := map[string]int{}
		for _, e := range slices.Backward(entries) { // the newest first
			if e.Kind != ledger.KindRelease && e.Kind != ledger.KindRollback {
				continue
			}
			if count[e.Environment]++; count[e.Environment] <= keptReleases {
				keep[e.Digest] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	images, err := repository.Prune(ctx, dry, func(digest string) bool { return keep[digest] })
	if err != nil {
		return nil, err
	}
	var all []run.Old
	for _, one := range images {
		all = append(all, run.Old{What: "image without a recent release", Bytes: one.Bytes, Path: one.Digest[:min(19, len(one.Digest))]})
	}
	return all, nil
}

// build returns the folder in which goldenpath run builds.
func (w *world) build() string { return run.BuildFolder(command.CacheFolder(w.env), w.state) }
