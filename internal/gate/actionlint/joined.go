package actionlint

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

var quoted = regexp.MustCompile(`"([^"]+)"`)

// joined returns our own finding of the fact that e reports, if there is one: the
// same hardcoded password, or the same untrusted expression in a script. The gate
// joins equal findings of two tools into one that names both.
func (l *linter) joined(f *workflow.File, e *actionlint.Error) (report.Finding, bool) {
	rule, at, name := "", report.Location{Path: f.Path, Line: e.Line, Column: e.Column}, ""
	switch {
	case e.Kind == "credentials":
		rule = "hardcoded-credentials"
	case e.Kind == "expression" && strings.Contains(e.Message, "potentially untrusted"):
		m := quoted.FindStringSubmatch(e.Message)
		place, ok := f.Expression(e.Line, e.Column)
		if m == nil || !ok {
			return report.Finding{}, false
		}
		rule, at, name = "script-injection", place, m[1]
	default:
		return report.Finding{}, false
	}
	for _, own := range l.tree.Findings() {
		if own.Rule == rule && own.At == at && strings.Contains(strings.ToLower(own.Message), strings.ToLower(name)) {
			return own, true
		}
	}
	return report.Finding{}, false
}
