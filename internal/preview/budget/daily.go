package budget

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// line is one preview of a daily report.
type line struct {
	name, owner, state string
	hours, cost        float64
}

// Daily reports the cost of previews, both removed and existing ones, on the UTC day
// that contains the time on. It warns if the cost reaches the budget's alert or exceeds
// the budget, and about previews that sweeps should already have removed.
func (l Limits) Daily(on, now time.Time, spend Spend, existing []Preview) *report.Report {
	day := Midnight(on)
	lines := linesOf(day, now, spend, existing)
	total := 0.0
	owners := map[string]float64{}
	s := report.Section{Title: "previews on " + day.Format("Mon 2 Jan 2006"), Open: true, Head: []string{"preview", "owner", "hours", "cost", ""}}
	for _, one := range lines {
		total += one.cost
		owners[one.owner] += one.cost
		s.Rows = append(s.Rows, []string{one.name, one.owner, fmt.Sprintf("%.1f", one.hours), Money(one.cost, l.Currency), one.state})
	}
	r := &report.Report{
		Verdict: report.Pass, Reason: report.ReasonReported,
		Title: fmt.Sprintf("%s cost %s on %s", english.Plural(len(lines), "preview", ""), Money(total, l.Currency), day.Format("2 Jan")),
	}
	l.compare(r, total)
	for _, owner := range slices.SortedFunc(maps.Keys(owners), func(a, b string) int { return cmp.Or(cmp.Compare(owners[b], owners[a]), cmp.Compare(a, b)) }) {
		if owner != "" && len(owners) > 1 {
			r.Checks = append(r.Checks, report.Check{Name: owner, State: report.OK, Result: Money(owners[owner], l.Currency)})
		}
	}
	l.overdue(r, now, existing)
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	r.Set("cost", fmt.Sprintf("%.4f", total))
	r.Set("count", fmt.Sprint(len(lines)))
	return r
}

// linesOf lists the previews of a day, the most expensive first.
func linesOf(day, now time.Time, spend Spend, existing []Preview) (lines []line) {
	for name, b := range spend.Previews {
		lines = append(lines, line{name, b.Owner, "removed", b.Hours, b.Cost})
	}
	for _, p := range existing {
		begin, end := Latest(day, p.Created), Earliest(day.Add(24*time.Hour), now)
		if end.After(begin) {
			lines = append(lines, line{p.Name, p.Owner, "until " + p.Expires.UTC().Format("2 Jan 15:04"), end.Sub(begin).Hours(), p.Costs.Between(begin, end)})
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(b.cost, a.cost), CompareNames(a.name, b.name)) })
	return lines
}

// compare adds the check of the day's total against the budget.
func (l Limits) compare(r *report.Report, total float64) {
	c := report.Check{Name: "spend", State: report.OK, Result: Money(total, l.Currency)}
	if l.PerDay > 0 {
		c.Result += fmt.Sprintf(" of %s, %.0f %%", Money(l.PerDay, l.Currency), 100*total/l.PerDay)
		switch {
		case total > l.PerDay:
			c.State, c.Note = report.Failed, "over the budget"
			r.Verdict, r.Reason = report.Warn, report.ReasonOverBudget
		case l.Alert > 0 && total >= l.PerDay*l.Alert/100:
			c.State, c.Note = report.Warned, fmt.Sprintf("over %.0f %% of the budget", l.Alert)
			r.Verdict, r.Reason = report.Warn, report.ReasonBudgetAlert
		}
	}
	r.Checks = append(r.Checks, c)
}

// overdue warns about previews that two sweeps should have removed but did not.
func (l Limits) overdue(r *report.Report, now time.Time, existing []Preview) {
	for _, p := range existing {
		if !now.After(p.Expires.Add(2 * l.SweepEvery)) {
			continue
		}
		r.Checks = append(r.Checks, report.Check{Name: p.Name, State: report.Warned, Result: "overdue since " + p.Expires.UTC().Format("2 Jan 15:04"), Note: "check that the sweep runs"})
		r.Verdict = report.Warn
		if r.Reason == report.ReasonReported {
			r.Reason = report.ReasonOverdue
		}
	}
}
