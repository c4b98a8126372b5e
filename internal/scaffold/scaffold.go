// Package scaffold writes what a repository needs to use goldenpath: a configuration,
// starter workflows and team documents, adapted to what the repository contains. It
// never overwrites a file.
package scaffold

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options selects what is written, and where.
type Options struct {
	Dir     string   // root of the repository's working tree
	Folder  string   // slash-separated; if it has an app, only that app is looked at, as one of several; "": the whole repository
	App     string   // "" uses the name in .goldenpath.yml, of the remote's repository, or of the folder
	Image   string   // "" uses the image in .goldenpath.yml, or ghcr.io/OWNER/APP if the owner is known
	Owner   string   // of the repository on GitHub; "" if unknown
	Name    string   // of the repository on GitHub; "" if unknown
	Branch  string   // default branch; "" if unknown
	Pin     string   // full commit id of this binary's release; "" if unknown
	Version string   // version of that release, such as v1.2.0
	With    []string // groups of files beyond the configuration and one workflow
	AppDir  string   // folder of the app, if the repository has several; "" lets init choose the only one
	Target  string   // of the environments; "" derives it from the repository
	Host    string   // of target server
	HostKey string   // SSH key of Host, as in known_hosts without the name
	// Choose asks a person for one of several apps; nil means that no one can be asked.
	Choose func(apps []App) (int, error)
	// Offer asks a person which groups to write; nil means that no one can be asked.
	Offer   func(groups []Group) ([]string, error)
	DryRun  bool
	Now     func() time.Time
	Ignored func(paths []string) []string // returns the paths that git ignores; nil skips the check
	// Untracked returns the paths that exist and that git neither tracks nor ignores, so that
	// git add --all adds them. Patterns are git's. nil skips the check.
	Untracked func(patterns []string) []string
}

// Data is the data of the report.
type Data struct {
	App   string    `json:"app"`
	Image string    `json:"image,omitempty"`
	Parts []Part    `json:"parts"`
	Files []Outcome `json:"files"`
}

// Outcome is the result for one file.
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

// Init writes the missing files. It looks for obstacles before it writes anything, and
// returns all of them as a *report.UsageError. If a write fails, it returns an error and
// a report of the files written before.
func Init(o Options) (*report.Report, error) {
	start := o.Now()
	with, err := selected(o.With)
	if err != nil {
		return nil, err
	}
	o.With = with
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("open %s: %v: set --repo to a readable folder", o.Dir, err))
	}
	defer root.Close()
	app, err := root.OpenRoot(filepath.FromSlash(cmp.Or(o.Folder, ".")))
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("open %s: %v: set --repo to a readable folder", o.Folder, err))
	}
	defer app.Close()
	facts, err := detect(app, o)
	if errors.Is(err, errNoApp) {
		o.Folder = ""
		facts, err = detect(root, o)
	}
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
			p.State, p.Why = stateFailed, "skipped because an earlier file could not be written"
		default:
			p.State = stateWritten
			if err := write(root, p.Path, p.text); errors.Is(err, os.ErrExist) {
				p.State, p.Why = stateDiffers, "another process created it"
			} else if err != nil {
				p.State, p.Why = stateFailed, err.Error()
				failure = fmt.Errorf("write %s: %w: fix this and run init again; it continues", p.Path, err)
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

// judge sets verdict, title, checks and sections.
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
	r.Title = fmt.Sprintf("%s written, %d kept", written, kept)
	switch {
	case failure != nil:
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonIncomplete, written+" written, then a write failed"
	case o.DryRun && count[statePlanned] > 0:
		r.Reason = report.ReasonPlanned
		r.Title = fmt.Sprintf("%s would be written, %d kept; nothing was changed", english.Plural(count[statePlanned], "file", ""), kept)
	case count[stateWritten] == 0:
		r.Reason, r.Title = report.ReasonUnchanged, "all files already exist; nothing was changed"
	}
	if len(gaps) > 0 && r.Verdict == report.Pass {
		r.Verdict = report.Warn
		r.Title += "; " + english.Plural(len(gaps), "thing", "") + " to check"
	}
	r.Sections = []report.Section{f.next(o, data.Files, gaps)}
	if !gateAlone(o.With) {
		r.Sections = append([]report.Section{f.section()}, r.Sections...)
	}
	r.Set("written", fmt.Sprint(count[stateWritten]))
	r.Set("kept", fmt.Sprint(kept))
}

// row returns the check for a file. A kept file is skipped.
func row(out Outcome) report.Check {
	c := report.Check{Name: out.Path, State: report.OK, Note: out.Why}
	switch out.State {
	case stateWritten:
		c.Result = "written"
	case statePlanned:
		c.Result = "would be written"
	case stateSame:
		c.Result = "kept: same as init would write"
	case stateDiffers:
		c.State, c.Result = report.Skipped, "kept: differs from what init would write"
	case stateElsewhere:
		c.State, c.Result = report.Skipped, "kept the existing file"
	case stateLeftOut:
		c.State, c.Result = report.NotApplicable, "left out"
	default:
		c.State, c.Result = report.Failed, "not written"
	}
	return c
}

// List returns a report of all files that init can write.
func List(now time.Time) *report.Report {
	r := &report.Report{
		Name: "init", Verdict: report.Pass, Reason: report.ReasonOK, Title: "the files that init writes if they are missing", Started: now.UTC(),
		Sections: []report.Section{{Title: "files", Open: true, Head: []string{"file", "for"}}},
	}
	r.Sections[0].Head = []string{"file", "for", "with"}
	for _, f := range files() {
		with := ""
		if f.group != "" {
			with = "--with " + f.group
		}
		r.Sections[0].Rows = append(r.Sections[0].Rows, []string{f.path, f.why, with})
	}
	r.Sections = append(r.Sections, Groups())
	return r
}

// folderName is the last element of a path, on any platform.
func folderName(dir string) string { return filepath.Base(filepath.Clean(dir)) }
