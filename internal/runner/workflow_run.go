package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

// WorkflowRun is what the event says of the run that this one follows. All of it
// is GitHub's word, though the branch has the name that its author gave it.
type WorkflowRun struct {
	ID             int64
	Event          string // pull_request, push…
	Head           string // commit
	HeadBranch     string
	HeadRepository string // owner/name: the fork, or the repository itself; "": it is gone
	Repository     string // owner/name
}

// WorkflowRun reads the event of a run that follows another. The zero value is
// that of any other run.
func (r *Runner) WorkflowRun() (WorkflowRun, error) {
	path := r.getenv("GITHUB_EVENT_PATH")
	if path == "" || !r.Present() || r.EventName() != "workflow_run" {
		return WorkflowRun{}, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return WorkflowRun{}, fmt.Errorf("read event: %w", err)
	}
	type repository struct {
		FullName string `json:"full_name"`
	}
	var payload struct {
		WorkflowRun struct {
			ID             int64
			Event          string
			HeadSHA        string     `json:"head_sha"`
			HeadBranch     string     `json:"head_branch"`
			HeadRepository repository `json:"head_repository"`
			Repository     repository
		} `json:"workflow_run"`
	}
	if err := json.Unmarshal(b, &payload); err != nil {
		return WorkflowRun{}, fmt.Errorf("read event %s: %w", path, err)
	}
	p := payload.WorkflowRun
	if !commitID.MatchString(p.HeadSHA) || p.ID <= 0 {
		return WorkflowRun{}, fmt.Errorf("read event %s: workflow_run names no run, or no commit", path)
	}
	return WorkflowRun{p.ID, p.Event, p.HeadSHA, p.HeadBranch, p.HeadRepository.FullName, p.Repository.FullName}, nil
}

// RunURLOf returns the address of another run of the repository, or "".
func (r *Runner) RunURLOf(id int64) string {
	server, repository := r.Server(), r.Repository()
	if server == "" || repository == "" || id <= 0 {
		return ""
	}
	return server + "/" + repository + "/actions/runs/" + strconv.FormatInt(id, 10)
}
