package path

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// announceUp tells the pull request: the comment, and a transient deployment with
// the address. What the token may not do is said in the report, and no more.
func (p *previews) announceUp(ctx context.Context, rep *report.Report, head string) {
	if p.github == nil || p.number == 0 {
		p.unannounced(rep)
		return
	}
	if rep.Verdict == report.Skip {
		return // another run speaks for the pull request
	}
	if head == "" {
		head = rep.Commit
	}
	state := "success"
	if rep.Output("url") == "" {
		state = "failure"
	}
	_, done, err := p.github.Deploy(ctx, github.Deployment{
		Environment: "preview/" + p.name, Commit: head, URL: rep.Output("url"), LogURL: p.env.Runner.RunURL(), Description: rep.Title, State: state,
	})
	said(rep, "deployment", done, err)
	done, err = p.comment(ctx, rep, p.number, true)
	said(rep, "comment", done, err)
}

// announceDown tells the pull request what is gone.
func (p *previews) announceDown(ctx context.Context, rep *report.Report) {
	if p.github == nil || p.number == 0 {
		p.unannounced(rep)
		return
	}
	if rep.Reason == report.ReasonPullRequestOpen {
		return
	}
	done, err := p.github.Retire(ctx, "preview/"+p.name)
	said(rep, "deployment", done, err)
	done, err = p.comment(ctx, rep, p.number, false)
	if err == nil && done.Done && done.Link == "" {
		rep.Checks = append(rep.Checks, report.Check{Name: "comment", State: report.Skipped, Result: "there is none to edit"})
		return
	}
	said(rep, "comment", done, err)
}

// announceSwept does the same for every preview that a sweep has removed.
func (p *previews) announceSwept(ctx context.Context, rep *report.Report) {
	if p.github == nil {
		return
	}
	var all []struct {
		Name        string `json:"name"`
		PullRequest int    `json:"pull_request"`
		Why         string `json:"why"`
		Outcome     string `json:"outcome"`
	}
	b, err := json.Marshal(rep.Data)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		said(rep, "comments", github.Outcome{}, err)
		return
	}
	told, untold, first := 0, 0, ""
	for _, d := range all {
		if d.Outcome == "" || d.PullRequest == 0 {
			continue
		}
		gone, err := p.github.Retire(ctx, "preview/"+d.Name)
		shown, commentErr := p.comment(ctx, &report.Report{
			Name: "preview", Subject: p.config.App + " " + d.Name, Verdict: report.Skip, Reason: report.ReasonRemoved,
			Title: fmt.Sprintf("%s was swept (%s): %s", d.Name, d.Why, d.Outcome),
		}, d.PullRequest, false)
		if err := errors.Join(err, commentErr); err == nil && gone.Done && shown.Done {
			told++
			continue
		} else if untold++; first == "" {
			first = why(gone, err)
			if gone.Done {
				first = why(shown, err)
			}
		}
	}
	c := report.Check{Name: "comments", State: report.OK, Result: english.Plural(told, "pull request", "") + " told"}
	switch {
	case untold > 0:
		c.State, c.Result, c.Note = report.Skipped, fmt.Sprintf("%d not told: %s", untold, first), c.Result
	case told == 0:
		return
	}
	rep.Checks = append(rep.Checks, c)
}

func (p *previews) unannounced(rep *report.Report) {
	why := "there is no token: the summary says it all"
	if p.number == 0 {
		why = "of no pull request"
	}
	rep.Checks = append(rep.Checks, report.Check{Name: "comment", State: report.Skipped, Result: why})
}

// comment puts a report into the pull request's comment. Where nothing is raised,
// a pull request that has no comment gets none.
func (p *previews) comment(ctx context.Context, rep *report.Report, number int, raised bool) (github.Outcome, error) {
	return p.github.Comment(ctx, number, fmt.Sprintf("pr-%d", number), func(old string) string {
		switch {
		case !raised && !strings.Contains(old, begin("preview")):
			return ""
		case rep.Reason == report.ReasonNotFound && !strings.Contains(old, "### goldenpath preview-up "):
			return "" // it says already what became of the preview
		}
		return arranged(section(old, part{name: "preview", rep: rep, run: p.env.Runner.RunURL()}))
	})
}

// said adds what came of telling GitHub. It never changes a verdict.
func said(rep *report.Report, name string, done github.Outcome, err error) {
	c := report.Check{Name: name, State: report.OK, Result: "told", Link: done.Link}
	if err != nil || !done.Done {
		c.State, c.Result = report.Skipped, "not told: "+why(done, err)
	}
	rep.Checks = append(rep.Checks, c)
}

func why(done github.Outcome, err error) string {
	if err != nil {
		return err.Error()
	}
	return done.Why
}
