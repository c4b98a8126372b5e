package path

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// told is the run whose reports are told.
type told struct {
	number             int // its pull request; 0: it is to be found
	head, from, branch string
	merge              string // commit that the run itself was started for, if known
	url                string
	none               string // why there is nothing to tell
}

// trusted: a run that tells of itself has a token that its author's rights allow.
func (t told) trusted() bool { return t.number > 0 }

func (c *Comment) run(env *command.Env) (told, error) {
	e, err := env.Runner.Event()
	if err != nil {
		return told{}, err
	}
	followed, err := env.Runner.WorkflowRun()
	if err != nil {
		return told{}, err
	}
	given := c.Head != "" || c.HeadRepository != "" || c.HeadBranch != ""
	switch {
	case c.PullRequest != 0 && given:
		return told{}, report.Usage("--pull-request names the pull request, and --head, --head-repository and --head-branch find one: give one or the other")
	case c.PullRequest != 0:
		if c.PullRequest < 0 || e.Name != "pull_request" || e.PullRequest != c.PullRequest {
			return told{}, report.Usage(fmt.Sprintf("--pull-request %d: this is no run of it (on: pull_request): leave it out in a run that follows another", c.PullRequest))
		}
		return told{number: c.PullRequest, head: e.Head, merge: e.Merge, url: env.Runner.RunURL()}, nil
	case followed.ID != 0 && !strings.EqualFold(followed.Repository, c.repository(env)):
		return told{}, report.Usage(fmt.Sprintf("the run that this one follows is of %.100q, not of %s", followed.Repository, c.repository(env)))
	case followed.ID != 0 && followed.Event != "pull_request":
		return told{head: followed.Head, none: "the run before was not that of a pull request"}, nil
	}
	t := told{head: followed.Head, from: followed.HeadRepository, branch: followed.HeadBranch, url: env.Runner.RunURLOf(followed.ID)}
	for _, f := range []struct {
		to   *string
		flag string
	}{{&t.head, c.Head}, {&t.from, c.HeadRepository}, {&t.branch, c.HeadBranch}} {
		if f.flag != "" {
			*f.to = f.flag
		}
	}
	switch {
	case t.from == "" && followed.ID != 0:
		t.none = "the fork of the run before is gone"
	case t.head == "" || t.from == "" || t.branch == "":
		return told{}, report.Usage("no pull request: run this on: workflow_run, or give --head, --head-repository and --head-branch; in a run of a pull request give --pull-request")
	}
	return t, nil
}

// find asks GitHub which pull requests the run was of, and says why there is none.
func (c *Comment) find(ctx context.Context, hub *github.Client, t told, rep *report.Report) ([]github.PullRequest, error) {
	if t.trusted() {
		p, err := hub.PullRequest(ctx, t.number)
		switch {
		case errors.Is(err, github.ErrNotFound):
			return nil, report.Usage(err.Error())
		case err != nil:
			return nil, err
		case p.Fork:
			finish(rep, answer{Verdict: report.Skip, Reason: report.ReasonNothingToReport, Title: "a fork's run may not comment: the run that follows it does"})
			return nil, nil
		case p.Head != t.head:
			finish(rep, answer{Verdict: report.Skip, Reason: report.ReasonHeadMoved, Title: fmt.Sprintf("pull request %d has a later commit than %.7s: the run of that one tells", p.Number, t.head)})
			return nil, nil
		}
		return []github.PullRequest{p}, nil
	}
	open, err := hub.OpenPullRequestsOf(ctx, t.from, t.branch)
	if err != nil {
		return nil, err
	}
	var found []github.PullRequest
	for _, p := range open {
		if p.Head == t.head {
			found = append(found, p)
		}
	}
	switch {
	case len(open) == 0:
		finish(rep, answer{Verdict: report.Skip, Reason: report.ReasonPullRequestClosed, Title: fmt.Sprintf("no pull request of this branch is open: nobody is told of %.7s", t.head)})
	case len(found) == 0:
		finish(rep, answer{Verdict: report.Skip, Reason: report.ReasonHeadMoved, Title: fmt.Sprintf("%s has a later commit than %.7s: the run of that one tells", named(open), t.head)})
	}
	return found, nil
}
