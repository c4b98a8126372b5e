package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// reserve computes the price of the preview, and writes the preview's record into the
// ledger if the limits and the budget allow it.
func (u *up) reserve(ctx context.Context) error {
	start := u.Now()
	plan, err := u.Target.Plan(ctx, u.deployment(ctx))
	if err != nil {
		return err
	}
	var unpriced []string
	u.perHour, unpriced = u.o.Policy.Prices.PerHour(plan.Requests)
	var today budget.Day
	var shortened *budget.Exceeded // why a label does not extend the preview
	write := func(ctx context.Context, tx *ledger.Tx) error {
		all, err := readRecords(ctx, tx)
		if err != nil {
			return err
		}
		r, err := u.reservation(ctx, all)
		if err != nil {
			return err
		}
		spend, err := budget.ReadSpend(ctx, tx, u.now)
		if err != nil {
			return err
		}
		if u.wait, err = u.o.Policy.readWait(ctx, tx, u.now); err != nil {
			return err
		}
		limits := u.o.Policy.Limits
		limits.SweepEvery = u.wait.most
		today, err = limits.Admit(spend, r.priced(), pricedAll(all), u.now)
		if shortened = nil; errors.As(err, &shortened) && shortened.Reason == report.ReasonOverBudget && r.Expires.After(r.Due) {
			r.Expires = r.Due
			today, err = limits.Admit(spend, r.priced(), pricedAll(all), u.now)
		}
		if err != nil {
			return err
		}
		u.record = r
		return writeRecord(tx, r)
	}
	if u.o.DryRun {
		err = u.Ledger.View(ctx, write)
	} else {
		err = u.Ledger.Update(ctx, fmt.Sprintf("preview %s%s: deploy %.40s", prefix, u.o.Name, report.LogLine(u.artifact.Commit())), write)
	}
	if err != nil {
		return err
	}
	u.reportReservation(plan, today, unpriced, u.Now().Sub(start))
	if shortened != nil {
		u.check(report.Check{Name: "extension", State: report.Warned, Result: "not granted: " + shortened.Title, Note: shortened.Remedy})
	}
	if u.o.DryRun {
		u.reportPlan(plan)
	}
	return nil
}

// reservation returns the record to write: a new record, or the existing one with the
// next revision.
func (u *up) reservation(ctx context.Context, all []record) (record, error) {
	now := u.now.UTC()
	p := u.o.Policy
	r := record{
		Name: u.o.Name, App: p.App, Repository: p.Repository, PullRequest: u.o.PullRequest, Owner: u.owner(), Commit: u.artifact.Commit(),
		Digest: u.artifact.Digest, Phase: deploying, Created: now, Updated: now, Due: now.Add(min(p.TTL, p.MaxTTL)),
	}
	u.previous = nil
	if i := slices.IndexFunc(all, func(o record) bool { return o.Name == r.Name }); i >= 0 {
		old := all[i]
		u.previous = &old
		if err := u.findable(ctx, p, old); err != nil {
			return r, err
		}
		if old.Phase == deploying && old.Commit != r.Commit {
			// Another run deploys another commit, which may be newer.
			if err := u.precondition.check(ctx); err != nil {
				return r, err
			}
		}
		r.Created, r.Revision, r.Costs, r.Done, r.URL, r.Pinned = old.Created, old.Revision, slices.Clone(old.Costs), old.Done, old.URL, old.Pinned
	}
	// Until the deployment completes, the previous generation may go on running.
	r.Costs = r.Costs.From(r.Updated, max(r.Costs.Current(), u.perHour))
	r.Revision++
	r.Expires = expiry(p, r, u.precondition.pull.Labels)
	return r, nil
}

// reportReservation reports the cost and the precondition.
func (u *up) reportReservation(plan target.Plan, today budget.Day, unpriced []string, took time.Duration) {
	p := u.o.Policy
	c := report.Check{Name: "budget", State: report.OK, Seconds: took.Seconds(), Result: budget.Money(u.perHour, p.Currency) + " an hour"}
	if p.PerDay > 0 {
		c.Result += fmt.Sprintf("; today at most %s of %s", budget.Money(today.Most, p.Currency), budget.Money(p.PerDay, p.Currency))
		if p.Alert > 0 && today.Most >= p.PerDay*p.Alert/100 {
			c.State, c.Note = report.Warned, fmt.Sprintf("over %.0f %% of the budget", p.Alert)
		}
	}
	if len(unpriced) > 0 {
		c.State, c.Note = report.Warned, "no price for "+strings.Join(unpriced, ", ")+": set preview.prices.resources"
	}
	u.check(c)
	u.check(u.precondition.describe())
	for _, n := range plan.Notes {
		u.check(report.Check{Name: "note", State: report.Warned, Result: n})
	}
	u.report.Set("cost-per-hour", fmt.Sprintf("%.4f", u.perHour))
	if !u.o.DryRun {
		u.say(target.Phase{Name: "budget", Detail: c.Result, Seconds: took.Seconds()})
	}
}

// reportPlan reports what a deployment would change.
func (u *up) reportPlan(plan target.Plan) {
	target.AddPlan(u.report, target.Phase{Plan: &plan})
	u.check(report.Check{Name: "artifact", State: report.OK, Result: u.artifact.Digest})
	u.check(report.Check{Name: "environment", State: report.OK, Result: prefix + u.o.Name, Note: plan.Place})
	u.report.Verdict, u.report.Reason, u.report.Title = report.Pass, report.ReasonPlanned, "dry run: nothing was changed"
}
