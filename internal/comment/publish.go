package comment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Publish puts the reports in a folder into the comment of the run's pull request. The
// folder is hostile unless the run is trusted.
func Publish(ctx context.Context, hub *github.Client, run Run, dir string, now time.Time) (*report.Report, error) {
	rep := &report.Report{Name: "comment", Commit: run.Head, Started: now.UTC()}
	if run.Nothing != "" {
		return conclude(rep, report.Skip, report.ReasonNothingToReport, run.Nothing), nil
	}
	all, refused, err := readReports(dir)
	if err != nil {
		return nil, err
	}
	rep.Checks = refused
	if len(all) == 0 && len(refused) == 0 {
		return conclude(rep, report.Skip, report.ReasonNothingToReport, "the run left no reports"), nil
	}
	pulls, err := findPullRequests(ctx, hub, run, rep)
	if err != nil {
		return nil, err
	}
	left := 0
	for _, p := range pulls {
		n, err := publishOn(ctx, hub, p, run, all, rep)
		if err != nil {
			return nil, err
		}
		left += n
	}
	switch {
	case len(refused) > 0: // also without a pull request: somebody has to look at the artifact
		return conclude(rep, report.Fail, report.ReasonReportsRefused, english.Plural(len(refused), "file", "")+" from the run refused: not a report that can be published"), nil
	case len(pulls) == 0:
		return rep, nil
	case left > 0:
		return conclude(rep, report.Warn, report.ReasonCommentIncomplete, "not every report was published: see the job summary of the run that made it"), nil
	}
	return conclude(rep, report.Pass, report.ReasonCommented, english.Plural(len(all), "report", "")+" published on "+pullNames(pulls)), nil
}

func conclude(rep *report.Report, v report.Verdict, reason report.Reason, title string) *report.Report {
	rep.Verdict, rep.Reason, rep.Title = v, reason, title
	return rep
}

// findPullRequests asks GitHub which open pull requests have the run's commit as their
// head. If there are none, findPullRequests sets the verdict of
// the report.
func findPullRequests(ctx context.Context, hub *github.Client, run Run, rep *report.Report) ([]github.PullRequest, error) {
	if run.trusted() {
		p, err := hub.PullRequest(ctx, run.PullRequest)
		switch {
		case errors.Is(err, github.ErrNotFound):
			return nil, report.Usage(err.Error())
		case err != nil:
			return nil, err
		case p.Fork:
			conclude(rep, report.Skip, report.ReasonNothingToReport, "a run of a fork may not comment; the run that follows it publishes the reports")
			return nil, nil
		case p.Head != run.Head:
			conclude(rep, report.Skip, report.ReasonHeadMoved, fmt.Sprintf("pull request %d has a newer commit than %.7s; the run of that commit publishes its own reports", p.Number, run.Head))
			return nil, nil
		}
		return []github.PullRequest{p}, nil
	}
	open, err := hub.OpenPullRequestsOf(ctx, run.Repository, run.Branch)
	if err != nil {
		return nil, err
	}
	var found []github.PullRequest
	for _, p := range open {
		if p.Head == run.Head {
			found = append(found, p)
		}
	}
	switch {
	case len(open) == 0:
		conclude(rep, report.Skip, report.ReasonPullRequestClosed, fmt.Sprintf("the branch of %.7s has no open pull request", run.Head))
	case len(found) == 0:
		conclude(rep, report.Skip, report.ReasonHeadMoved, fmt.Sprintf("%s has a newer commit than %.7s; the run of that commit publishes its own reports", pullNames(open), run.Head))
	}
	return found, nil
}

// publishOn puts reports into the comment of one pull request, in one edit. It adds a
// check for each report, and returns the number of reports that were left out.
func publishOn(ctx context.Context, hub *github.Client, p github.PullRequest, run Run, all []*report.Report, rep *report.Report) (left int, err error) {
	var parts []Part
	var checks []report.Check
	for _, r := range all {
		if c := r.Commit; c != "" && c != p.Head && c != p.Merge && c != run.Merge {
			checks = append(checks, report.Check{
				Name: r.Name, State: report.Skipped, Result: fmt.Sprintf("not published: it is about %.7s, which is neither the head of pull request %d nor its merge with the base", c, p.Number),
				Note: "the base may have moved: run the checks again",
			})
			continue
		}
		parts = append(parts, run.part(r, p))
		checks = append(checks, report.Check{Name: r.Name, State: report.OK, Result: fmt.Sprintf("published on pull request %d", p.Number), Note: "its verdict: " + verdictText(r.Verdict)})
	}
	if len(parts) > 0 {
		done, err := write(ctx, hub, p.Number, func(old string) string { return Edit(old, p.Head, parts...) })
		if err != nil {
			return 0, fmt.Errorf("cannot comment on pull request %d: %w", p.Number, err)
		}
		for i, c := range checks {
			if c.State == report.OK {
				checks[i].Link = done.Link
			}
			if c.State == report.OK && !done.Done {
				checks[i].State, checks[i].Result = report.Skipped, "not published: "+done.Why
			}
		}
	}
	for _, c := range checks {
		if c.State != report.OK {
			left++
		}
	}
	rep.Checks = append(rep.Checks, checks...)
	return left, nil
}

// write edits the comment of a pull request.
func write(ctx context.Context, hub *github.Client, number int, edit func(old string) string) (github.Outcome, error) {
	return hub.Comment(ctx, number, fmt.Sprintf("pr-%d", number), edit)
}

func verdictText(v report.Verdict) string {
	if validVerdict(v) {
		return string(v)
	}
	return "none"
}

func pullNames(pulls []github.PullRequest) string {
	var all []string
	for _, p := range pulls {
		all = append(all, fmt.Sprintf("pull request %d", p.Number))
	}
	return english.OxfordWordSeries(all, "and")
}
