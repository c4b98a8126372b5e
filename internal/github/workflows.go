package github

import (
	"context"
	"net/url"
	"time"

	gh "github.com/google/go-github/v74/github"
)

// Workflow is a workflow file on the default branch.
type Workflow struct {
	State string // active, disabled_inactivity, disabled_manually, deleted…
}

// Workflow reads the state of a file in .github/workflows. If GitHub does not know the file,
// the error is a *Denied with status 404.
func (c *Client) Workflow(ctx context.Context, file string) (Workflow, error) {
	a := request{"read workflow " + bounded(file, 255), "actions: read"}
	w, err := get[struct {
		State string `json:"state"`
	}](ctx, c, a, "/actions/workflows/"+url.PathEscape(file))
	return Workflow{State: bounded(w.State, 50)}, err
}

// Run is a run of a workflow.
type Run struct {
	Created    time.Time
	Status     string // completed, in_progress…
	Conclusion string // success, failure…; "": not yet
	Link       string
}

// Runs reads at most 100 runs of a workflow file that an event started, the newest first.
func (c *Client) Runs(ctx context.Context, file, event string) ([]Run, error) {
	a := request{"read the runs of workflow " + bounded(file, 255), "actions: read"}
	p, err := get[struct {
		Runs []struct {
			Created    *gh.Timestamp `json:"created_at"`
			Status     string        `json:"status"`
			Conclusion string        `json:"conclusion"`
			Link       string        `json:"html_url"`
		} `json:"workflow_runs"`
	}](ctx, c, a, "/actions/workflows/"+url.PathEscape(file)+"/runs?per_page=100&event="+url.QueryEscape(event))
	var out []Run
	for _, r := range p.Runs {
		out = append(out, Run{Created: at(r.Created), Status: bounded(r.Status, 50), Conclusion: bounded(r.Conclusion, 50), Link: link(r.Link)})
	}
	return out, err
}
