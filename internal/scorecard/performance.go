package scorecard

import "github.com/seed-b235b314/goldenpath/internal/report"

// gradePerformance always returns "not applicable", because benchmarks cannot be
// configured yet.
func gradePerformance(*candidate) Dimension {
	return Dimension{State: report.NotApplicable, Result: "no benchmark is configured"}
}
