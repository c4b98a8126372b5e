package comment

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// row is one line of the overview. All text in it is plain.
type row struct {
	State   report.State `json:"state"`
	Name    string       `json:"name"`
	Result  string       `json:"result"` // with a number, where there is one
	Note    string       `json:"note,omitempty"`
	Seconds float64      `json:"seconds,omitempty"`
}

// Bounds of the rows and the steps that a marker holds.
const (
	maxRows   = 8
	maxSteps  = 3
	maxResult = 120 // runes
)

func short(s string) string { return text.OneLine(report.LogLine(s), maxResult) }

// rowsOf returns the lines of the overview for a report.
func rowsOf(section string, r *report.Report) []row {
	one := row{State: report.State(r.Verdict), Name: section, Result: short(r.Title), Seconds: r.Seconds}
	switch {
	case section == previewSection:
		return []row{previewRow(one, r)}
	case section == "security-gate":
		one.Name, one.Result, one.Note = "security", counts(r), ""
		if r.Verdict != report.Pass && r.Blocking() == 0 {
			one.Note = short(r.Title)
		}
		return []row{one}
	case section == "scorecard" && len(r.Checks) > 0 && len(r.Checks) <= maxRows:
		var all []row
		for _, c := range r.Checks {
			all = append(all, row{State: c.State, Name: short(c.Name), Result: short(c.Result), Note: short(c.Note), Seconds: c.Seconds})
		}
		return all
	}
	return []row{one}
}

// counts returns how many findings of each kind the gate has.
func counts(r *report.Report) string {
	fresh := 0
	for _, f := range r.Findings {
		if !f.Blocking && f.Status != report.Known && f.Status != report.Waived && f.Status != report.Disclosed {
			fresh++
		}
	}
	return fmt.Sprintf("%d must be fixed, %d other new, %d known, %d waived", r.Blocking(), fresh, r.Count(report.Known)+r.Count(report.Disclosed), r.Count(report.Waived))
}

// previewRow shows since when, until when and for how much a preview answers. The address is
// added from the marker, because only a trusted report may link.
func previewRow(one row, r *report.Report) row {
	if r.Output("url") == "" || r.Verdict == report.Fail {
		if r.Reason == report.ReasonRemoved && !r.Started.IsZero() {
			one.Note = "on " + r.Started.UTC().Format("Mon 2 Jan 15:04 MST")
		}
		return one
	}
	one.Result = "ready"
	if took := report.Duration(r.Seconds); took != "" {
		one.Result += " in " + took
	}
	if at, err := time.Parse(time.RFC3339, r.Output("expires")); err == nil {
		one.Result += " · ends " + at.UTC().Format("Mon 2 Jan 15:04 MST")
	}
	for _, c := range r.Checks {
		if c.Name == "budget" {
			one.Note = short(c.Result)
		}
	}
	one.Seconds = 0
	return one
}

// stepsOf returns what to do about a report that blocks: one sentence each.
func stepsOf(section string, r *report.Report) []string {
	if r.Verdict != report.Fail {
		return nil
	}
	var all []string
	add := func(parts ...string) {
		s := strings.Join(parts, "")
		if len(all) < maxSteps && strings.TrimSpace(s) != "" {
			all = append(all, short(section+": "+s))
		}
	}
	for _, g := range report.GroupFindings(r.Findings) {
		if f := g.First(); f.Blocking {
			what := g.Cause() + " at " + f.At.String()
			if n := len(g.Places()) - 1; n > 0 {
				what += fmt.Sprintf(" and %d more", n)
			}
			if fixes := g.Fixes(); len(fixes) > 0 {
				what += ": " + strings.SplitN(fixes[0], "\n", 2)[0]
			}
			add(what)
		}
	}
	for _, c := range r.Checks {
		if len(all) == 0 || section != "security-gate" {
			if c.State == report.Failed || c.State == report.Missing {
				note := c.Note
				if note != "" {
					note = " (" + note + ")"
				}
				add(c.Name, ": ", c.Result, note)
			}
		}
	}
	if len(all) == 0 {
		add(r.Title)
	}
	return all
}
