package comment

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Previews announces previews on GitHub: in the comment of the pull request, and as a
// transient deployment. If GitHub refuses a call, the verdict does not change: the
// refusal and its remedy become a check of the report.
type Previews struct {
	Hub *github.Client // nil: there is no token, so nothing is announced
	App string
	Own bool   // the repository has several apps: each has a section and deployments of its own
	Run string // web page of the current run; "": none
}

// owner is the app in the names of sections and deployments; "": they have none.
func (p Previews) owner() string {
	if p.Own {
		return p.App
	}
	return ""
}

func (p Previews) section() string { return sectionOf(previewSection, p.owner()) }

// environment is the environment of a preview's deployments on GitHub.
func (p Previews) environment(name string) string { return path.Join("preview", p.owner(), name) }

// Created announces that a preview was created or updated. commit is the head of the
// pull request; "" means the commit of the report.
func (p Previews) Created(ctx context.Context, rep *report.Report, name string, number int, commit string) {
	if p.Hub == nil || number == 0 {
		p.skip(rep, number)
		return
	}
	if rep.Verdict == report.Skip {
		return // the run of a newer commit announces its own result
	}
	if commit == "" {
		commit = rep.Commit
	}
	state := "success"
	if rep.Output("url") == "" {
		state = "failure"
	}
	_, done, err := p.Hub.Deploy(ctx, github.Deployment{
		Environment: p.environment(name), Commit: commit, URL: rep.Output("url"), LogURL: p.Run, Description: rep.Title, State: state,
	})
	addCheck(rep, "deployment", done, err)
	done, err = write(ctx, p.Hub, number, func(old string) string { return Edit(old, commit, p.part(rep, commit)) })
	addCheck(rep, "comment", done, err)
}

// Removed announces that a preview was removed.
func (p Previews) Removed(ctx context.Context, rep *report.Report, name string, number int) {
	if p.Hub == nil || number == 0 {
		p.skip(rep, number)
		return
	}
	if rep.Reason == report.ReasonPullRequestOpen {
		return
	}
	done, err := p.Hub.Retire(ctx, p.environment(name))
	addCheck(rep, "deployment", done, err)
	done, err = p.remove(ctx, rep, number)
	if err == nil && done.Done && done.Link == "" {
		rep.Checks = append(rep.Checks, report.Check{Name: "comment", State: report.Skipped, Result: "the pull request has no comment to edit"})
		return
	}
	addCheck(rep, "comment", done, err)
}

// swept is one preview in the data of a sweep's report.
type swept struct {
	Name        string `json:"name"`
	PullRequest int    `json:"pull_request"` // 0: none
	Why         string `json:"why"`
	Outcome     string `json:"outcome"` // "": it was not removed
}

// Swept announces every preview that a sweep removed.
func (p Previews) Swept(ctx context.Context, rep *report.Report) {
	if p.Hub == nil {
		return
	}
	all, err := report.DataOf[[]swept](rep)
	if err != nil {
		addCheck(rep, "comments", github.Outcome{}, err)
		return
	}
	announced, failed, first := 0, 0, ""
	for _, s := range all {
		if s.Outcome == "" || s.PullRequest == 0 {
			continue
		}
		retired, err := p.Hub.Retire(ctx, p.environment(s.Name))
		edited, commentErr := p.remove(ctx, &report.Report{
			Name: "preview", Subject: p.App + " " + s.Name, Verdict: report.Skip, Reason: report.ReasonRemoved,
			Title: fmt.Sprintf("%s was removed by a sweep (%s): %s", s.Name, s.Why, s.Outcome),
		}, s.PullRequest)
		if err = errors.Join(err, commentErr); err == nil && retired.Done && edited.Done {
			announced++
			continue
		}
		if failed++; first == "" {
			first = cause(retired, err)
			if retired.Done {
				first = cause(edited, err)
			}
		}
	}
	result := english.Plural(announced, "pull request", "") + " updated"
	switch {
	case failed > 0:
		rep.Checks = append(rep.Checks, report.Check{Name: "comments", State: report.Skipped, Result: fmt.Sprintf("%d not updated: %s", failed, first), Note: result})
	case announced > 0:
		rep.Checks = append(rep.Checks, report.Check{Name: "comments", State: report.OK, Result: result})
	}
}

// remove writes the report of a removal into the preview's section. It does not change a
// comment without that section. If there was nothing to remove, it also does not change a
// section that already reports a removal.
func (p Previews) remove(ctx context.Context, rep *report.Report, number int) (github.Outcome, error) {
	return write(ctx, p.Hub, number, func(old string) string {
		d := parse(old)
		s, found := d.find(p.section())
		if !found || rep.Reason == report.ReasonNotFound && s.valid && s.marker.Report != "preview-up" {
			return ""
		}
		return Edit(old, "", p.part(rep, ""))
	})
}

// part returns the preview's section of the pull request comment. For a removal, commit is
// empty.
func (p Previews) part(rep *report.Report, commit string) Part {
	shown := *rep
	shown.Commit = commit
	return Part{Section: previewSection, App: p.owner(), Report: &shown, Run: p.Run, Trusted: true}
}

func (p Previews) skip(rep *report.Report, number int) {
	why := "no GitHub token; the job summary has the result"
	if number == 0 {
		why = "the preview does not belong to a pull request"
	}
	rep.Checks = append(rep.Checks, report.Check{Name: "comment", State: report.Skipped, Result: why})
}

// addCheck adds the outcome of a call to GitHub. It never changes a verdict.
func addCheck(rep *report.Report, name string, done github.Outcome, err error) {
	c := report.Check{Name: name, State: report.OK, Result: "published", Link: done.Link}
	if err != nil || !done.Done {
		c.State, c.Result = report.Skipped, "not published: "+strings.TrimSpace(cause(done, err))
	}
	rep.Checks = append(rep.Checks, c)
}

func cause(done github.Outcome, err error) string {
	if err != nil {
		return err.Error()
	}
	return done.Why
}
