package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	gh "github.com/google/go-github/v74/github"
)

// PullRequest is what previews need to know of one. Its text is an author's:
// bounded, without control characters, and no more to be trusted than that.
type PullRequest struct {
	Number  int
	State   string // open, closed
	Merged  bool
	Draft   bool
	Fork    bool   // its branch is in another repository, or in one that is gone
	Head    string // full commit id
	Merge   string // commit that GitHub made of head and base to try them together, or ""
	Branch  string
	Author  string // login
	Title   string
	Labels  []string
	Updated time.Time
	Closed  time.Time // zero: it is open
}

const (
	perPage  = 100
	maxPages = 100
)

var commitID = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// PullRequest reads one. The error is ErrNotFound if the token can read the
// repository's pull requests and this is none of them, a *Denied if it cannot.
func (c *Client) PullRequest(ctx context.Context, number int) (PullRequest, error) {
	a := asked{fmt.Sprintf("read pull request %d", number), "pull-requests: read"}
	if number <= 0 {
		return PullRequest{}, fmt.Errorf("%s: %w", a.what, ErrNotFound)
	}
	p, _, err := c.api.PullRequests.Get(ctx, c.owner, c.name, number)
	err = c.judge(ctx, a, err)
	var d *Denied
	if errors.As(err, &d) && d.Status == http.StatusNotFound {
		// GitHub says the same of a repository that the token may not see. Taking
		// that for "no such pull request" would end with every preview removed.
		_, _, seen := c.api.PullRequests.List(ctx, c.owner, c.name, &gh.PullRequestListOptions{State: "all", ListOptions: gh.ListOptions{PerPage: 1}})
		if seen = c.judge(ctx, a, seen); seen != nil {
			return PullRequest{}, seen
		}
		return PullRequest{}, fmt.Errorf("%s of %s/%s: %w", a.what, c.owner, c.name, ErrNotFound)
	}
	if err != nil {
		return PullRequest{}, err
	}
	if p.GetNumber() != number {
		return PullRequest{}, fmt.Errorf("%s: GitHub answers with number %d: run it again", a.what, p.GetNumber())
	}
	return c.pullRequest(p)
}

// OpenPullRequests reads all that are open. While it reads, pull requests open
// and close: one that is missing here was not necessarily closed, so ask
// PullRequest before something is removed. A list that cannot be read to its
// end is an error.
func (c *Client) OpenPullRequests(ctx context.Context) (map[int]PullRequest, error) {
	a := asked{"list open pull requests", "pull-requests: read"}
	open := map[int]PullRequest{}
	err := pages(a, func(page gh.ListOptions) (*gh.Response, error) {
		ps, res, err := c.api.PullRequests.List(ctx, c.owner, c.name, &gh.PullRequestListOptions{
			State: "open", Sort: "created", Direction: "desc", ListOptions: page,
		})
		if err := c.judge(ctx, a, err); err != nil {
			return nil, err
		}
		for _, p := range ps {
			one, err := c.pullRequest(p)
			if err != nil {
				return nil, err
			}
			open[one.Number] = one
		}
		return res, nil
	})
	if err != nil {
		return nil, err
	}
	return open, nil
}

func (c *Client) pullRequest(p *gh.PullRequest) (PullRequest, error) {
	head, base := p.GetHead(), p.GetBase()
	o := PullRequest{
		Number: p.GetNumber(), State: p.GetState(), Merged: p.GetMerged() || p.MergedAt != nil, Draft: p.GetDraft(), Head: head.GetSHA(),
		Branch: text(head.GetRef(), 255), Author: text(p.GetUser().GetLogin(), 100), Title: text(p.GetTitle(), 1024),
		Updated: at(p.UpdatedAt), Closed: at(p.ClosedAt),
	}
	// A fork that was deleted has no repository any more.
	id := head.GetRepo().GetID()
	o.Fork = id == 0 || id != base.GetRepo().GetID()
	if commitID.MatchString(p.GetMergeCommitSHA()) {
		o.Merge = p.GetMergeCommitSHA()
	}
	for _, l := range p.Labels[:min(len(p.Labels), 100)] { // GitHub allows no more
		o.Labels = append(o.Labels, text(l.GetName(), 255))
	}
	switch {
	case o.Number <= 0, o.State != "open" && o.State != "closed":
		return PullRequest{}, fmt.Errorf("read pull request %d: GitHub answers with state %.20q: run it again", o.Number, c.plain(o.State))
	case !commitID.MatchString(o.Head):
		return PullRequest{}, fmt.Errorf("read pull request %d: GitHub answers with head %.70q, which is no commit id: run it again", o.Number, c.plain(o.Head))
	}
	return o, nil
}

// errStop ends pages early.
var errStop = errors.New("stop")

// pages reads a list to its end. Pages that never end are an error.
func pages(a asked, read func(page gh.ListOptions) (*gh.Response, error)) error {
	page := gh.ListOptions{PerPage: perPage, Page: 1}
	for range maxPages {
		res, err := read(page)
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return err
		}
		if res.NextPage == 0 {
			return nil
		}
		page.Page++
	}
	return &Denied{What: a.what, Why: fmt.Sprintf("there are more than %d", perPage*maxPages), Remedy: "close what is not needed any more"}
}
