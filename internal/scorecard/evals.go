package scorecard

import "github.com/seed-b235b314/goldenpath/internal/report"

// gradeEvals always returns "not applicable", because evaluations of a model cannot be
// configured yet.
func gradeEvals(*candidate) Dimension {
	return Dimension{State: report.NotApplicable, Result: "no evals are configured"}
}
