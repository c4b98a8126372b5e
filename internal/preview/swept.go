package preview

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// report says what becomes of each preview, and why.
func (s *sweep) report(r *report.Report) error {
	var errs []error
	removed, due := 0, 0
	section := report.Section{Title: "previews", Open: true, Head: []string{"", "preview", "pull request", "owner", "why", "due", "per hour", "outcome"}}
	for _, d := range s.all {
		mark, outcome := "keeps", d.Outcome
		switch {
		case d.err != nil:
			mark, outcome = "✗", d.err.Error()
			d.Error = outcome
			errs = append(errs, fmt.Errorf("remove preview %s: %w", d.Name, d.err))
		case d.Remove && s.o.DryRun:
			mark, outcome = "would remove", ""
			due++
		case d.Remove:
			mark = "✓"
			removed++
		}
		for _, n := range d.Notes {
			outcome += "; " + n
		}
		pull := ""
		if d.PullRequest > 0 {
			pull = fmt.Sprintf("#%d", d.PullRequest)
		}
		section.Rows = append(section.Rows, []string{mark, d.Name, pull, d.Owner, d.Why, d.Expires.UTC().Format("2 Jan 15:04 MST"), money(d.PerHour, s.o.Policy.Currency), trimNotes(outcome)})
	}
	r.Checks = append(r.Checks, report.Check{Name: "previews", State: report.OK, Result: english.Plural(len(s.all), "preview", "") + " found"})
	switch {
	case s.PullRequests == nil:
		r.Checks = append(r.Checks, report.Check{Name: "pull requests", State: report.Skipped, Result: s.asked.Error(), Note: "only what is over its time, the limits or the budget is removed"})
	case s.asked != nil:
		r.Checks = append(r.Checks, report.Check{Name: "pull requests", State: report.Missing, Result: s.asked.Error(), Note: "no preview was taken for an orphan"})
		errs = append(errs, fmt.Errorf("read the open pull requests: %w", s.asked))
	default:
		r.Checks = append(r.Checks, report.Check{Name: "pull requests", State: report.OK, Result: fmt.Sprintf("%d open", len(s.pulls))})
	}
	if len(section.Rows) > 0 {
		r.Sections = append(r.Sections, section)
	}
	if s.remarks != nil {
		errs = append(errs, fmt.Errorf("write down what was found: %w", s.remarks))
	}
	r.Verdict, r.Reason = report.Pass, report.ReasonSwept
	r.Title = fmt.Sprintf("%s removed, %d stay", english.Plural(removed, "preview", ""), len(s.all)-removed)
	if s.o.DryRun {
		r.Reason, r.Title = report.ReasonPlanned, fmt.Sprintf("%s would be removed: nothing was changed", english.Plural(due, "preview", ""))
	}
	if len(errs) > 0 {
		r.Verdict, r.Reason = report.Fail, report.ReasonSweepIncomplete
		r.Title += fmt.Sprintf("; %d could not be dealt with", len(errs))
		r.Checks[0].State = report.Failed
	}
	r.Set("removed", fmt.Sprint(removed))
	r.Set("count", fmt.Sprint(len(s.all)))
	r.SetData(s.all)
	return errors.Join(errs...)
}
