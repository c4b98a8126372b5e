package scorecard

import (
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Previous is the release that a rollback would return to.
type Previous struct {
	ID, Digest string
	Pullable   error // nil: the registry resolved its digest just now
}

// gradeRollback grades whether there is a release to return to. For a first release the
// grade is "not applicable", which satisfies scorecard.must.
func gradeRollback(c *candidate) Dimension {
	if c.Environment == "" {
		return Dimension{State: report.NotApplicable, Result: "no environment is configured"}
	}
	previous, err := c.Previous.get()
	switch {
	case err != nil:
		return Dimension{State: report.Missing, Result: fmt.Sprintf("cannot determine the previous release: %v", err), Note: "a rollback may not be possible"}
	case previous == nil:
		return Dimension{State: report.NotApplicable, Result: "first release: nothing to return to", optional: true}
	case previous.Pullable != nil:
		return Dimension{
			State: report.Missing, Result: fmt.Sprintf("the image of release %s cannot be pulled: %v", previous.ID, previous.Pullable),
			Note: "a rollback is not possible: restore the image in the registry, or release once without rollback in scorecard.must",
		}
	default:
		return Dimension{State: report.OK, Result: fmt.Sprintf("to release %s, whose image can be pulled", previous.ID)}
	}
}
