package scorecard

import "github.com/seed-b235b314/goldenpath/internal/report"

// gradePerformance has no input yet: no benchmark can be configured.
func gradePerformance(*candidate) Dimension {
	return Dimension{State: report.NotApplicable, Result: "no benchmark is configured"}
}
