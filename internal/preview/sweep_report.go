package preview

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// report adds the decisions to the report. The error joins the errors of all previews
// that could not be removed.
func (s *sweep) report(r *report.Report) error {
	var errs []error
	removed, due := 0, 0
	section := report.Section{Title: "previews", Open: true, Head: []string{"", "preview", "pull request", "owner", "why", "expires", "per hour", "outcome"}}
	for _, d := range s.all {
		mark, outcome := "keeps", d.Outcome
		switch {
		case d.err != nil:
			mark, outcome = "✗", d.err.Error()
			d.Error = outcome
			errs = append(errs, fmt.Errorf("cannot remove preview %s: %w", d.Name, d.err))
		case d.Remove && s.o.DryRun:
			mark, outcome = "would remove", ""
			due++
		case d.Remove:
			mark = "✓"
			removed++
		}
		pull := ""
		if d.PullRequest > 0 {
			pull = fmt.Sprintf("#%d", d.PullRequest)
		}
		notes := d.Notes
		if outcome != "" {
			notes = append([]string{outcome}, notes...)
		}
		section.Rows = append(section.Rows, []string{
			mark, d.Name, pull, d.Owner, d.Why, d.Expires.UTC().Format("2 Jan 15:04 MST"), budget.Money(d.PerHour, s.o.Policy.Currency), strings.Join(notes, "; "),
		})
	}
	r.Checks = append(r.Checks, report.Check{Name: "previews", State: report.OK, Result: english.Plural(len(s.all), "preview", "") + " found"}, s.pullsCheck())
	if s.PullRequests != nil && s.pullsErr != nil {
		errs = append(errs, fmt.Errorf("cannot read the open pull requests: %w", s.pullsErr))
	}
	if len(section.Rows) > 0 {
		r.Sections = append(r.Sections, section)
	}
	if s.recordErr != nil {
		errs = append(errs, fmt.Errorf("cannot update the ledger: %w", s.recordErr))
	}
	r.Verdict, r.Reason = report.Pass, report.ReasonSwept
	r.Title = fmt.Sprintf("%s removed, %d stay", english.Plural(removed, "preview", ""), len(s.all)-removed)
	if s.o.DryRun {
		r.Reason, r.Title = report.ReasonPlanned, fmt.Sprintf("dry run: %s would be removed", english.Plural(due, "preview", ""))
	}
	if len(errs) > 0 {
		r.Verdict, r.Reason = report.Fail, report.ReasonSweepIncomplete
		r.Title += "; " + english.Plural(len(errs), "error", "")
		r.Checks[0].State = report.Failed
	}
	r.Set("removed", fmt.Sprint(removed))
	r.Set("count", fmt.Sprint(len(s.all)))
	r.SetData(s.all)
	return errors.Join(errs...)
}

// pullsCheck returns the row that reports whether the state of the pull requests is
// known.
func (s *sweep) pullsCheck() report.Check {
	switch {
	case s.PullRequests == nil:
		return report.Check{Name: "pull requests", State: report.Skipped, Result: s.pullsErr.Error(), Note: "only expired previews and those over a limit or the budget are removed"}
	case s.pullsErr != nil:
		return report.Check{Name: "pull requests", State: report.Missing, Result: s.pullsErr.Error(), Note: "no preview counts as closed or orphaned"}
	}
	return report.Check{Name: "pull requests", State: report.OK, Result: fmt.Sprintf("%d open", len(s.pulls))}
}
