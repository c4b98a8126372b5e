package preview

import (
	"context"
	"errors"
	"fmt"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github"
)

// lease is the right of a run to change a preview: the pull request is open, and
// its head is the commit that was built.
type lease struct {
	pulls  PullRequests
	number int
	head   string
	clock  func() time.Time
	pull   github.PullRequest
	asked  time.Time
}

// between two looks at the pull request while a deployment is under way.
const askEvery = 5 * time.Second

// ask reads the pull request now.
func (l *lease) ask(ctx context.Context) error {
	if l.pulls == nil || l.number == 0 {
		return nil
	}
	p, err := l.pulls.PullRequest(ctx, l.number)
	if err != nil && !errors.Is(err, github.ErrNotFound) {
		return fmt.Errorf("read pull request %d: a preview is raised only for one that is known to be open: %w", l.number, err)
	}
	l.asked, l.pull = l.clock(), p
	switch {
	case errors.Is(err, github.ErrNotFound):
		return refuse(report.ReasonPullRequestClosed, fmt.Sprintf("there is no pull request %d", l.number), "")
	case p.State != "open":
		return refuse(report.ReasonPullRequestClosed, fmt.Sprintf("pull request %d is closed", l.number), "reopen it for a preview")
	case p.Fork && !approved(p):
		return refuse(report.ReasonForkNotApproved, "the pull request comes from a fork, and nobody has approved this commit",
			fmt.Sprintf("read the change, then set the label %s%.39s", okLabel, p.Head))
	case p.Head != l.head:
		return refuse(report.ReasonHeadMoved, fmt.Sprintf("the head of pull request %d is %.7s by now, not %.7s", l.number, p.Head, l.head), "the run of that commit raises the preview")
	}
	return nil
}

// proceed is ask, as often as is bearable.
func (l *lease) proceed(ctx context.Context) error {
	if l.clock().Sub(l.asked) < askEvery {
		return nil
	}
	return l.ask(ctx)
}

func (l *lease) note() string {
	switch {
	case l.pulls == nil:
		return "pull requests are not asked: no GitHub here"
	case l.number == 0:
		return "of no pull request"
	}
	return fmt.Sprintf("pull request %d is open", l.number)
}

// okLabel, with the beginning of a commit, approves that commit of a fork. A label
// of GitHub's has 50 characters at most. Two commits that begin with the same seven
// are found in a second: what is shorter than 128 bits approves nothing.
const (
	okLabel = "preview-ok-"
	okLeast = 32
)

// approved reports whether a label approves exactly this head: a push takes the
// approval away.
func approved(p github.PullRequest) bool {
	for _, l := range p.Labels {
		if id, ok := strings.CutPrefix(l, okLabel); ok && len(id) >= okLeast && strings.HasPrefix(p.Head, id) {
			return true
		}
	}
	return false
}
