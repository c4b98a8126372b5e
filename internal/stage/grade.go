package stage

import (
	"context"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scorecard"
)

// Results holds the reports of other stages about a candidate.
type Results struct {
	JUnit     []string       // files of the checks and the battery
	Unmatched []string       // patterns of JUnit files that match none
	Gate      *report.Report // nil: the gate has not run
}

// Grade grades a commit as a release candidate. dir is the checkout. digest is the image,
// or "" if no image was built yet. h is the history of releases, or nil if the repository
// releases nothing.
func Grade(ctx context.Context, c Commit, cfg *config.Config, h *History, dir, digest string, found Results, now time.Time) (*report.Report, error) {
	candidate := NewCandidate(ctx, c, cfg, h, digest)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return scorecard.Grade(scorecard.Options{
		App: cfg.App, Commit: c.ID, Digest: digest, Dir: dir, Must: cfg.Scorecard.Must, Started: now.UTC(),
		JUnit: found.JUnit, Unmatched: found.Unmatched, NoJUnit: writesNoJUnit(cfg), Gate: found.Gate,
		Requirements: cfg.Scorecard.Requirements, Migrations: cfg.Scorecard.Migrations, Flags: cfg.Flags, Prompts: cfg.LLM.Prompts,
		Messages: candidate.Messages, NewMigrations: candidate.Migrations, Environment: candidate.Environment, Previous: candidate.Previous,
	})
}

// JUnitOf returns the JUnit files that a report of the checks or the battery lists. A
// nil report lists none.
func JUnitOf(r *report.Report) ([]string, error) {
	if r == nil {
		return nil, nil
	}
	d, err := report.DataOf[battery.Data](r)
	return d.JUnit, err
}

// writesNoJUnit reports whether a configuration declares commands, none of which writes
// JUnit: the repository has not asked for a count of its tests.
func writesNoJUnit(cfg *config.Config) bool {
	all := slices.Concat(cfg.Checks, cfg.Battery.Steps)
	return len(all) > 0 && !slices.ContainsFunc(all, func(s config.Step) bool { return s.JUnit != "" })
}
