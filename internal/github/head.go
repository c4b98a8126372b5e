package github

import (
	"context"
	"fmt"
	"strings"

	gh "github.com/google/go-github/v74/github"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// OpenPullRequestsOf reads the open pull requests whose head is a branch, which may be
// in a fork: none, one, or one for each base branch. A workflow run that was triggered
// by another run finds its pull request this way: for forks the event does not contain
// the pull request, and data from the other run cannot be trusted.
func (c *Client) OpenPullRequestsOf(ctx context.Context, from, branch string) ([]PullRequest, error) {
	owner, _, _ := strings.Cut(from, "/")
	if !repository.MatchString(from) || branch == "" || len(branch) > 255 {
		return nil, report.Usage(fmt.Sprintf("cannot find the pull request of branch %.100q in repository %.100q: pass a branch name and a repository as owner/name", branch, from))
	}
	a := request{"find the pull request of a branch of " + from, "pull-requests: read"}
	var found []PullRequest
	err := pages(a, func(page gh.ListOptions) (*gh.Response, error) {
		ps, res, err := c.api.PullRequests.List(ctx, c.owner, c.name, &gh.PullRequestListOptions{State: "open", Head: owner + ":" + branch, ListOptions: page})
		if err := c.judge(ctx, a, err); err != nil {
			return nil, err
		}
		for _, p := range ps {
			// An owner may have several forks, and GitHub ignores a filter that it does
			// not understand.
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
