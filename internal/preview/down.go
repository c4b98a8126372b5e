package preview

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// DownOptions says what to remove.
type DownOptions struct {
	Policy      Policy
	Name        string
	PullRequest int  // 0: of none
	Open        bool // although its pull request is open
	DryRun      bool
}

// Down removes a preview. One that is gone already is no error. The pull request is
// read right before: one that is open again keeps its preview.
func Down(ctx context.Context, d Deps, o DownOptions) (*report.Report, error) {
	start := d.Now()
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	environment := prefix + o.Name
	r := &report.Report{Name: "preview-down", Subject: o.Policy.App + " " + o.Name, Started: start.UTC(), Verdict: report.Pass}
	running, err := d.Target.Status(ctx, environment)
	there := err == nil
	if err != nil && !errors.Is(err, target.ErrNotDeployed) {
		return nil, err
	}
	r.Commit, r.Digest = running.Commit, running.Digest
	open, err := d.open(ctx, o)
	switch {
	case err != nil:
		return nil, fmt.Errorf("remove preview %s: %w", o.Name, err)
	case open:
		r.Verdict, r.Reason = report.Skip, report.ReasonPullRequestOpen
		r.Title = fmt.Sprintf("pull request %d is open: its preview stays", o.PullRequest)
	case o.DryRun && there:
		r.Reason, r.Title = report.ReasonPlanned, o.Name+" would be removed: nothing was changed"
	case o.DryRun:
		r.Verdict, r.Reason, r.Title = report.Skip, report.ReasonNotFound, o.Name+" is not there"
	default:
		if err := d.known(ctx, o); err != nil {
			return nil, err
		}
		if err := d.remove(ctx, r, o, there); err != nil {
			return nil, fmt.Errorf("remove preview %s: %w", o.Name, err)
		}
	}
	state := report.OK
	if r.Verdict == report.Skip {
		state = report.Skipped
	}
	r.Checks = append(r.Checks, report.Check{Name: o.Name, State: state, Result: r.Title})
	finish(r, start, d.Now())
	return r, nil
}

// open reports whether the pull request of a preview is open.
func (d Deps) open(ctx context.Context, o DownOptions) (bool, error) {
	if o.Open || d.PullRequests == nil || o.PullRequest == 0 {
		return false, nil
	}
	p, err := d.PullRequests.PullRequest(ctx, o.PullRequest)
	if errors.Is(err, github.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read pull request %d: a preview is removed only when it is known to be closed (--even-open removes it anyhow): %w", o.PullRequest, err)
	}
	return p.State == "open", nil
}

// known refuses to call a preview removed that is kept under another name.
func (d Deps) known(ctx context.Context, o DownOptions) error {
	return d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := readRecord(ctx, tx, o.Name)
		if errors.Is(err, ledger.ErrNone) {
			return nil
		}
		if err != nil {
			return err
		}
		return d.findable(ctx, o.Policy, r)
	})
}

// findable reports a mistake where a preview is known that is not found under the
// names of today.
func (d Deps) findable(ctx context.Context, p Policy, r record) error {
	why := r.elsewhere(p)
	if why == "" {
		return nil
	}
	_, err := d.Target.Status(ctx, r.environment())
	if errors.Is(err, target.ErrNotDeployed) {
		return report.Usage(why)
	}
	return err
}

func (d Deps) remove(ctx context.Context, r *report.Report, o DownOptions, there bool) error {
	// Down even where nothing answers: it also removes what was left half-done.
	if err := d.Target.Down(ctx, prefix+o.Name); err != nil {
		return err
	}
	now, err := d.Target.Now(ctx)
	if err != nil {
		return err
	}
	l, known, err := d.closeRecord(ctx, o.Name, "removed", now, nil)
	if err != nil {
		return err
	}
	r.Reason, r.Title = report.ReasonRemoved, o.Name+" is removed"
	switch {
	case known:
		r.Title += fmt.Sprintf("; it was there %s and cost %s", lasted(l.Ended.Sub(l.Created)), money(l.Cost, o.Policy.Currency))
		r.Set("cost", fmt.Sprintf("%.4f", l.Cost))
	case !there:
		r.Verdict, r.Reason, r.Title = report.Skip, report.ReasonNotFound, o.Name+" is not there"
	}
	return nil
}

// lasted is a time as a person says it.
func lasted(d interface{ Minutes() float64 }) string {
	m := int(d.Minutes())
	switch {
	case m < 120:
		return english.Plural(m, "minute", "")
	case m < 72*60:
		return fmt.Sprintf("%d hours", m/60)
	}
	return fmt.Sprintf("%d days", m/60/24)
}
