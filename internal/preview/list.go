package preview

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// List reports the previews that the target or the ledger contains, and their cost.
func List(ctx context.Context, d Deps, p Policy) (*report.Report, error) {
	start := d.Now()
	now, err := d.Target.Now(ctx)
	if err != nil {
		return nil, err
	}
	var all []record
	var spend budget.Spend
	var w wait
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if all, err = readRecords(ctx, tx); err == nil {
			spend, err = budget.ReadSpend(ctx, tx, now)
		}
		if err == nil {
			w, err = p.readWait(ctx, tx, now)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	unseen := map[string]record{}
	forecast := budget.NewForecast(spend, now, w.most)
	for _, r := range all {
		unseen[r.Name] = r
		forecast.Add(r.priced())
	}
	r := &report.Report{Name: "preview-list", Subject: p.App, Verdict: report.Pass, Reason: report.ReasonOK, Started: start.UTC()}
	s := report.Section{Title: "previews", Open: true, Head: []string{"preview", "url", "commit", "owner", "created", "expires", "per hour", "state"}}
	for live, err := range d.Target.List(ctx) {
		if err != nil {
			return nil, err
		}
		if name, ok := cutPrefix(live.Environment); ok {
			rec, recorded := unseen[name]
			delete(unseen, name)
			s.Rows = append(s.Rows, p.liveRow(name, live, rec, recorded, now))
		}
	}
	for _, rec := range all {
		if _, ok := unseen[rec.Name]; ok {
			s.Rows = append(s.Rows, []string{rec.Name, "", fmt.Sprintf("%.7s", rec.Commit), rec.Owner, relative(rec.Created, now),
				relative(rec.Expires, now), budget.Money(rec.Costs.Current(), p.Currency), "recorded as " + rec.Phase + ", but it does not exist"})
		}
	}
	r.Title = english.Plural(len(s.Rows), "preview", "")
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	if today := forecast.Days[0]; today.Most > 0 || p.PerDay > 0 {
		c := report.Check{Name: "today", State: report.OK, Result: budget.Money(today.Spent, p.Currency) + " spent"}
		if p.PerDay > 0 {
			c.Result += " of " + budget.Money(p.PerDay, p.Currency)
		}
		r.Checks = append(r.Checks, c)
	}
	if p.Repository != "" { // previews of a local run have no schedule
		r.Checks = append(r.Checks, w.check(p, now))
	}
	r.Set("count", fmt.Sprint(len(s.Rows)))
	r.Seconds = d.Now().Sub(start).Seconds()
	return r, nil
}

// liveRow returns the table row of a preview that exists in the target.
func (p Policy) liveRow(name string, live target.Running, rec record, recorded bool, now time.Time) []string {
	expires, state, created := "?", "ready", live.Started
	if recorded {
		expires, created = relative(rec.Expires, now), rec.Created
		if state = rec.Phase; now.After(rec.Expires) {
			state = "overdue"
		}
	}
	url := live.URL
	switch {
	case live.Leaving:
		state = "being removed"
	case !live.Alive && recorded && now.After(rec.Expires):
		state, url = "expired", ""
	case !live.Alive:
		state, url = "dead", ""
	}
	return []string{
		name, url, fmt.Sprintf("%.7s", live.Commit), rec.Owner, relative(created, now), expires, budget.Money(rec.Costs.Current(), p.Currency), state,
	}
}

func relative(t, now time.Time) string { return humanize.RelTime(t, now, "ago", "from now") }
