package scorecard

import (
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Card is the data of the scorecard's report. Its schema is
// docs/schema/scorecard.v1.json.
type Card struct {
	Schema       string       `json:"schema"`
	Dimensions   []Dimension  `json:"dimensions"`
	Tests        Tests        `json:"tests"`
	Requirements Requirements `json:"requirements"`
	Readiness    []Item       `json:"readiness"`
}

const cardSchema = "goldenpath.scorecard-card/v1"

// Dimension is one row of the scorecard, with its grade.
type Dimension struct {
	Name   string       `json:"name"`
	State  report.State `json:"state"`
	Result string       `json:"result"` // what was found, with units
	Note   string       `json:"note,omitempty"`
	Must   bool         `json:"must"` // the card fails unless the state is pass or warn
	// optional: a not-applicable grade satisfies Must.
	optional bool
}

// demanded returns the dimension as scorecard.must requires it: a dimension that must
// pass but does not apply becomes missing.
func (d Dimension) demanded() Dimension {
	if d.Must && d.State == report.NotApplicable && !d.optional {
		d.State, d.Note = report.Missing, "scorecard.must requires it"
	}
	return d
}

// fails reports whether the dimension fails the scorecard.
func (d Dimension) fails() bool {
	return d.State == report.Failed || d.Must && (d.State == report.Missing || d.State == report.Inconclusive)
}

// report makes the report of the scorecard.
func (c *Card) report(o Options) *report.Report {
	r := &report.Report{Name: "scorecard", Subject: o.App, Commit: o.Commit, Digest: o.Digest, Started: o.Started}
	r.SetData(c)
	var failed, gaps []string
	for _, d := range c.Dimensions {
		if d.fails() {
			failed = append(failed, d.Name)
		} else if d.State == report.Warned || d.State == report.Missing || d.State == report.Inconclusive {
			gaps = append(gaps, d.Name)
		}
		r.Checks = append(r.Checks, report.Check{Name: d.Name, State: d.State, Result: d.Result, Note: d.Note})
	}
	r.Sections = append(r.Sections, readinessSection(c.Readiness))
	switch {
	case len(failed) > 0:
		r.Verdict, r.Reason = report.Fail, report.ReasonDimensionFailed
		r.Title = "not ready: " + strings.Join(failed, ", ")
	case report.Worst(r.Checks) == report.Pass:
		r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonReady, "ready for release"
	default:
		r.Verdict, r.Reason, r.Title = report.Warn, report.ReasonReadyWithGaps, "ready for release, with gaps: "+strings.Join(gaps, ", ")
	}
	r.Set("tests", fmt.Sprint(c.Tests.Passed))
	r.Set("failed", fmt.Sprint(c.Tests.Failed))
	return r
}
