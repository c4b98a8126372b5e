package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Event is what started the run. The zero Event means that the command runs outside a step.
type Event struct {
	Name   string // pull_request, merge_group, push, schedule, workflow_dispatch, workflow_run…
	Action string // of a pull request: opened, synchronize, closed…
	// Base is the commit before the change: the base of the pull request or merge
	// group, or the commit that a push replaced. "" if the event has no base.
	Base        string
	BaseBranch  string      // branch that a pull request or merge group merges into; "": unknown
	Tag         bool        // the push is of a tag
	PullRequest PullRequest // zero: the event is not about a pull request
	WorkflowRun WorkflowRun // zero: the run does not follow another one
	Schedule    string      // cron of the schedule that started the run; "": none did
}

// PullRequest is the pull request of an event.
type PullRequest struct {
	Number int
	Head   string // commit id
	// Merge is the merge commit that GitHub created from the pull request and its base. The
	// first parent of Merge is the base. "" if GitHub created no merge commit.
	Merge string
}

// WorkflowRun is the workflow run that triggered this one. The values come from GitHub,
// but the author of the branch chose the branch name.
type WorkflowRun struct {
	ID             int64
	Event          string // pull_request, push…
	Head           string // commit id
	HeadBranch     string
	HeadRepository string // owner/name: a fork or the repository itself; "": it was deleted
	Repository     string // owner/name
}

// payload is the part of GitHub's webhook payloads that an Event needs.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads
type payload struct {
	Number      int
	Before      string
	Action      string
	PullRequest struct{ Base, Head struct{ SHA, Ref string } } `json:"pull_request"`
	MergeGroup  struct {
		BaseSHA string `json:"base_sha"`
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
	Ref         string
	Schedule    string
	WorkflowRun struct {
		ID             int64
		Event          string
		HeadSHA        string            `json:"head_sha"`
		HeadBranch     string            `json:"head_branch"`
		HeadRepository payloadRepository `json:"head_repository"`
		Repository     payloadRepository
	} `json:"workflow_run"`
}

type payloadRepository struct {
	FullName string `json:"full_name"`
}

var (
	commitID = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	mergeRef = regexp.MustCompile(`^refs/pull/[0-9]+/merge$`)
)

// Event reads the event. Event returns an error if a required commit id is
// missing: without a base, a change would be compared with itself.
func (r *Runner) Event() (Event, error) {
	if !r.Present() {
		return Event{}, nil
	}
	e := Event{Name: r.EventName()}
	path := r.getenv("GITHUB_EVENT_PATH")
	if path == "" {
		switch e.Name {
		case "pull_request", "pull_request_target", "merge_group", "push", "workflow_run":
			return e, fmt.Errorf("cannot read the event: GITHUB_EVENT_PATH is not set, and the event %s needs it: pass the variable to the container", e.Name)
		}
		return Event{}, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return e, fmt.Errorf("cannot read the event: %w", err)
	}
	var p payload
	if err := json.Unmarshal(b, &p); err != nil {
		return e, fmt.Errorf("cannot read the event %s: %w", path, err)
	}
	switch e.Name {
	case "pull_request", "pull_request_target":
		e.Action, e.Base = p.Action, p.PullRequest.Base.SHA
		e.BaseBranch = p.PullRequest.Base.Ref
		e.PullRequest = PullRequest{Number: max(0, p.Number), Head: p.PullRequest.Head.SHA}
		if mergeRef.MatchString(r.getenv("GITHUB_REF")) {
			e.PullRequest.Merge = r.getenv("GITHUB_SHA")
		}
	case "merge_group":
		e.Base, e.BaseBranch = p.MergeGroup.BaseSHA, strings.TrimPrefix(p.MergeGroup.BaseRef, "refs/heads/")
	case "push":
		e.Tag = strings.HasPrefix(p.Ref, "refs/tags/")
		if e.Base = p.Before; strings.Trim(e.Base, "0") == "" {
			e.Base = "" // the branch is new
		}
	case "workflow_run":
		w := p.WorkflowRun
		e.WorkflowRun = WorkflowRun{w.ID, w.Event, w.HeadSHA, w.HeadBranch, w.HeadRepository.FullName, w.Repository.FullName}
	case "schedule":
		e.Schedule = p.Schedule
	default:
		return e, nil
	}
	return e, e.check(path)
}

// check returns an error if a required value is missing or a commit id is malformed.
func (e Event) check(path string) error {
	switch e.Name {
	case "pull_request", "pull_request_target", "merge_group":
		if e.Base == "" {
			return fmt.Errorf("event file %s: the event %s does not contain a base commit", path, e.Name)
		}
	case "workflow_run":
		if e.WorkflowRun.ID <= 0 || e.WorkflowRun.Head == "" {
			return fmt.Errorf("event file %s: workflow_run does not contain a run id or a commit", path)
		}
	}
	for _, id := range []string{e.Base, e.PullRequest.Head, e.PullRequest.Merge, e.WorkflowRun.Head} {
		if id != "" && !commitID.MatchString(id) {
			return fmt.Errorf("event file %s: %.70q is not a commit id", path, id)
		}
	}
	return nil
}
