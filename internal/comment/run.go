package comment

import (
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// Run is the workflow run whose reports are published.
type Run struct {
	PullRequest int    // the run belongs to this pull request and publishes its own reports; 0: find the pull request
	Head        string // commit that the run is about
	Repository  string // owner/name that has the commit: this repository or a fork
	Branch      string // branch of the commit
	Merge       string // merge commit that the run checked out; "": unknown
	URL         string // web page
	App         string // that the reports are about, in a repository with several; "": the only one
	Nothing     string // why there is nothing to publish; "": there may be
}

// trusted reports whether the run's reports are trusted. Only a run of a pull request from
// this repository has a token that may comment; its author has write access.
func (r Run) trusted() bool { return r.PullRequest > 0 }

// Selection names a run by flags. The zero value means the run in the event.
type Selection struct {
	PullRequest              int
	Head, Repository, Branch string
}

// SelectRun returns the run whose reports are published: the current run, the run that
// triggered the current run (on: workflow_run), or the selected run. repository is the
// repository (owner/name) that has the pull request.
func SelectRun(r *runner.Runner, repository string, s Selection) (Run, error) {
	e, err := r.Event()
	if err != nil {
		return Run{}, err
	}
	if s.PullRequest != 0 {
		return ownRun(r, e, s)
	}
	f := e.WorkflowRun
	switch {
	case f.ID != 0 && !strings.EqualFold(f.Repository, repository):
		return Run{}, report.Usage(fmt.Sprintf("the workflow run that triggered this one belongs to %.100q, not to %s: call comment in the repository of the pull request", f.Repository, repository))
	case f.ID != 0 && f.Event != "pull_request":
		return Run{Head: f.Head, Nothing: "the run before was not started by a pull request"}, nil
	}
	run := Run{Head: f.Head, Repository: f.HeadRepository, Branch: f.HeadBranch, URL: r.RunURLOf(f.ID)}
	for _, o := range []struct {
		field *string
		value string
	}{{&run.Head, s.Head}, {&run.Repository, s.Repository}, {&run.Branch, s.Branch}} {
		if o.value != "" {
			*o.field = o.value
		}
	}
	switch {
	case run.Repository == "" && f.ID != 0:
		run.Nothing = "the fork of the run before has been deleted"
	case run.Head == "" || run.Repository == "" || run.Branch == "":
		return Run{}, report.Usage("no pull request: call comment on: workflow_run, or pass --head, --head-repository and --head-branch; in a pull request's own run pass --pull-request")
	}
	return run, nil
}

// ownRun returns the current run. It returns an error if the run does not belong to the
// selected pull request.
func ownRun(r *runner.Runner, e runner.Event, s Selection) (Run, error) {
	switch {
	case s.Head != "" || s.Repository != "" || s.Branch != "":
		return Run{}, report.Usage("--pull-request selects this run, and --head, --head-repository and --head-branch select another run: pass only one of the two")
	case s.PullRequest < 0 || e.Name != "pull_request" || e.PullRequest.Number != s.PullRequest:
		return Run{}, report.Usage(fmt.Sprintf("--pull-request %d: this run was not triggered by that pull request (on: pull_request): omit the flag in a run that another run triggered", s.PullRequest))
	}
	return Run{PullRequest: s.PullRequest, Head: e.PullRequest.Head, Merge: e.PullRequest.Merge, URL: r.RunURL()}, nil
}
