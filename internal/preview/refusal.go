package preview

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// refusal is the reason why a preview is not deployed. It is reported as a verdict, not
// as an error.
type refusal struct {
	reason        report.Reason
	title, remedy string
}

func (r *refusal) Error() string { return r.title }

func refuse(reason report.Reason, title, remedy string) *refusal {
	return &refusal{reason, title, remedy}
}

// skips reports whether the run ends without a failure, because its commit no longer
// needs a preview from this run.
func (r *refusal) skips() bool {
	return r.reason == report.ReasonPullRequestClosed || r.reason == report.ReasonHeadMoved || r.reason == report.ReasonSuperseded
}

// closed returns the refusal in err and true if it refuses because the pull request is
// closed.
func closed(err error) (*refusal, bool) {
	var r *refusal
	return r, errors.As(err, &r) && r.reason == report.ReasonPullRequestClosed
}

// asVerdict converts refusals into the verdict of the report, and returns any other
// error unchanged.
func (u *up) asVerdict(err error) error {
	var refused *refusal
	var exceeded *budget.Exceeded
	var rejected *target.Refusal
	switch {
	case errors.As(err, &refused):
		u.reportRefusal(refused)
	case errors.As(err, &exceeded):
		u.reportRefusal(refuse(exceeded.Reason, exceeded.Title, exceeded.Remedy))
	case errors.As(err, &rejected):
		u.reportRejection(rejected)
	default:
		return err
	}
	return nil
}

func (u *up) reportRefusal(refused *refusal) {
	r := u.report
	r.Verdict, r.Reason, r.Title = report.Fail, refused.reason, refused.title
	state := report.Failed
	if refused.skips() {
		r.Verdict, state = report.Skip, report.Skipped
	}
	u.check(report.Check{Name: "preview", State: state, Result: refused.title, Note: refused.remedy})
}

// reportRejection lists the objects that the preview policy does not allow.
func (u *up) reportRejection(rejected *target.Refusal) {
	r := u.report
	r.Verdict, r.Reason = report.Fail, report.ReasonRefused
	r.Title = fmt.Sprintf("%s was rejected by the preview policy; nothing was applied", u.o.Name)
	s := report.Section{Title: "rejected", Open: true, Head: []string{"object, field, reason"}}
	for _, problem := range rejected.Problems {
		s.Rows = append(s.Rows, []string{problem})
	}
	r.Sections = append(r.Sections, s)
	u.check(report.Check{Name: "preview", State: report.Failed, Result: strings.SplitN(rejected.Error(), "\n", 2)[0], Note: "nothing was applied"})
}
