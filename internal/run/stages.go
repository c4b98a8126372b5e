package run

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// step is one stage of a run. It reads the results of earlier stages from their
// reports.
type step struct {
	name     string
	does     string // for the plan
	run      func(ctx context.Context, x *execution) (*report.Report, error)
	checkout bool                                         // needs the checkout, with what earlier stages left in it
	after    string                                       // stage that must run again before this one
	holds    func(ctx context.Context, x *execution) bool // reports whether the result of an earlier call still exists; nil: always
}

// stages lists the whole path.
func (x *execution) stages() []step {
	all := []step{
		{name: "validate", does: "read the configuration and check out the commit", run: validate, checkout: true},
		{name: "test", does: "run the checks in order", run: test, checkout: true},
		{name: "package", does: "build the image and sign its provenance", run: pack, checkout: true, holds: packaged},
		{name: "security-gate", does: "scan secrets, dependencies, configuration, workflows", run: securityGate, checkout: true},
		{name: "preview", does: "deploy the preview and wait until this commit answers", run: previewUp, checkout: true, holds: previewRuns},
		{name: "battery", does: "test the preview", run: previewBattery, checkout: true, after: "preview"},
		{name: "scorecard", does: "grade the candidate", run: grade, checkout: true},
		{name: "preview-down", does: "remove the preview", run: previewDown},
	}
	chain := x.Config.Chain()
	for i, environment := range chain {
		all = append(all, environmentSteps(environment, x.Config.Environments[environment], i == len(chain)-1)...)
	}
	return all
}

// environmentSteps lists the stages of one environment.
func environmentSteps(environment string, e config.Environment, last bool) []step {
	does := "promote the same digest"
	if e.Soak == nil {
		does += " and run the battery against it"
	}
	all := []step{{
		name: environment, does: does, run: promote(environment), checkout: e.Soak == nil,
		holds: func(ctx context.Context, x *execution) bool { return x.runsIn(ctx, environment) },
	}}
	if e.Soak == nil {
		return all
	}
	name := "soak"
	if !last {
		name = "soak-" + environment
	}
	return append(all, step{
		name: name, does: "watch " + environment + " and roll back if an SLO is missed", run: soak(environment),
		holds: func(ctx context.Context, x *execution) bool {
			_, soaked := x.released(ctx, environment)
			return soaked
		},
	})
}

func names(all []step) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s.name
	}
	return out
}

func validate(ctx context.Context, x *execution) (*report.Report, error) {
	if err := x.checkOut(ctx); err != nil {
		return nil, err
	}
	return stage.Validate(ctx, x.Job)
}

func test(ctx context.Context, x *execution) (*report.Report, error) {
	return stage.Test(ctx, x.Job, stage.Shard{})
}

// pack builds the image with stage.Package and signs the same evidence that stage.Push and
// stage.Attest sign on GitHub.
func pack(ctx context.Context, x *execution) (*report.Report, error) {
	started := x.Now().UTC()
	r, err := stage.Package(ctx, x.Job)
	if err != nil || r.Verdict == report.Fail {
		return r, err
	}
	provenance, err := stage.SignProvenance(ctx, x.Job, r.Digest, started)
	if err != nil {
		return nil, err
	}
	r.Checks = append(r.Checks, provenance)
	return r, x.attest(ctx, r.Digest, x.reports["test"])
}

func securityGate(ctx context.Context, x *execution) (*report.Report, error) {
	return x.attested(ctx)(stage.SecurityGate(ctx, x.Job, x.digest()))
}

func previewUp(ctx context.Context, x *execution) (*report.Report, error) {
	x.previewed = true
	return stage.PreviewUp(ctx, x.Job, x.digest(), !x.keepsPreview())
}

func previewBattery(ctx context.Context, x *execution) (*report.Report, error) {
	return x.battery(ctx, stage.PreviewEnvironment(stage.LocalPreview), "battery")
}

func grade(ctx context.Context, x *execution) (*report.Report, error) {
	found := stage.Results{Gate: x.reports["security-gate"]}
	for _, name := range []string{"test", "battery"} {
		files, err := stage.JUnitOf(x.reports[name])
		if err != nil {
			return nil, err
		}
		found.JUnit = append(found.JUnit, files...)
	}
	history := &stage.History{Ledger: x.Ledger, Image: x.Image}
	return x.attested(ctx)(stage.Grade(ctx, x.Job.Commit, x.Config, history, x.Dir, x.digest(), found, x.Now()))
}

func previewDown(ctx context.Context, x *execution) (*report.Report, error) {
	r, err := stage.PreviewDown(ctx, x.Job)
	x.previewed = x.previewed && err != nil
	return r, err
}
