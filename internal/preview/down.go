package preview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// DownOptions say which preview to remove.
type DownOptions struct {
	Policy      Policy
	Name        string
	PullRequest int  // 0: none
	Open        bool // remove it even if its pull request is open
	DryRun      bool
}

// Down removes a preview. It is not an error if the preview does not exist. Down reads
// the pull request right before the removal; if the pull request is open, the preview is
// kept.
func Down(ctx context.Context, d Deps, o DownOptions) (*report.Report, error) {
	start := d.Now()
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	r := &report.Report{Name: "preview-down", Subject: o.Policy.App + " " + o.Name, Started: start.UTC(), Verdict: report.Pass}
	running, err := d.Target.Status(ctx, prefix+o.Name)
	exists := err == nil
	if err != nil && !errors.Is(err, target.ErrNotDeployed) {
		return nil, err
	}
	r.Commit, r.Digest = running.Commit, running.Digest
	open, err := d.open(ctx, o)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot remove preview %s: %w", o.Name, err)
	case open:
		r.Verdict, r.Reason = report.Skip, report.ReasonPullRequestOpen
		r.Title = fmt.Sprintf("pull request %d is open: its preview stays", o.PullRequest)
	case o.DryRun && exists:
		r.Reason, r.Title = report.ReasonPlanned, "dry run: "+o.Name+" would be removed"
	case o.DryRun:
		notFound(r, o.Name)
	default:
		if err := d.checkRenamed(ctx, o); err != nil {
			return nil, err
		}
		if err := d.remove(ctx, r, o, exists); err != nil {
			return nil, fmt.Errorf("cannot remove preview %s: %w", o.Name, err)
		}
	}
	state := report.OK
	if r.Verdict == report.Skip {
		state = report.Skipped
	}
	r.Checks = append(r.Checks, report.Check{Name: o.Name, State: state, Result: r.Title})
	r.Seconds = d.Now().Sub(start).Seconds()
	return r, nil
}

func notFound(r *report.Report, name string) {
	r.Verdict, r.Reason, r.Title = report.Skip, report.ReasonNotFound, "there is no preview "+name
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
		return false, fmt.Errorf("cannot read pull request %d: a preview is removed only if its pull request is known to be closed (--even-open removes it anyway): %w", o.PullRequest, err)
	}
	return p.State == "open", nil
}

// checkRenamed returns an error if the preview exists in the target under another name.
func (d Deps) checkRenamed(ctx context.Context, o DownOptions) error {
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

// findable returns an error if a recorded preview cannot be found in the target because
// the app or the repository was renamed.
func (d Deps) findable(ctx context.Context, p Policy, r record) error {
	renamed := r.renamed(p)
	if renamed == "" {
		return nil
	}
	_, err := d.Target.Status(ctx, r.environment())
	if errors.Is(err, target.ErrNotDeployed) {
		return report.Usage(renamed)
	}
	return err
}

// renamed explains why a recorded preview may exist although the target does not find
// it: on a cluster, a preview's name is derived from the names of the app and the
// repository, and one of them was changed. It returns "" if neither was changed, and for
// previews that `goldenpath run` deployed on a developer's machine.
func (r record) renamed(p Policy) string {
	if r.App == p.App && r.Repository == p.Repository || r.Repository == "" && r.PullRequest == 0 {
		return ""
	}
	return fmt.Sprintf("%s was deployed for app %s of repository %q, but this is app %s of %q, so it may still exist: run goldenpath preview down --name %s with the former names (app in .goldenpath.yml, --repository)",
		r.Name, r.App, r.Repository, p.App, p.Repository, r.Name)
}

func (d Deps) remove(ctx context.Context, r *report.Report, o DownOptions, existed bool) error {
	// Down also removes what a killed deployment left, which Status does not find.
	if err := d.Target.Down(ctx, prefix+o.Name); err != nil {
		return err
	}
	now, err := d.Target.Now(ctx)
	if err != nil {
		return err
	}
	e, recorded, err := d.closeRecord(ctx, o.Name, "removed", now, nil)
	if err != nil {
		return err
	}
	r.Reason, r.Title = report.ReasonRemoved, o.Name+" is removed"
	switch {
	case recorded:
		r.Title += fmt.Sprintf("; it existed for %s and cost %s", duration(e.Ended.Sub(e.Created)), budget.Money(e.Cost, o.Policy.Currency))
		r.Set("cost", fmt.Sprintf("%.4f", e.Cost))
	case !existed:
		notFound(r, o.Name)
	}
	return nil
}

// duration formats a duration for a person, in one unit.
func duration(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return english.Plural(int(d.Minutes()), "minute", "")
	case d < 72*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
