// Package doctor checks whether a repository and its settings on GitHub have everything
// the path needs, and gives the fix for each problem. It changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options names the repository to examine.
type Options struct {
	Dir        string   // root of the checkout
	Files      []string // files that git tracks, with forward slashes
	Commit     string   // commit of the checkout; "" if there is none yet
	Repository string   // owner/name on GitHub; "" if unknown
	Databases  string   // folder with the advisory data of this machine; "": inside a workflow
}

// Deps are the sources of the examination.
type Deps struct {
	GitHub *github.Client // nil skips the checks of GitHub's settings
	Why    string         // reason why GitHub is nil, with the remedy
	// Waivers reads a waiver file and returns the number of waivers.
	Waivers func(file string, longest time.Duration) (int, error)
	Now     func() time.Time
	Servers func() []Server // asks the servers of the configuration; nil: they are not asked
	Version string          // of this goldenpath
}

// check is one requirement of the path.
type check struct {
	name  string
	fails bool // a failure breaks the path or its safety, and fails the verdict
	asks  bool // it reads GitHub's settings
	run   func(*repo) finding
}

// checks lists every check. docs/doctor.md explains each.
var checks = []check{
	{"configuration", true, false, configuration},
	{"commands", false, false, commands},
	{"port", false, false, port},
	{"starters", true, false, starters},
	{"pins", true, false, pins},
	{"permissions", true, false, permissions},
	{"triggers", true, false, triggers},
	{"sweep", true, false, sweep},
	{"clean-up", false, false, cleanUp},
	{"updates", false, false, updates},
	{"code owners", false, false, codeOwners},
	{"waivers", true, false, waivers},
	{"evidence key", true, false, evidenceKey},
	{"server", true, false, servers},
	{"lock files", false, false, lockFiles},
	{"advisories", false, false, advisories},
	{"plan", false, true, plan},
	{"default branch", true, true, defaultBranch},
	{"ledger", true, true, ledgerRules},
	{"tags", false, true, tags},
	{"environments", false, true, environments},
	{"reviewers", false, true, reviewers},
	{"deployment branches", false, true, deploymentBranches},
	{"actions policy", true, true, actionsPolicy},
	{"required pins", false, true, requiredPins},
	{"job token", false, true, jobToken},
	{"oidc subject", false, true, oidcSubject},
	{"long-lived keys", true, true, longLivedKeys},
	{"secrets", true, true, secrets},
	{"sweep runs", true, true, sweepRuns},
}

// finding is the outcome of one check.
type finding struct {
	state report.State
	found string
	next  string   // the consequence
	fix   []string // the remedy: commands, lines of YAML, or a page of the settings
}

// Remedy is the fix for the finding of one check.
type Remedy struct {
	Check string   `json:"check"`
	Lines []string `json:"lines"`
}

// Examine runs every check. A setting that the token cannot read is reported as missing.
// If GitHub does not respond, Examine returns an error and a report of the other checks.
func Examine(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("examine %s: %w", o.Dir, err)
	}
	defer root.Close()
	r := &repo{Deps: d, o: o, root: root}
	r.config, r.mistakes = config.Read(o.Dir)
	if r.mistakes != nil {
		r.config = config.Default("repository")
	}
	if r.known, err = contracts(); err != nil {
		return nil, err
	}
	if r.workflows, err = readWorkflows(root); err != nil {
		return nil, fmt.Errorf("examine %s: %w", o.Dir, err)
	}
	if d.GitHub != nil {
		r.hub, err = ask(ctx, r)
	}
	rep := &report.Report{Name: "doctor", Subject: r.subject(), Commit: o.Commit, Started: d.Now().UTC()}
	var remedies []Remedy
	for _, c := range checks {
		f := r.check(c, err)
		rep.Checks = append(rep.Checks, report.Check{Name: c.name, State: f.state, Result: f.found, Note: f.next})
		if len(f.fix) > 0 {
			remedies = append(remedies, Remedy{c.name, f.fix})
		}
	}
	if to := r.toSee(rep.Checks); to != nil {
		remedies = append(remedies, Remedy{"what could not be checked", to})
	}
	rep.SetData(remedies)
	rep.Sections = append(r.without(), fixes(remedies)...)
	judge(rep, err)
	return rep, err
}

// toSee returns how to check what could not be checked, or nil.
func (r *repo) toSee(checks []report.Check) []string {
	switch {
	case r.GitHub == nil:
		return []string{r.Why}
	case r.hub != nil && slices.ContainsFunc(checks, func(c report.Check) bool { return c.State == report.Missing }):
		return []string{"GITHUB_TOKEN=$(gh auth token) goldenpath doctor --repository " + r.o.Repository + "   as an administrator of the repository"}
	}
	return nil
}

// check runs one check, unless it needs GitHub and GitHub could not be read.
func (r *repo) check(c check, down error) finding {
	switch {
	case !c.asks || r.hub != nil:
		return c.run(r)
	case r.GitHub == nil:
		return finding{state: report.Skipped, found: "GitHub was not checked"}
	}
	return finding{state: report.Missing, found: "could not read GitHub: " + down.Error()}
}

// judge sets verdict and title. A check that could not be completed does not pass.
func judge(r *report.Report, down error) {
	n := map[report.State]int{}
	for _, c := range r.Checks {
		n[c.State]++
	}
	unseen := n[report.Missing] + n[report.Skipped] + n[report.Inconclusive]
	switch {
	case n[report.Failed] > 0:
		r.Verdict, r.Reason = report.Fail, report.ReasonPathBroken
	case down != nil:
		r.Verdict, r.Reason = report.Fail, report.ReasonIncomplete
	case n[report.Warned] > 0:
		r.Verdict, r.Reason = report.Warn, report.ReasonGaps
	case unseen > 0:
		r.Verdict, r.Reason = report.Warn, report.ReasonNotEverythingChecked
	default:
		r.Verdict, r.Reason = report.Pass, report.ReasonPassed
	}
	r.Title = fmt.Sprintf("%d of %s passed", n[report.OK], english.Plural(len(r.Checks)-n[report.NotApplicable], "check", ""))
	if k := n[report.Failed]; k > 0 {
		r.Title += "; " + english.Plural(k, "breaks", "break") + " the path or its safety"
	}
	if k := n[report.Warned]; k > 0 {
		r.Title += "; " + english.Plural(k, "gap", "")
	}
	if unseen > 0 {
		r.Title += fmt.Sprintf("; %d could not be checked", unseen)
	}
}

func fixes(remedies []Remedy) []report.Section {
	if len(remedies) == 0 {
		return nil
	}
	s := report.Section{Title: "what to do", Open: true}
	for i, r := range remedies {
		if i > 0 {
			s.Text += "\n"
		}
		s.Text += r.Check + "\n"
		for _, line := range r.Lines {
			s.Text += "    " + line + "\n"
		}
	}
	return []report.Section{s}
}

// unseen turns an error from GitHub into a finding.
func unseen(err error) finding {
	var d *github.Denied
	if errors.As(err, &d) {
		return finding{state: report.Missing, found: "could not be checked: " + d.Why, next: needs(d)}
	}
	return finding{state: report.Missing, found: "could not be checked: " + err.Error()}
}

// needs names the permission that the token lacks, or the remedy.
func needs(d *github.Denied) string {
	if d.Permission != "" {
		return "needs `" + d.Permission + "`"
	}
	return d.Remedy
}
