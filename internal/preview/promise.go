package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// promise prices the preview and writes it into the ledger, which admits it or not.
func (u *up) promise(ctx context.Context) error {
	start := u.Now()
	plan, err := u.Target.Plan(ctx, u.deployment(ctx))
	if err != nil {
		return err
	}
	p := u.o.Policy
	perHour, unpriced := p.Prices.PerHour(plan.Requests)
	var today day
	var refusedLabel *refused
	write := func(ctx context.Context, tx *ledger.Tx) error {
		all, err := readRecords(ctx, tx)
		if err != nil {
			return err
		}
		r := u.fresh()
		u.before, refusedLabel = nil, nil
		if i := slices.IndexFunc(all, func(o record) bool { return o.Name == r.Name }); i >= 0 {
			old := all[i]
			u.before = &old
			if err := u.findable(ctx, p, old); err != nil {
				return err
			}
			if old.Phase == raising && old.Commit != r.Commit {
				// Another run is at it, of an older commit or of a later one.
				if err := u.lease.ask(ctx); err != nil {
					return err
				}
			}
			r.Created, r.Lease, r.Costs, r.Done, r.URL, r.Pinned = old.Created, old.Lease, slices.Clone(old.Costs), old.Done, old.URL, old.Pinned
		}
		// Until the deployment has come to its end, what was there before may serve on.
		r.charge(r.Updated, max(r.perHour(), perHour))
		r.Lease++
		r.Expires = expiry(p, r, u.lease.pull.Labels)
		today, err = p.admit(ctx, tx, r, all, u.now)
		if errors.As(err, &refusedLabel) && refusedLabel.reason == report.ReasonOverBudget && r.Expires.After(r.Due) {
			r.Expires = r.Due
			today, err = p.admit(ctx, tx, r, all, u.now)
		}
		if err != nil {
			return err
		}
		u.record, u.perHour = r, perHour
		return writeRecord(tx, r)
	}
	if u.o.DryRun {
		err = u.Ledger.View(ctx, write)
	} else {
		err = u.Ledger.Update(ctx, fmt.Sprintf("preview %s%s: raise %.40s", prefix, u.o.Name, report.LogLine(u.artifact.Commit())), write)
	}
	if err != nil {
		return err
	}
	u.priced(plan, today, perHour, unpriced, u.Now().Sub(start))
	if refusedLabel != nil {
		u.check(report.Check{Name: "extension", State: report.Warned, Result: "not granted: " + refusedLabel.title, Note: refusedLabel.remedy})
	}
	return nil
}

// fresh is the record of a preview that nobody has raised before.
func (u *up) fresh() record {
	now := u.now.UTC()
	return record{
		Name: u.o.Name, App: u.o.Policy.App, Repository: u.o.Policy.Repository, PullRequest: u.o.PullRequest, Owner: u.o.Owner, Commit: u.artifact.Commit(),
		Digest: u.artifact.Digest, Phase: raising, Created: now, Updated: now, Due: now.Add(min(u.o.Policy.TTL, u.o.Policy.MaxTTL)),
	}
}

// priced says what the preview costs, and plans it.
func (u *up) priced(plan target.Plan, today day, perHour float64, unpriced []string, took time.Duration) {
	p := u.o.Policy
	c := report.Check{Name: "budget", State: report.OK, Seconds: took.Seconds(), Result: money(perHour, p.Currency) + " an hour"}
	if p.PerDay > 0 {
		c.Result += fmt.Sprintf("; today at most %s of %s", money(today.Promise, p.Currency), money(p.PerDay, p.Currency))
		if p.Alert > 0 && today.Promise >= p.PerDay*p.Alert/100 {
			c.State, c.Note = report.Warned, fmt.Sprintf("over %.0f %% of the budget", p.Alert)
		}
	}
	if len(unpriced) > 0 {
		c.State, c.Note = report.Warned, "no price is known for "+strings.Join(unpriced, ", ")+": set preview.prices.resources"
	}
	u.check(c)
	u.check(report.Check{Name: "lease", State: report.OK, Result: fmt.Sprintf("%d, head %.7s", u.record.Lease, u.lease.head), Note: u.lease.note()})
	for _, n := range plan.Notes {
		u.check(report.Check{Name: "note", State: report.Warned, Result: n})
	}
	u.report.Set("cost-per-hour", fmt.Sprintf("%.4f", perHour))
	if !u.o.DryRun {
		u.say(target.Phase{Name: "budget", Detail: c.Result, Seconds: took.Seconds()})
		return
	}
	s := report.Section{Title: "would change in " + plan.Place, Open: true, Head: []string{"object", "change"}}
	for _, change := range plan.Changes {
		s.Rows = append(s.Rows, []string{change.Object, change.What})
	}
	if len(s.Rows) > 0 {
		u.report.Sections = append(u.report.Sections, s)
	}
	u.check(report.Check{Name: "artifact", State: report.OK, Result: u.artifact.Digest})
	u.check(report.Check{Name: "environment", State: report.OK, Result: prefix + u.o.Name, Note: plan.Place})
	u.report.Verdict, u.report.Reason, u.report.Title = report.Pass, report.ReasonPlanned, "nothing was changed: this is the plan"
}
