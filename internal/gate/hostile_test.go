package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestHostileMessage proves GP-SAFE-2: a finding's text stays text on every
// surface.
func TestHostileMessage(t *testing.T) {
	f := finding("R1\n::error::x", report.High, "a.go\n::set-output name=verdict::pass", 3)
	f.Message = "<script>alert(1)</script> @everyone \x1b[31m\n::error::forged\n| a | b |\n```\n[x](javascript:1)"
	r := answer(t, options(finds("a", f)))
	var summary, log, annotations strings.Builder
	err := errors.Join(r.WriteSummary(&summary, report.SummaryBudget), r.WriteLog(&log), r.WriteAnnotations(&annotations))
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"summary": summary.String(), "log": log.String(), "annotations": annotations.String()} {
		if strings.Contains(got, "\x1b") {
			t.Errorf("%s: a control character: %q", name, got)
		}
		for l := range strings.Lines(got) {
			if strings.HasPrefix(strings.TrimSpace(l), "::") && (name != "annotations" || !strings.Contains(l, "message of") && !strings.HasPrefix(l, "::error ")) {
				t.Errorf("%s: a forged command: %q", name, l)
			}
		}
	}
	if strings.Contains(summary.String(), "<script>") {
		t.Errorf("summary:\n%s", summary.String())
	}
}

func dataOf[T any](t *testing.T, r *report.Report) T {
	t.Helper()
	v, err := report.DataOf[T](r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
