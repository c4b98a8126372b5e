package scorecard

import (
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// gradeSecurity takes over the verdict of the security gate, if the gate's report is
// about the same commit.
func gradeSecurity(c *candidate) Dimension {
	switch gate := c.Gate; {
	case gate == nil:
		return Dimension{State: report.Missing, Result: "the security gate has not run"}
	case gate.Commit != c.Commit:
		return Dimension{State: report.Missing, Result: fmt.Sprintf("the security gate's report is about commit %.7s, not %.7s", gate.Commit, c.Commit)}
	case gate.Verdict == report.Pass:
		return Dimension{State: report.OK, Result: gate.Title}
	case gate.Verdict == report.Warn:
		return Dimension{State: report.Warned, Result: gate.Title}
	case gate.Verdict == report.Skip:
		return Dimension{State: report.Missing, Result: gate.Title}
	default: // an unknown verdict too
		return Dimension{State: report.Failed, Result: gate.Title}
	}
}
