package scorecard

import "github.com/seed-b235b314/goldenpath/internal/report"

// gradeEvals has no input yet: no evaluation of a model can be configured.
func gradeEvals(*candidate) Dimension {
	return Dimension{State: report.NotApplicable, Result: "no evals are configured"}
}
