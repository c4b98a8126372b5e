// Package run takes one commit through every stage of the path on this machine. It
// records each result, so that a run that was interrupted continues where it ended.
package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// Progress reports a run to the user while it happens.
type Progress interface {
	Plan(subject string, stages []string, notes []string)
	Start(stage string)
	Say(what string)
	Done(o Outcome)
}

// Options select the commit and the stages.
type Options struct {
	Repo   git.Repository
	Folder string // of the app, slash-separated; "": the top of the repository
	State  string // folder for runs; created if absent
	Build  string // folder for the checkout; created if absent
	Commit string // "": the tip of the current branch
	From   string // stage to start with; "": the first that has not passed
	Until  string // last stage; "": the end of the path
	Again  bool   // promote the image although it was rolled back
	Older  bool   // promote the image although its commit is older than the one that runs
	Moved  bool   // accept releases that ran on another target
	DryRun bool
	// Servers opens the targets of a configuration, in which the environments with target
	// server are the real ones; nil: every environment is on this machine.
	Servers func(*config.Config) (preview.Target, error)
}

// Result is what Path returns.
type Result struct {
	Report *report.Report
	Dir    string // folder with summary.md, summary.html and a report for each stage; "": a dry run
}

// execution is one call of Path.
type execution struct {
	*stage.Job
	Options
	configured *config.Config // as in the commit; Job.Config has the environments of this machine
	progress   Progress
	state      *state
	reports    map[string]*report.Report // of stages that passed or ran, by name
	ran        int                       // stages that this call ran
	previewed  bool                      // this call deployed the preview and has not removed it
}

// Path runs the stages of one commit. It continues where an earlier call for the same
// commit and configuration ended. A stage that fails ends the run with the stage's
// verdict; a stage that could not complete ends the run with an error.
func Path(ctx context.Context, d stage.Deps, p Progress, o Options) (*Result, error) {
	start := d.Now()
	x, err := begin(ctx, d, p, o)
	if err != nil {
		return nil, err
	}
	all := x.stages()
	from, until, err := bounds(names(all), o.From, o.Until)
	if err != nil {
		return nil, err
	}
	x.Job.Reaches = func(stage string) bool { i := slices.Index(names(all), stage); return i >= 0 && i <= until }
	if o.DryRun {
		if x.state, err = readState(x.Out, x.Job.Commit.ID, x.Config.Source(), d.Now()); err != nil {
			return nil, err
		}
		if from, err = x.first(ctx, all, from, until); err != nil {
			return nil, err
		}
		return &Result{Report: x.plan(ctx, all[:until+1], from)}, nil
	}
	unlock, err := lock(o.State)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if x.state, err = openState(x.Out, x.Job.Commit.ID, x.Config.Source(), d.Now()); err != nil {
		return nil, err
	}
	x.Own = own(o.Build, x.state.Began)
	if err := errors.Join(prune(o.State, x.Out, Limits), keepBreach(x.Out, d.Now())); err != nil {
		return nil, err
	}
	if from, err = x.first(ctx, all, from, until); err != nil {
		return nil, err
	}
	p.Plan(fmt.Sprintf("%s · %.7s", x.Config.App, x.Job.Commit.ID), names(all[:until+1]), x.notes(ctx))
	runErr := x.run(ctx, all[:until+1], min(from, until+1))
	rep := x.summary(ctx, all, until, start, runErr)
	if err := x.writeSummary(rep); err != nil {
		return nil, errors.Join(runErr, err)
	}
	return &Result{Report: rep, Dir: x.Out}, runErr
}

// begin reads the commit and its configuration.
func begin(ctx context.Context, d stage.Deps, p Progress, o Options) (*execution, error) {
	c, err := stage.Resolve(ctx, o.Repo, o.Folder, o.Commit)
	if err != nil {
		return nil, err
	}
	cfg, err := c.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	whole := cfg
	cfg = config.Laptop(cfg, o.keep()...)
	if o.Servers != nil {
		if d.Target, err = o.Servers(cfg); err != nil {
			return nil, err
		}
	}
	d.Say = p.Say
	dir := filepath.Join(o.State, "runs", c.ID[:12])
	job, err := stage.New(d, c, cfg, filepath.Join(o.Build, "src"), dir)
	if err != nil {
		return nil, err
	}
	job.Declared = whole
	return &execution{Job: job, Options: o, configured: whole, progress: p, reports: map[string]*report.Report{}}, nil
}

