package preview

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func cutPrefix(environment string) (string, bool) { return strings.CutPrefix(environment, prefix) }

// compareNames puts pr-9 before pr-10.
func compareNames(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

func trimNotes(s string) string { return strings.TrimPrefix(s, "; ") }

// List tells which previews there are, and what they cost.
func List(ctx context.Context, d Deps, p Policy) (*report.Report, error) {
	start := d.Now()
	now, err := d.Target.Now(ctx)
	if err != nil {
		return nil, err
	}
	var all []record
	var b booked
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if all, err = readRecords(ctx, tx); err == nil {
			b, err = readBooked(ctx, tx, midnight(now))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	known := map[string]record{}
	ahead := lookOut(b, now, p.SweepEvery)
	for _, r := range all {
		known[r.Name] = r
		ahead.add(r, 1)
	}
	r := &report.Report{Name: "preview-list", Subject: p.App, Verdict: report.Pass, Reason: report.ReasonOK, Started: start.UTC()}
	s := report.Section{Title: "previews", Open: true, Head: []string{"preview", "url", "commit", "owner", "up since", "until", "per hour", "state"}}
	for live, err := range d.Target.List(ctx) {
		if err != nil {
			return nil, err
		}
		name, ok := cutPrefix(live.Environment)
		if !ok {
			continue
		}
		rec, inLedger := known[name]
		delete(known, name)
		until, state, since := "?", "ready", live.Started
		if inLedger {
			until, since = humanize.RelTime(rec.Expires, now, "ago", "from now"), rec.Created
			if state = rec.Phase; now.After(rec.Expires) {
				state = "overdue"
			}
		}
		switch {
		case live.Leaving:
			state = "leaving"
		case !live.Alive:
			state = "dead"
		}
		s.Rows = append(s.Rows, []string{
			name, live.URL, fmt.Sprintf("%.7s", live.Commit), rec.Owner, humanize.RelTime(since, now, "ago", "from now"), until,
			money(rec.perHour(), p.Currency), state,
		})
	}
	for _, rec := range all {
		if _, left := known[rec.Name]; left {
			s.Rows = append(s.Rows, []string{rec.Name, rec.URL, fmt.Sprintf("%.7s", rec.Commit), rec.Owner, humanize.RelTime(rec.Created, now, "ago", "from now"),
				humanize.RelTime(rec.Expires, now, "ago", "from now"), money(rec.perHour(), p.Currency), rec.Phase + ", not seen"})
		}
	}
	r.Title = english.Plural(len(s.Rows), "preview", "")
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	if today := ahead.days[0]; today.Promise > 0 || p.PerDay > 0 {
		c := report.Check{Name: "today", State: report.OK, Result: money(today.Spent, p.Currency) + " spent"}
		if p.PerDay > 0 {
			c.Result += " of " + money(p.PerDay, p.Currency)
		}
		r.Checks = append(r.Checks, c)
	}
	r.Set("count", fmt.Sprint(len(s.Rows)))
	finish(r, start, d.Now())
	return r, nil
}
