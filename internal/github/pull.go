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

// PullRequest is a pull request. The text fields are written by its author: their length
// is limited and control characters are removed, but they are otherwise untrusted.
type PullRequest struct {
	Number  int
	State   string // open, closed
	Merged  bool
	Draft   bool
	Fork    bool   // its branch is in another repository, or in one that was deleted
	Head    string // full commit id
	Merge   string // GitHub's test merge of head and base, or ""
	Branch  string
	Author  string // login
	Title   string
	Labels  []string
	Updated time.Time
	Closed  time.Time // zero: open
}

const (
	perPage  = 100
	maxPages = 100
)

var commitID = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// PullRequest reads a pull request. The error is ErrNotFound if the token can read the
// repository's pull requests and there is none with this number, and a *Denied if the
// token cannot.
func (c *Client) PullRequest(ctx context.Context, number int) (PullRequest, error) {
	a := request{fmt.Sprintf("read pull request %d", number), "pull-requests: read"}
	if number <= 0 {
		return PullRequest{}, fmt.Errorf("cannot %s: %w", a.what, ErrNotFound)
	}
	p, _, err := c.api.PullRequests.Get(ctx, c.owner, c.name, number)
	err = c.judge(ctx, a, err)
	var d *Denied
	if errors.As(err, &d) && d.Status == http.StatusNotFound {
		// GitHub responds with 404 also for a repository that the token may not see.
		// Mistaking that for a missing pull request would remove every preview.
		_, _, seen := c.api.PullRequests.List(ctx, c.owner, c.name, &gh.PullRequestListOptions{State: "all", ListOptions: gh.ListOptions{PerPage: 1}})
		if seen = c.judge(ctx, a, seen); seen != nil {
			return PullRequest{}, seen
		}
		return PullRequest{}, fmt.Errorf("cannot %s of %s/%s: %w", a.what, c.owner, c.name, ErrNotFound)
	}
	if err != nil {
		return PullRequest{}, err
	}
	if p.GetNumber() != number {
		return PullRequest{}, fmt.Errorf("cannot %s: GitHub returned pull request %d instead: run the command again", a.what, p.GetNumber())
	}
	return c.pullRequest(p)
}

// OpenPullRequests reads all open pull requests, by number. Pull requests may be opened
// or closed during the call, so a pull request that is missing from the result is not
// necessarily closed: call PullRequest before removing anything. If the list cannot be
// read completely, OpenPullRequests returns an error.
func (c *Client) OpenPullRequests(ctx context.Context) (map[int]PullRequest, error) {
	a := request{"list open pull requests", "pull-requests: read"}
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
		Branch: bounded(head.GetRef(), 255), Author: bounded(p.GetUser().GetLogin(), 100), Title: bounded(p.GetTitle(), 1024),
		Updated: at(p.UpdatedAt), Closed: at(p.ClosedAt),
	}
	// The repository of a deleted fork is null.
	id := head.GetRepo().GetID()
	o.Fork = id == 0 || id != base.GetRepo().GetID()
	if commitID.MatchString(p.GetMergeCommitSHA()) {
		o.Merge = p.GetMergeCommitSHA()
	}
	for _, l := range p.Labels[:min(len(p.Labels), 100)] { // GitHub allows no more
		o.Labels = append(o.Labels, bounded(l.GetName(), 255))
	}
	switch {
	case o.Number <= 0, o.State != "open" && o.State != "closed":
		return PullRequest{}, fmt.Errorf("cannot read pull request %d: GitHub returned state %.20q: run it again", o.Number, c.plain(o.State))
	case !commitID.MatchString(o.Head):
		return PullRequest{}, fmt.Errorf("cannot read pull request %d: GitHub returned head %.70q, which is not a commit id: run it again", o.Number, c.plain(o.Head))
	}
	return o, nil
}

// errStop is returned by a callback of pages to stop reading without an error.
var errStop = errors.New("stop")

// pages reads a list page by page. More than maxPages pages are an error.
func pages(a request, read func(page gh.ListOptions) (*gh.Response, error)) error {
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
	return &Denied{What: a.what, Why: fmt.Sprintf("there are more than %d", perPage*maxPages), Remedy: "close those that are no longer needed"}
}
