package localpath

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// stage is one step of the path. What it needs of the stages before is in their
// reports.
type stage struct {
	name     string
	does     string // for the plan
	run      func(ctx context.Context, w *walk) (*report.Report, error)
	checkout bool                                    // reads files of the commit, and what the checks left among them
	after    string                                  // stage that must run again before this one
	holds    func(ctx context.Context, w *walk) bool // whether what an earlier call made is still there
}

// stages is the path: the product's table of contents.
func (w *walk) stages() []stage {
	path := []stage{
		{name: "validate", does: "read the configuration, check the commit out", run: validate, checkout: true},
		{name: "test", does: "run the checks in order", run: test, checkout: true},
		{name: "package", does: "build, pack into an image, sign its provenance", run: pack, checkout: true, holds: packed},
		{name: "security-gate", does: "secrets, dependencies, configuration, workflows", run: securityGate, checkout: true},
		{name: "preview", does: "raise the preview and wait until this commit answers", run: previewUp, checkout: true},
		{name: "battery", does: "smoke, contract, integration tests against the preview", run: previewBattery, checkout: true, after: "preview"},
		{name: "scorecard", does: "grade the candidate, remove the preview", run: grade, checkout: true},
	}
	chain := w.config.Chain()
	for i, environment := range chain {
		e := w.config.Environments[environment]
		does := "promote the same digest"
		if e.Soak == nil {
			does += " and run the battery against it"
		}
		path = append(path, stage{
			name: environment, does: does, run: promoteTo(environment), checkout: e.Soak == nil,
			holds: func(ctx context.Context, w *walk) bool { return w.runs(ctx, environment) },
		})
		if e.Soak == nil {
			continue
		}
		name := "soak"
		if i < len(chain)-1 {
			name = "soak-" + environment
		}
		path = append(path, stage{
			name: name, does: "watch " + environment + ", roll back when an SLO breaks", run: soakIn(environment),
			holds: func(ctx context.Context, w *walk) bool {
				_, soaked := w.released(ctx, environment)
				return soaked
			},
		})
	}
	return path
}

func stageNames(path []stage) []string {
	names := make([]string, len(path))
	for i, s := range path {
		names[i] = s.name
	}
	return names
}

// planned is the dry run: the document of the real run, without results.
func (w *walk) planned(path []stage) *report.Report {
	r := &report.Report{
		Name: "run", Subject: w.config.App, Commit: w.source.commit, Verdict: report.Pass, Reason: report.ReasonPlanned,
		Title: "nothing was changed: this is the plan", Started: w.Now().UTC(),
	}
	for _, s := range path {
		r.Checks = append(r.Checks, report.Check{Name: s.name, State: report.Skipped, Result: s.does})
	}
	return r
}