// notes returns the lines that are printed above the list of stages: about the commit, and
// about what the run does not touch or may not replace.
func (x *execution) notes(ctx context.Context) []string {
	c := x.Job.Commit
	all := []string{"commit    " + c.Title}
	if c.Branch != "" {
		all = append(all, "branch    "+c.Branch)
	}
	if c.Dirty > 0 {
		all = append(all, "note      "+english.Plural(c.Dirty, "uncommitted change is", "uncommitted changes are")+" not included")
	}
	return append(append(all, x.otherTargets()...), x.olderNote(ctx)...)
}

// keep returns the targets of which a run uses the real environments.
func (o Options) keep() []string {
	if o.Servers == nil {
		return nil
	}
	return []string{"server"}
}

// otherTargets returns a note about environments that the run replaces by environments of its
// own, as processes on this machine.
func (x *execution) otherTargets() []string {
	c, keep := x.configured, x.keep()
	var all, local []string
	if c.Preview.Target != "process" && !slices.Contains(keep, c.Preview.Target) {
		all = append(all, "previews")
	}
	for _, name := range c.Chain() {
		if mine := c.LocalName(name, keep...); mine != name {
			all, local = append(all, name), append(local, mine)
		}
	}
	if len(all) == 0 {
		return nil
	}
	uses := "processes"
	if len(local) > 0 {
		uses = english.WordSeries(local, "and")
	}
	return []string{"note      this run uses " + uses + " on this machine; " + english.WordSeries(all, "and") + " " + isOrAre(all) + " not touched"}
}

func isOrAre(all []string) string {
	if len(all) == 1 && all[0] != "previews" {
		return "is"
	}
	return "are"
}

// run runs the stages, beginning with the given stage. Earlier stages are reported as done.
func (x *execution) run(ctx context.Context, all []step, from int) (err error) {
	defer func() { x.leavePreview(ctx, err) }()
	for i, s := range all {
		if i < from {
			o := x.state.outcome(s.name)
			o.Resumed = true
			x.reports[s.name] = x.state.report(s.name)
			x.progress.Done(o)
			continue
		}
		if err := x.step(ctx, i, s); err != nil {
			return err
		}
		if x.reports[s.name].Verdict == report.Fail {
			return nil
		}
	}
	return nil
}

// errStopped is the error of a run that its user interrupted.
var errStopped = errors.New("stopped")

// step runs one stage and records its outcome.
func (x *execution) step(ctx context.Context, i int, s step) error {
	x.progress.Start(s.name)
	x.ran++
	start := x.Now()
	rep, err := s.run(ctx, x)
	var usage *report.UsageError
	if errors.As(err, &usage) && ctx.Err() == nil {
		rep, err = x.invalid(s.name, start, usage), nil
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errStopped, context.Cause(ctx))
	}
	o := Outcome{Stage: s.name, Seconds: x.Now().Sub(start).Seconds(), Ended: x.Now().UTC()}
	if rep != nil {
		rep.Seconds = o.Seconds
		rep.Sort()
		o.Verdict, o.Reason, o.Title = rep.Verdict, rep.Reason, rep.Title
		o.Report = fmt.Sprintf("%02d-%s.json", i+1, s.name)
		if writeErr := x.state.save(o.Report, rep); writeErr != nil {
			return errors.Join(err, writeErr)
		}
		x.reports[s.name] = rep
	}
	if err != nil {
		o.Error = err.Error()
	}
	if writeErr := x.state.record(o); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	x.progress.Done(o)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// invalid returns the report of a stage whose input is wrong: a configuration, waivers, or
// files of the commit.
func (x *execution) invalid(name string, start time.Time, usage *report.UsageError) *report.Report {
	r := &report.Report{Name: name, Subject: x.Config.App, Commit: x.Job.Commit.ID, Verdict: report.Fail, Reason: report.ReasonInvalidInput, Started: start.UTC()}
	problems := strings.Split(strings.TrimSpace(usage.Problem), "\n")
	r.Title = "invalid input: " + problems[0]
	if n := len(problems); n > 1 {
		if last := strings.TrimSpace(problems[n-1]); strings.HasPrefix(last, "try: ") { // the remedy for all
			n--
		}
		r.Title = "invalid input: " + english.Plural(n, "problem", "")
		r.Sections = []report.Section{{Title: "problems", Open: true, Text: usage.Problem + "\n"}}
	}
	r.Checks = []report.Check{{Name: "input", State: report.Failed, Result: r.Title}}
	return r
}
