// Package localpath walks the whole path on this machine (goldenpath run): the
// same packages that GitHub's jobs run, with the embedded defaults below them.
package localpath

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/gofrs/flock"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Target is where all environments run.
type Target interface {
	preview.Target
	Logs(environment string) string
}

// GateRequest is what the security gate, a binary of its own, is asked.
type GateRequest struct {
	Dir, Commit     string
	Artifact        string // folder that was packed; "": none was
	Report          string // where it writes its JSON report
	MissingDatabase string
}

// Deps is what a walk reaches out to.
type Deps struct {
	Target   Target
	Registry *artifact.Registry
	Ledger   *ledger.Ledger
	Key      *evidence.Key
	Probe    release.Prober
	Gate     func(ctx context.Context, g GateRequest) (*report.Report, error)
	Now      func() time.Time
	By       string
	Builder  string   // who builds, where it is not this machine: the workflow's file and commit
	Source   string   // where Builder took the commit from: https://github.com/acme/where2eat
	Version  string   // of goldenpath
	Guard    []string // argv of `goldenpath guard`
	Progress Progress
}

// Progress is told how the walk goes.
type Progress interface {
	Plan(subject string, stages []string, notes []string)
	Start(stage string)
	Say(what string)
	Done(o Outcome)
}

// Options says what is walked, and how far.
type Options struct {
	Repo   string // working tree of the app
	State  string // folder for runs; made when it is not there
	Commit string // "": what HEAD points to
	From   string // stage to begin with again; "": the first that is not done
	Until  string // last stage; "": the end
	Again  bool   // promote although it was rolled back
	DryRun bool
}

// Outcome is what is remembered of a stage.
type Outcome struct {
	Stage   string         `json:"stage"`
	Verdict report.Verdict `json:"verdict"`
	Reason  report.Reason  `json:"reason"`
	Title   string         `json:"title"`
	Seconds float64        `json:"seconds"`
	Ended   time.Time      `json:"ended"`
	Report  string         `json:"report"`          // file, relative to the run's folder
	Error   string         `json:"error,omitempty"` // there is no answer
	Resumed bool           `json:"-"`               // done in an earlier call
}

// walk is one run under way.
type walk struct {
	Deps
	Options
	config  *config.Config
	source  source
	dir     string // of this run
	state   *state
	reports map[string]*report.Report
	repo    *artifact.Repository
	alone   bool // one stage, on the working tree as it is
}

// Result is what Run leaves.
type Result struct {
	Report *report.Report
	Dir    string // summary.md, summary.html and every stage's report
}

// Run walks the path of one commit. It goes on where an earlier call for the
// same commit ended, however that ended.
func Run(ctx context.Context, d Deps, o Options) (*Result, error) {
	start := d.Now()
	src, err := resolve(ctx, o.Repo, o.Commit)
	if err != nil {
		return nil, err
	}
	// The commit is what counts; the working tree's file is what a person
	// without a commit of it is told about.
	cfg, err := src.config(ctx)
	if err != nil {
		return nil, err
	}
	w := &walk{Deps: d, Options: o, config: cfg, source: src, dir: filepath.Join(o.State, "runs", src.commit[:12]), reports: map[string]*report.Report{}}
	path := w.stages()
	names := stageNames(path)
	from, until, err := bounds(names, o.From, o.Until)
	if err != nil {
		return nil, err
	}
	if w.repo, err = d.Registry.Repository(cfg.Artifact.Image); err != nil {
		return nil, err
	}
	if o.DryRun {
		return &Result{Report: w.planned(path[:until+1])}, nil
	}
	unlock, err := lockState(o.State)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := forgetCheckouts(o.State, w.dir); err != nil {
		return nil, err
	}
	if w.state, err = openState(w.dir, src.commit, cfg.Source(), d.Now()); err != nil {
		return nil, err
	}
	if o.From == "" {
		from = w.firstOpen(ctx, path)
	} else if missing := w.firstUndone(path[:from]); missing != "" {
		return nil, report.Usage(fmt.Sprintf("--from %s: stage %s has not passed for %.7s: run without --from", o.From, missing, src.commit))
	}
	d.Progress.Plan(fmt.Sprintf("%s · %.7s", cfg.App, src.commit), names[:until+1], append(src.notes(), elsewhere(cfg)...))
	walkErr := w.walk(ctx, path[:until+1], min(from, until+1))
	rep := w.summary(path, until, start, walkErr)
	if err := w.writeSummary(rep); err != nil {
		return nil, errors.Join(walkErr, err)
	}
	if walkErr == nil && rep.Verdict != report.Fail && until == len(path)-1 {
		// Nothing is left to resume.
		walkErr = os.RemoveAll(w.checkout())
	}
	return &Result{Report: rep, Dir: w.dir}, walkErr
}

