package preview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// precondition is what must hold for a deployment: the pull request is open, and its
// head is the commit that was built.
type precondition struct {
	pulls   PullRequests
	number  int // 0: no pull request, so it always holds
	head    string
	clock   func() time.Time
	pull    github.PullRequest // as last read
	checked time.Time
}

// recheckEvery is the minimum time between two reads of the pull request during a
// deployment.
const recheckEvery = 5 * time.Second

// check reads the pull request and returns a *refusal if the precondition does not hold.
func (p *precondition) check(ctx context.Context) error {
	if p.pulls == nil || p.number == 0 {
		return nil
	}
	pull, err := p.pulls.PullRequest(ctx, p.number)
	if err != nil && !errors.Is(err, github.ErrNotFound) {
		return fmt.Errorf("cannot read pull request %d: a preview is deployed only if its pull request is known to be open: %w", p.number, err)
	}
	p.checked, p.pull = p.clock(), pull
	switch {
	case errors.Is(err, github.ErrNotFound):
		return refuse(report.ReasonPullRequestClosed, fmt.Sprintf("pull request %d does not exist", p.number), "")
	case pull.State != "open":
		return refuse(report.ReasonPullRequestClosed, fmt.Sprintf("pull request %d is closed", p.number), "reopen it to get a preview")
	case pull.Fork && !approved(pull):
		return refuse(report.ReasonForkNotApproved, "the pull request comes from a fork, and its head commit is not approved",
			fmt.Sprintf("review the change, then add the label %s%.39s", approvalLabel, pull.Head))
	case pull.Head != p.head:
		return refuse(report.ReasonHeadMoved, fmt.Sprintf("the head of pull request %d is now %.7s, not %.7s", p.number, pull.Head, p.head), "the run for that commit deploys the preview")
	}
	return nil
}

// recheck repeats check, at most once every recheckEvery.
func (p *precondition) recheck(ctx context.Context) error {
	if p.clock().Sub(p.checked) < recheckEvery {
		return nil
	}
	return p.check(ctx)
}

// describe returns the row about the precondition for the report.
func (p *precondition) describe() report.Check {
	c := report.Check{Name: "pull request", State: report.OK, Result: fmt.Sprintf("%d is open, head %.7s", p.number, p.head)}
	switch {
	case p.pulls == nil:
		c.Result, c.Note = fmt.Sprintf("not checked, commit %.7s", p.head), "no GitHub token is set"
	case p.number == 0:
		c.Result = fmt.Sprintf("none, commit %.7s", p.head)
	}
	return c
}

// approvalLabel, followed by the beginning of a commit id, approves that commit of a
// fork. GitHub limits a label to 50 characters. A prefix of 7 characters can be forged
// in a second, so an approval must contain at least 32 hex digits (128 bits).
const (
	approvalLabel  = "preview-ok-"
	approvalDigits = 32
)

// approved reports whether a label approves exactly the current head commit. A push
// changes the head and so invalidates the approval.
func approved(p github.PullRequest) bool {
	for _, l := range p.Labels {
		if id, ok := strings.CutPrefix(l, approvalLabel); ok && len(id) >= approvalDigits && strings.HasPrefix(p.Head, id) {
			return true
		}
	}
	return false
}
