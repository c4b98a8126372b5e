// Package doctor examines what a repository's path needs of the repository and of
// GitHub, and says how to mend what is not there. It changes nothing.
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

// Options is what is examined.
type Options struct {
	Dir        string   // top of the checkout
	Files      []string // that git tracks, with forward slashes
	Commit     string   // of the checkout; "": none yet
	Repository string   // owner/name on GitHub; "": not known
}

// Deps is what the doctor asks.
type Deps struct {
	GitHub *github.Client // nil: it is not asked
	Why    string         // it is not
	// Waivers reads the waivers of a file and says how many there are.
	Waivers func(file string, longest time.Duration) (int, error)
	Now     func() time.Time
}

// check is one thing the path needs.
type check struct {
	name  string
	fails bool // it can fail the verdict: it breaks the path, or its safety
	asks  bool // it is on GitHub
	look  func(*patient) finding
}

// checks is all that is looked at. docs/doctor.md explains each.
var checks = []check{
	{"configuration", true, false, configuration},
	{"starters", true, false, starters},
	{"pins", true, false, pins},
	{"permissions", true, false, permissions},
	{"triggers", true, false, triggers},
	{"sweep", true, false, sweep},
	{"updates", false, false, updates},
	{"code owners", false, false, codeOwners},
	{"waivers", true, false, waivers},
	{"evidence key", true, false, evidenceKey},
	{"lock files", false, false, lockFiles},
	{"plan", false, true, plan},
	{"default branch", true, true, defaultBranch},
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

// finding is what a check has seen.
type finding struct {
	state report.State
	seen  string
	then  string   // what follows
	mend  []string // the remedy: commands, lines of YAML, or a page of the settings
}

// Remedy is how to mend what a check has found.
type Remedy struct {
	Check string   `json:"check"`
	Lines []string `json:"lines"`
}

// Examine looks at everything. What the token may not see is missing; that GitHub
// gave no answer is an error, beside a report of what could be seen without.
func Examine(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("examine %s: %w", o.Dir, err)
	}
	defer root.Close()
	p := &patient{Deps: d, o: o, root: root}
	p.config, p.mistakes = config.Read(o.Dir)
	if p.mistakes != nil {
		p.config = config.Default("repository")
	}
	if p.known, err = contracts(); err != nil {
		return nil, err
	}
	if p.workflows, err = readWorkflows(root); err != nil {
		return nil, fmt.Errorf("examine %s: %w", o.Dir, err)
	}
	if d.GitHub != nil {
		p.hub, err = ask(ctx, p)
	}
	r := &report.Report{Name: "doctor", Subject: p.subject(), Commit: o.Commit, Started: d.Now().UTC()}
	var remedies []Remedy
	for _, c := range checks {
		f := p.look(c, err)
		r.Checks = append(r.Checks, report.Check{Name: c.name, State: f.state, Result: f.seen, Note: f.then})
		if len(f.mend) > 0 {
			remedies = append(remedies, Remedy{c.name, f.mend})
		}
	}
	if to := p.toSee(r.Checks); to != nil {
		remedies = append(remedies, Remedy{"what was not seen", to})
	}
	r.SetData(remedies)
	r.Sections = append(p.without(), toMend(remedies)...)
	judge(r, err)
	return r, err
}

// toSee says how to see what was not seen.
func (p *patient) toSee(checks []report.Check) []string {
	switch {
	case p.GitHub == nil:
		return []string{p.Why}
	case p.hub != nil && slices.ContainsFunc(checks, func(c report.Check) bool { return c.State == report.Missing }):
		return []string{"GITHUB_TOKEN=$(gh auth token) goldenpath doctor --repository " + p.o.Repository + "   as somebody who administers it"}
	}
	return nil
}

// look asks one check, if its question can be asked.
func (p *patient) look(c check, down error) finding {
	switch {
	case !c.asks || p.hub != nil:
		return c.look(p)
	case p.GitHub == nil:
		return finding{state: report.Skipped, seen: "GitHub was not asked"}
	}
	return finding{state: report.Missing, seen: "no answer: " + down.Error()}
}

// judge adds up: nothing that was not seen passes.
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
	r.Title = fmt.Sprintf("%d of %s in order", n[report.OK], english.Plural(len(r.Checks)-n[report.NotApplicable], "thing", ""))
	if k := n[report.Failed]; k > 0 {
		r.Title += "; " + english.Plural(k, "breaks", "break") + " the path or its safety"
	}
	if k := n[report.Warned]; k > 0 {
		r.Title += "; " + english.Plural(k, "gap", "")
	}
	if unseen > 0 {
		r.Title += fmt.Sprintf("; %d not seen", unseen)
	}
}

func toMend(remedies []Remedy) []report.Section {
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

// unseen is what becomes of a refusal.
func unseen(err error) finding {
	var d *github.Denied
	if errors.As(err, &d) {
		return finding{state: report.Missing, seen: "not seen: " + d.Why, then: needs(d)}
	}
	return finding{state: report.Missing, seen: "no answer: " + err.Error()}
}

// needs says what a token lacks; how to have it is said once, below.
func needs(d *github.Denied) string {
	if d.Permission != "" {
		return "needs `" + d.Permission + "`"
	}
	return d.Remedy
}
