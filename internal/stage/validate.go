package stage

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Validate checks the configuration and the waivers of the commit, so that a mistake
// in them is reported before the build. The outputs name the targets and the
// first and the last environment. The workflow uses them to select its jobs.
//
// In goldenpath run, where this machine builds, a configuration that needs Docker fails here
// if Docker does not run. A single command only warns: another job may build.
func Validate(ctx context.Context, j *Job) (*report.Report, error) {
	waivers, err := gate.ReadWaivers(j.Dir, j.Config.Gate.Waivers, time.Duration(j.Config.Gate.WaiverMaxAge), j.Now())
	if err != nil {
		return nil, err
	}
	r := j.report("validate")
	r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonValid, "the configuration is valid"
	r.Checks = []report.Check{
		{Name: "configuration", State: report.OK, Result: j.Commit.in(config.File)},
		{Name: "waivers", State: report.OK, Result: fmt.Sprint(len(waivers))},
		{Name: "commit", State: report.OK, Result: fmt.Sprintf("%.7s %s", j.Commit.ID, j.Commit.Title)},
	}
	state, err := j.checkState()
	if err != nil {
		return nil, err
	}
	r.Checks = append(r.Checks, state...)
	if n := j.Commit.Dirty; n > 0 {
		left := english.Plural(n, "uncommitted change is", "uncommitted changes are") + " not included"
		r.Checks = append(r.Checks, report.Check{Name: "working tree", State: report.Warned, Result: left})
		r.Title = fmt.Sprintf("the configuration of commit %.7s is valid; %s", j.Commit.ID, left)
	}
	if c, ok := j.entrypointCheck(""); ok && c.State == report.Warned {
		r.Checks = append(r.Checks, c)
	}
	if j.Builder == "" {
		j.validateDocker(ctx, r)
	}
	chain := j.Config.Chain()
	r.Set("preview", j.Config.Preview.Target)
	r.Set("target", j.Config.Environments[chain[0]].Target)
	r.Set("first", chain[0])
	r.Set("last", chain[len(chain)-1])
	return r, nil
}

// validateDocker adds whether Docker can build the image.
func (j *Job) validateDocker(ctx context.Context, r *report.Report) {
	c, ok := j.dockerCheck(ctx)
	if !ok {
		return
	}
	if c.State == report.Failed && j.Own.Run == "" {
		c.State = report.Warned
	}
	r.Checks = append(r.Checks, c)
	if c.State == report.Failed {
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonDockerMissing, c.Result
	}
}
