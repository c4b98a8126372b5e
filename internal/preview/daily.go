package preview

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Daily tells what previews cost on a day, and what there is of them now. The
// verdict warns when the budget's alert is reached. It needs the ledger alone.
func Daily(ctx context.Context, d Deps, p Policy, on time.Time) (*report.Report, error) {
	start := d.Now()
	now := d.Now().UTC()
	from := midnight(on)
	to := from.Add(24 * time.Hour)
	var all []record
	var b booked
	err := d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if all, err = readRecords(ctx, tx); err == nil {
			b, err = readBooked(ctx, tx, from)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "preview-report", Subject: p.App, Verdict: report.Pass, Reason: report.ReasonReported, Started: start.UTC()}
	s := report.Section{Title: "previews on " + from.Format("Mon 2 Jan 2006"), Open: true, Head: []string{"preview", "owner", "hours", "cost", ""}}
	owners := map[string]float64{}
	total := 0.0
	type line struct {
		name, owner, now string
		hours, cost      float64
	}
	var lines []line
	for name, v := range b.Previews {
		lines = append(lines, line{name, v.Owner, "removed", v.Hours, v.Cost})
	}
	for _, rec := range all {
		begin, end := latest(from, rec.Created), earliest(to, now)
		if end.After(begin) {
			lines = append(lines, line{rec.Name, rec.Owner, "until " + rec.Expires.UTC().Format("2 Jan 15:04"), end.Sub(begin).Hours(), between(rec.Costs, begin, end)})
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(b.cost, a.cost), compareNames(a.name, b.name)) })
	for _, l := range lines {
		total += l.cost
		owners[l.owner] += l.cost
		s.Rows = append(s.Rows, []string{l.name, l.owner, fmt.Sprintf("%.1f", l.hours), money(l.cost, p.Currency), l.now})
	}
	r.Title = fmt.Sprintf("%s cost %s on %s", english.Plural(len(lines), "preview", ""), money(total, p.Currency), from.Format("2 Jan"))
	c := report.Check{Name: "spend", State: report.OK, Result: money(total, p.Currency)}
	if p.PerDay > 0 {
		c.Result += fmt.Sprintf(" of %s, %.0f %%", money(p.PerDay, p.Currency), 100*total/p.PerDay)
		switch {
		case total > p.PerDay:
			c.State, c.Note = report.Failed, "over the budget"
			r.Verdict, r.Reason = report.Warn, report.ReasonOverBudget
		case p.Alert > 0 && total >= p.PerDay*p.Alert/100:
			c.State, c.Note = report.Warned, fmt.Sprintf("over %.0f %% of the budget", p.Alert)
			r.Verdict, r.Reason = report.Warn, report.ReasonBudgetAlert
		}
	}
	r.Checks = append(r.Checks, c)
	for _, owner := range slices.SortedFunc(maps.Keys(owners), func(a, b string) int { return cmp.Or(cmp.Compare(owners[b], owners[a]), cmp.Compare(a, b)) }) {
		if owner != "" && len(owners) > 1 {
			r.Checks = append(r.Checks, report.Check{Name: owner, State: report.OK, Result: money(owners[owner], p.Currency)})
		}
	}
	for _, rec := range all {
		if now.After(rec.Expires.Add(2 * p.SweepEvery)) {
			r.Checks = append(r.Checks, report.Check{Name: rec.Name, State: report.Warned, Result: "is overdue since " + rec.Expires.UTC().Format("2 Jan 15:04"), Note: "look whether the sweep runs"})
			r.Verdict = report.Warn
			if r.Reason == report.ReasonReported {
				r.Reason = report.ReasonOverdue
			}
		}
	}
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	r.Set("cost", fmt.Sprintf("%.4f", total))
	r.Set("count", fmt.Sprint(len(lines)))
	finish(r, start, d.Now())
	return r, nil
}
