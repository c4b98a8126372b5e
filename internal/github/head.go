package github

import (
	"context"
	"fmt"
	"strings"

	gh "github.com/google/go-github/v74/github"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// OpenPullRequestsOf reads the open pull requests of a branch, which may be that
// of a fork: none, one, or one for each base. A run that follows another one finds
// its pull request so: for forks the event does not name it, and what the other
// run says is not to be trusted.
func (c *Client) OpenPullRequestsOf(ctx context.Context, from, branch string) ([]PullRequest, error) {
	owner, _, _ := strings.Cut(from, "/")
	if !repository.MatchString(from) || branch == "" || len(branch) > 255 {
		return nil, report.Usage(fmt.Sprintf("find the pull request of %.100q in %.100q: want a branch, and owner/name", branch, from))
	}
	a := asked{"find the pull request of a branch of " + from, "pull-requests: read"}
	var found []PullRequest
	err := pages(a, func(page gh.ListOptions) (*gh.Response, error) {
		ps, res, err := c.api.PullRequests.List(ctx, c.owner, c.name, &gh.PullRequestListOptions{State: "open", Head: owner + ":" + branch, ListOptions: page})
		if err := c.judge(ctx, a, err); err != nil {
			return nil, err
		}
		for _, p := range ps {
			// An owner has more than one fork at times, and GitHub leaves out a filter
			// that it does not understand.
			head, base := p.GetHead(), p.GetBase()
			if head.GetRef() != branch || !strings.EqualFold(head.GetRepo().GetFullName(), from) || !strings.EqualFold(base.GetRepo().GetFullName(), c.owner+"/"+c.name) {
				continue
			}
			one, err := c.pullRequest(p)
			if err != nil {
				return nil, err
			}
			if one.State == "open" {
				found = append(found, one)
			}
		}
		return res, nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}
