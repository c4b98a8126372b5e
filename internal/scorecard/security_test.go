package scorecard

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestSecurity proves that the gate's verdict is taken only for the same commit, and
// that an unknown verdict fails.
func TestSecurity(t *testing.T) {
	for name, test := range map[string]struct {
		gate   *report.Report
		state  report.State
		result string
	}{
		"no gate":         {nil, report.Missing, "the security gate has not run"},
		"another commit":  {&report.Report{Commit: "1c0f2aa99", Verdict: report.Pass}, report.Missing, "the security gate's report is about commit 1c0f2aa, not 3f9c2d1"},
		"no commit":       {&report.Report{Verdict: report.Pass}, report.Missing, "the security gate's report is about commit , not 3f9c2d1"},
		"pass":            {&report.Report{Commit: commit, Verdict: report.Pass, Title: "no findings"}, report.OK, "no findings"},
		"warn":            {&report.Report{Commit: commit, Verdict: report.Warn, Title: "1 waived"}, report.Warned, "1 waived"},
		"fail":            {&report.Report{Commit: commit, Verdict: report.Fail, Title: "2 new findings"}, report.Failed, "2 new findings"},
		"skip":            {&report.Report{Commit: commit, Verdict: report.Skip, Title: "nothing to scan"}, report.Missing, "nothing to scan"},
		"unknown verdict": {&report.Report{Commit: commit, Verdict: "great", Title: "all is well"}, report.Failed, "all is well"},
		"no verdict":      {&report.Report{Commit: commit, Title: "all is well"}, report.Failed, "all is well"},
	} {
		want := Dimension{State: test.state, Result: test.result}
		if diff := cmp.Diff(want, gradeSecurity(&candidate{Options: Options{Commit: commit, Gate: test.gate}}), cmp.AllowUnexported(Dimension{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
