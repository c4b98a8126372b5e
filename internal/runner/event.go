package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Event is what the event that started the run says of the change.
type Event struct {
	Name        string // pull_request, merge_group, push, schedule, workflow_dispatch…
	PullRequest int    // 0: none
	// Base is the commit before the change: the base of the pull request or merge
	// group, what a push replaced. Empty: the event names none.
	Base string
	// Merge is the commit that GitHub made of the pull request and its base, whose
	// first parent is therefore the base. Empty: there is none.
	Merge string
	// Head is the commit of the pull request that the event is about.
	Head   string
	Action string // of a pull request: opened, synchronize, closed…
}

var (
	commitID = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	mergeRef = regexp.MustCompile(`^refs/pull/[0-9]+/merge$`)
)

// Event reads the event. Outside a step it is empty.
func (r *Runner) Event() (Event, error) {
	e := Event{Name: r.getenv("GITHUB_EVENT_NAME")}
	path := r.getenv("GITHUB_EVENT_PATH")
	if !r.Present() {
		return Event{}, nil
	}
	if path == "" {
		switch e.Name {
		case "pull_request", "pull_request_target", "merge_group", "push":
			// Taken for an event without a base, a change would be its own base.
			return e, fmt.Errorf("read event: GITHUB_EVENT_PATH is not set, and %s has a base", e.Name)
		}
		return Event{}, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return e, fmt.Errorf("read event: %w", err)
	}
	var payload struct {
		Number      int
		Before      string
		Action      string
		PullRequest struct{ Base, Head struct{ SHA string } } `json:"pull_request"`
		MergeGroup  struct {
			BaseSHA string `json:"base_sha"`
		} `json:"merge_group"`
	}
	if err := json.Unmarshal(b, &payload); err != nil {
		return e, fmt.Errorf("read event %s: %w", path, err)
	}
	switch e.Name {
	case "pull_request", "pull_request_target":
		e.PullRequest, e.Base = max(0, payload.Number), payload.PullRequest.Base.SHA
		e.Head, e.Action = payload.PullRequest.Head.SHA, payload.Action
		if mergeRef.MatchString(r.getenv("GITHUB_REF")) {
			e.Merge = r.getenv("GITHUB_SHA")
		}
	case "merge_group":
		e.Base = payload.MergeGroup.BaseSHA
	case "push":
		if e.Base = payload.Before; strings.Trim(e.Base, "0") == "" {
			e.Base = "" // the branch is new
		}
		return e, checkCommit(e)
	default:
		return e, nil
	}
	if e.Base == "" {
		return e, fmt.Errorf("read event %s: %s names no base", path, e.Name)
	}
	return e, checkCommit(e)
}

func checkCommit(e Event) error {
	for _, id := range []string{e.Base, e.Merge, e.Head} {
		if id != "" && !commitID.MatchString(id) {
			return fmt.Errorf("read event: %q is no commit id", id)
		}
	}
	return nil
}