// elsewhere says what the configuration deploys to other targets: a run of this
// machine keeps to it.
func elsewhere(c *config.Config) []string {
	var names []string
	if c.Preview.Target != "process" {
		names = append(names, "previews")
	}
	for _, name := range c.Chain() {
		if c.Environments[name].Target != "process" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"note      " + english.WordSeries(names, "and") + " run on this machine here; goldenpath preview and promote reach their target"}
}

// walk runs the stages. A stage that fails ends the walk with its verdict; one
// without an answer ends it with an error.
func (w *walk) walk(ctx context.Context, path []stage, from int) error {
	defer w.cleanUp(ctx)
	for i, s := range path {
		if i < from {
			o := w.state.outcome(s.name)
			o.Resumed = true
			w.reports[s.name] = w.state.report(s.name)
			w.Progress.Done(o)
			continue
		}
		if err := w.stage(ctx, i, s); err != nil {
			return err
		}
		if w.reports[s.name].Verdict == report.Fail {
			return nil
		}
	}
	return nil
}

// errStopped marks a walk that its user ended.
var errStopped = errors.New("stopped")

func (w *walk) stage(ctx context.Context, i int, s stage) error {
	w.Progress.Start(s.name)
	start := w.Now()
	rep, err := s.run(ctx, w)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errStopped, context.Cause(ctx))
	}
	o := Outcome{Stage: s.name, Seconds: w.Now().Sub(start).Seconds(), Ended: w.Now().UTC()}
	if rep != nil {
		rep.Seconds = o.Seconds
		rep.Sort()
		o.Verdict, o.Reason, o.Title = rep.Verdict, rep.Reason, rep.Title
		o.Report = fmt.Sprintf("%02d-%s.json", i+1, s.name)
		if writeErr := w.state.save(o.Report, rep); writeErr != nil {
			return errors.Join(err, writeErr)
		}
		w.reports[s.name] = rep
	}
	if err != nil {
		o.Error = err.Error()
	}
	if writeErr := w.state.record(o); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	w.Progress.Done(o)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// firstOpen returns the first stage that has to be run: the stages before it
// passed for this commit and configuration, lately, and what they made is still
// there.
func (w *walk) firstOpen(ctx context.Context, path []stage) int {
	open := len(path)
	for i, s := range path {
		o := w.state.outcome(s.name)
		if !o.passed() || w.Now().Sub(o.Ended) > resumeFor || s.holds != nil && !s.holds(ctx, w) {
			open = i
			break
		}
	}
	if open == len(path) {
		return open
	}
	if path[open].checkout && !w.checkedOut() {
		return 0
	}
	if after := path[open].after; after != "" {
		return slices.IndexFunc(path, func(s stage) bool { return s.name == after })
	}
	return open
}

func (o Outcome) passed() bool {
	return o.Error == "" && o.Verdict != "" && o.Verdict != report.Fail
}

// resumeFor bounds how old a result may be to be used again: advisories and
// waivers have dates.
const resumeFor = 24 * time.Hour

func (w *walk) firstUndone(path []stage) string {
	for _, s := range path {
		if !w.state.outcome(s.name).passed() {
			return s.name
		}
	}
	return ""
}

// cleanUp removes what only the walk itself needed.
func (w *walk) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	// A preview that could not be removed is found, and removed, by the next run.
	_ = w.Target.Down(ctx, previewEnvironment)
}

func bounds(names []string, from, until string) (int, int, error) {
	first, last := 0, len(names)-1
	for flag, v := range map[string]string{"--from": from, "--until": until} {
		if v == "" {
			continue
		}
		i := slices.Index(names, v)
		if i < 0 {
			return 0, 0, report.Usage(fmt.Sprintf("%s: no stage %q; stages are: %v", flag, v, names))
		}
		if flag == "--from" {
			first = i
		} else {
			last = i
		}
	}
	if first > last {
		return 0, 0, report.Usage(fmt.Sprintf("--from %s comes after --until %s", from, until))
	}
	return first, last, nil
}

// forgetCheckouts removes what earlier runs of other commits kept to be resumed:
// their reports stay.
func forgetCheckouts(stateDir, keep string) error {
	all, err := filepath.Glob(filepath.Join(stateDir, "runs", "*"))
	if err != nil {
		return err
	}
	for _, dir := range all {
		if dir == keep {
			continue
		}
		for _, name := range []string{"src", "src.tmp", "gate", "gate.tmp"} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return fmt.Errorf("remove an old checkout: %w", err)
			}
		}
	}
	return nil
}

// lockState lets one run at a time walk in a repository.
func lockState(dir string) (func(), error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	l := flock.New(filepath.Join(dir, "run.lock"))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	if !ok {
		return nil, report.Usage(fmt.Sprintf("another goldenpath run is walking in this repository (%s): wait for it, or stop it", l.Path()))
	}
	return func() { _ = l.Unlock() }, nil
}
