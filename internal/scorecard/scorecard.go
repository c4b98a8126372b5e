// Package scorecard grades a release candidate, one dimension a file.
package scorecard

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options are the facts about one release candidate. An Input that is not set is
// graded as missing, or as not applicable where nothing is configured.
type Options struct {
	App    string
	Commit string // full commit id
	Digest string // of the image, such as sha256:…; empty: not built yet
	Dir    string // checkout of the commit
	Must   []string
	// JUnit files of the tests that ran for this commit or digest.
	JUnit []string
	// Unmatched are the JUnit patterns that matched no file.
	Unmatched []string
	Gate      *report.Report // nil: the security gate has not run
	// Folders of the repository, slash-separated, relative to Dir; empty: not
	// configured.
	Requirements, Migrations, Flags, Prompts string
	// Messages of the commits since the last release, in full.
	Messages Input[[]string]
	// NewMigrations are the migration files since the last release: raw names,
	// slash-separated, relative to Dir.
	NewMigrations Input[[]string]
	// Environment is the last one of the path, which a rollback applies to; empty:
	// the repository declares none, and nothing can be rolled back.
	Environment string
	// Previous is the release that runs in Environment now. Known(nil): there is
	// none, this is the first release.
	Previous Input[*Previous]
	Started  time.Time
}

// Previous is the release that a rollback would return to.
type Previous struct {
	ID, Digest string
	Pullable   error // nil: the registry resolved its digest just now
}

// Card is what is particular to the scorecard's JSON report. Its schema is
// docs/schema/scorecard.v1.json.
type Card struct {
	Schema       string       `json:"schema"` // goldenpath.scorecard-card/v1
	Dimensions   []Dimension  `json:"dimensions"`
	Tests        Tests        `json:"tests"`
	Requirements Requirements `json:"requirements"`
	Readiness    []Item       `json:"readiness"`
}

// Dimension is one grade.
type Dimension struct {
	Name   string       `json:"name"`
	State  report.State `json:"state"`
	Result string       `json:"result"`
	Note   string       `json:"note,omitempty"`
	Must   bool         `json:"must"` // anything but pass or warn fails the card, but for a rollback that is not applicable
}

// Grade grades a candidate. A JUnit file that cannot be read is an error.
func Grade(o Options) (*report.Report, error) {
	card := &Card{Schema: "goldenpath.scorecard-card/v1"}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("grade: %w", err)
	}
	defer root.Close()
	if card.Tests, err = readTests(o.JUnit); err != nil {
		return nil, err
	}
	if card.Requirements, err = readRequirements(root, o, card.Tests); err != nil {
		return nil, err
	}
	card.Readiness = checklist(root, o)
	card.Dimensions = []Dimension{
		card.Requirements.grade(),
		card.Tests.grade(),
		{Name: "performance", State: report.NotApplicable, Result: "no benchmark is configured"},
		security(o.Gate, o.Commit),
		{Name: "ai-evals", State: report.NotApplicable, Result: "no evals are configured"},
		migrations(root, o),
		rollback(o),
		gradeReadiness(card.Readiness),
	}
	if err := checkMust(o.Must, card.Dimensions); err != nil {
		return nil, err
	}
	rep := &report.Report{Name: "scorecard", Subject: o.App, Commit: o.Commit, Digest: o.Digest, Started: o.Started}
	var failed []string
	defer func() { rep.SetData(card) }()
	for i := range card.Dimensions {
		d := &card.Dimensions[i]
		d.Must = slices.Contains(o.Must, d.Name)
		if d.Must && d.State == report.NotApplicable && d.Name != "rollback" { // which a first release cannot have
			d.State, d.Note = report.Missing, "scorecard.must asks for it"
		}
		if d.State == report.Failed || d.Must && (d.State == report.Missing || d.State == report.Inconclusive) {
			failed = append(failed, d.Name)
		}
		rep.Checks = append(rep.Checks, report.Check{Name: d.Name, State: d.State, Result: d.Result, Note: d.Note})
	}
	rep.Sections = append(rep.Sections, readinessSection(card.Readiness))
	switch {
	case len(failed) > 0:
		rep.Verdict, rep.Reason = report.Fail, report.ReasonDimensionFailed
		rep.Title = "not ready: " + strings.Join(failed, ", ")
	case report.Worst(rep.Checks) == report.Pass:
		rep.Verdict, rep.Reason, rep.Title = report.Pass, report.ReasonReady, "ready for release"
	default:
		rep.Verdict, rep.Reason, rep.Title = report.Warn, report.ReasonReadyWithGaps, "ready for release, with gaps"
	}
	rep.Set("tests", fmt.Sprint(card.Tests.Passed))
	rep.Set("failed", fmt.Sprint(card.Tests.Failed))
	return rep, nil
}

// checkMust refuses what would be asked for in vain.
func checkMust(must []string, all []Dimension) error {
	var names, problems []string
	for _, d := range all {
		names = append(names, d.Name)
	}
	for _, m := range must {
		if !slices.Contains(names, m) {
			problems = append(problems, fmt.Sprintf("scorecard.must: no dimension %q; dimensions are: %s", m, strings.Join(names, ", ")))
		}
	}
	if len(problems) > 0 {
		return report.Usage(strings.Join(problems, "\n"))
	}
	return nil
}

// security takes the gate's verdict, when it speaks of the same commit.
func security(gate *report.Report, commit string) Dimension {
	d := Dimension{Name: "security", State: report.Missing, Result: "the gate has not run"}
	if gate == nil {
		return d
	}
	if gate.Commit != commit {
		d.Result = fmt.Sprintf("the gate's report is about %.7s", gate.Commit)
		return d
	}
	d.Result, d.Note = gate.Title, ""
	switch gate.Verdict {
	case report.Pass:
		d.State = report.OK
	case report.Warn:
		d.State = report.Warned
	case report.Skip:
		d.State = report.Missing
	default:
		d.State = report.Failed
	}
	return d
}

// rollback grades whether there is a release to return to.
func rollback(o Options) Dimension {
	d := Dimension{Name: "rollback", State: report.NotApplicable}
	if o.Environment == "" {
		d.Result = "no environment is configured"
		return d
	}
	p, err := o.Previous.get()
	switch {
	case err != nil:
		d.State, d.Result = report.Missing, fmt.Sprintf("the previous release is not known: %v", err)
		d.Note = "a rollback may not be possible"
	case p == nil:
		d.Result = "first release: nothing to return to"
	case p.Pullable != nil:
		d.State, d.Result = report.Missing, fmt.Sprintf("release %s cannot be pulled: %v", p.ID, p.Pullable)
		d.Note = "a rollback is not possible: restore the image in the registry, or release once without rollback in scorecard.must"
	default:
		d.State, d.Result = report.OK, fmt.Sprintf("to %s, which can be pulled", p.ID)
	}
	return d
}
