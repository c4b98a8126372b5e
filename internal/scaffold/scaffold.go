// Package scaffold writes what a repository needs to walk the path: its
// configuration, the starters, and the documents a team keeps, fitted to what the
// repository has. It never overwrites a file.
package scaffold

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options says what is written where.
type Options struct {
	Dir     string   // top of the repository's working tree
	App     string   // "": that of .goldenpath.yml, the remote's repository, or the folder
	Image   string   // "": that of .goldenpath.yml, or ghcr.io/OWNER/APP where the owner is known
	Owner   string   // of the repository on GitHub; "": not known
	Name    string   // of the repository on GitHub; "": not known
	Branch  string   // the default one of the repository; "": not known
	Pin     string   // full commit id of the release that this binary is; "": not known
	Version string   // of that release, such as v1.2.0
	With    []string // starters that are for some repositories alone, by name
	DryRun  bool
	Now     func() time.Time
	Ignored func(paths []string) []string // which of them git ignores; nil: not asked
}

// Data is what is particular to the report.
type Data struct {
	App   string    `json:"app"`
	Image string    `json:"image,omitempty"`
	Parts []Part    `json:"parts"`
	Files []Outcome `json:"files"`
}

// Outcome is what became of one file.
type Outcome struct {
	Path  string `json:"path"`
	State string `json:"state"` // written, planned, same, differs, elsewhere, left-out, failed
	Why   string `json:"why,omitempty"`
}

// The states of a file.
const (
	stateWritten   = "written"
	statePlanned   = "planned"
	stateSame      = "same"
	stateDiffers   = "differs"
	stateElsewhere = "elsewhere"
	stateLeftOut   = "left-out"
	stateFailed    = "failed"
)

// Init writes what is missing. What stands in the way of a file is found before
// anything is written, and is a *report.UsageError that names all of it. A write
// that fails is an error beside the report of what was written before it.
func Init(o Options) (*report.Report, error) {
	start := o.Now()
	for _, name := range o.With {
		if all := conditional(); !slices.Contains(all, name) {
			return nil, report.Usage(fmt.Sprintf("--with %.40q is no starter that is left out; those are: %s", name, strings.Join(all, ", ")))
		}
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("open %s: %v: give --repo a folder that can be read", o.Dir, err))
	}
	defer root.Close()
	facts, err := look(root, o)
	if err != nil {
		return nil, err
	}
	planned, err := plan(root, facts)
	if err != nil {
		return nil, err
	}
	data := &Data{App: facts.App, Image: facts.Image, Parts: facts.Parts}
	var failure error
	for _, p := range planned {
		switch {
		case p.State != statePlanned || o.DryRun:
		case failure != nil:
			p.State, p.Why = stateFailed, "not tried after the failure before it"
		default:
			p.State = stateWritten
			if err := write(root, p.Path, p.text); errors.Is(err, os.ErrExist) {
				p.State, p.Why = stateDiffers, "somebody wrote it meanwhile"
			} else if err != nil {
				p.State, p.Why = stateFailed, err.Error()
				failure = fmt.Errorf("write %s: %w: mend that and run it again, it goes on", p.Path, err)
			}
		}
		data.Files = append(data.Files, p.Outcome)
	}
	r := &report.Report{Name: "init", Subject: facts.App, Started: start.UTC()}
	r.SetData(data)
	judge(r, facts, data, o, failure)
	r.Seconds = o.Now().Sub(start).Seconds()
	return r, failure
}

// judge fills in what a person reads.
func judge(r *report.Report, f *Facts, data *Data, o Options, failure error) {
	count := map[string]int{}
	for _, out := range data.Files {
		count[out.State]++
		r.Checks = append(r.Checks, row(out))
	}
	gaps := f.gaps(data.Files, o)
	for _, g := range gaps {
		r.Checks = append(r.Checks, report.Check{Name: g.about, State: report.Warned, Result: g.what, Note: g.remedy})
	}
	kept := count[stateSame] + count[stateDiffers] + count[stateElsewhere]
	written := english.Plural(count[stateWritten], "file", "")
	r.Verdict, r.Reason = report.Pass, report.ReasonInitialised
	r.Title = fmt.Sprintf("%s written, %d kept as they are", written, kept)
	switch {
	case failure != nil:
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonIncomplete, written+" written, then one could not be"
	case o.DryRun && count[statePlanned] > 0:
		r.Reason = report.ReasonPlanned
		r.Title = fmt.Sprintf("%s would be written, %d kept as they are; nothing was changed", english.Plural(count[statePlanned], "file", ""), kept)
	case count[stateWritten] == 0:
		r.Reason, r.Title = report.ReasonUnchanged, "every file is there already; nothing was changed"
	}
	if len(gaps) > 0 && r.Verdict == report.Pass {
		r.Verdict = report.Warn
		r.Title += "; " + english.Plural(len(gaps), "thing needs", "things need") + " your eye"
	}
	r.Sections = []report.Section{f.section(), f.next(data.Files)}
	r.Set("written", fmt.Sprint(count[stateWritten]))
	r.Set("kept", fmt.Sprint(kept))
}

// row is a file as a check: what was kept is no failure, and no success either.
func row(out Outcome) report.Check {
	c := report.Check{Name: out.Path, State: report.OK, Note: out.Why}
	switch out.State {
	case stateWritten:
		c.Result = "written"
	case statePlanned:
		c.Result = "would be written"
	case stateSame:
		c.Result = "kept: it is as init writes it"
	case stateDiffers:
		c.State, c.Result = report.Skipped, "kept: it differs from what init writes"
	case stateElsewhere:
		c.State, c.Result = report.Skipped, "kept what is there"
	case stateLeftOut:
		c.State, c.Result = report.NotApplicable, "left out"
	default:
		c.State, c.Result = report.Failed, "not written"
	}
	return c
}

// List tells which files init knows.
func List(now time.Time) *report.Report {
	r := &report.Report{
		Name: "init", Verdict: report.Pass, Reason: report.ReasonOK, Title: "the files that init writes where they are missing", Started: now.UTC(),
		Sections: []report.Section{{Title: "files", Open: true, Head: []string{"file", "for"}}},
	}
	for _, f := range files() {
		r.Sections[0].Rows = append(r.Sections[0].Rows, []string{f.path, f.why})
	}
	return r
}

// folderName is the last element of a path, whatever the platform.
func folderName(dir string) string { return filepath.Base(filepath.Clean(dir)) }
