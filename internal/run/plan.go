package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// plan returns the report of a dry run, whose first stage to run is all[from].
func (x *execution) plan(ctx context.Context, all []step, from int) *report.Report {
	r := &report.Report{
		Name: "run", Subject: x.Config.App, Commit: x.Job.Commit.ID, Verdict: report.Pass, Reason: report.ReasonPlanned,
		Title: "nothing was changed: this is the plan", Started: x.Now().UTC(),
	}
	running := map[string]target.Running{} // in the environments that have a release
	for _, name := range x.Config.Chain() {
		now, err := x.Target.Status(ctx, name)
		if err != nil {
			continue // nothing runs there that could be left behind
		}
		running[name] = now
		if c, stores := release.StoredData(now); stores {
			c.Result = name + ": " + c.Result
			r.Checks, r.Verdict = append(r.Checks, c), report.Warn
		}
	}
	plan := report.Section{Title: "plan", Open: true, Head: []string{"stage", "does", "with"}}
	for i, s := range all {
		with := x.with(s.name, running)
		if i < from {
			with = "passed before: not run again"
		}
		plan.Rows = append(plan.Rows, []string{s.name, s.does, with})
	}
	r.Sections = []report.Section{{Title: "commit", Open: true, Text: strings.Join(x.notes(ctx), "\n")}, plan}
	return r
}

// with returns what a stage works with, from the configuration and from what runs.
func (x *execution) with(stage string, running map[string]target.Running) string {
	c := x.Config
	switch stage {
	case "test":
		return stepNames(c.Checks)
	case "battery":
		return battery(c.Battery)
	case "preview":
		return "ready when GET " + c.Preview.Ready.Path + " answers 200"
	}
	for name, e := range c.Environments {
		switch {
		case name == stage:
			return replaced(running, name)
		case e.Soak != nil && (stage == "soak-"+name || stage == "soak"):
			return "for " + text.Duration(e.Soak.For.D())
		}
	}
	return ""
}

// replaced says what a promotion into an environment replaces.
func replaced(running map[string]target.Running, environment string) string {
	now, runs := running[environment]
	if !runs {
		return "nothing runs there yet"
	}
	return fmt.Sprintf("replaces commit %.7s at %s", now.Commit, now.URL)
}

func stepNames(all config.Steps) string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return "none is declared"
	}
	return english.WordSeries(names, "and")
}

func battery(b config.Battery) string {
	var all []string
	for _, s := range b.Smoke {
		all = append(all, "GET "+s.Get)
	}
	for _, s := range b.Steps {
		all = append(all, s.Name)
	}
	return english.WordSeries(all, "and")
}
