package actionlint

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// joined returns our own finding of the fact that e reports, if there is one: the
// same hardcoded password, or the same untrusted expression in a script. The gate
// joins equal findings of two tools into one that names both.
func (l *linter) joined(f *workflow.File, e *actionlint.Error) (report.Finding, bool) {
	rule, at, context := "hardcoded-credentials", report.Location{Path: f.Path, Line: e.Line, Column: e.Column}, ""
	if e.Kind != "credentials" {
		x, name, ok := untrusted(f, e)
		if !ok {
			return report.Finding{}, false
		}
		rule, at, context = "script-injection", x.At, name
	}
	for _, own := range l.tree.Findings() {
		if own.Rule == rule && own.At == at && strings.Contains(strings.ToLower(own.Message), strings.ToLower(context)) {
			return own, true
		}
	}
	return report.Finding{}, false
}

// onlyCompared reports whether e warns of untrusted text that the expression compares
// and does not expand, as in github.head_ref == 'main'.
func onlyCompared(f *workflow.File, e *actionlint.Error) bool {
	x, context, ok := untrusted(f, e)
	return ok && !x.PassesOn(context)
}

var quoted = regexp.MustCompile(`^"([^"]+)" is potentially untrusted`)

// untrusted returns the expression and the context of a warning about untrusted text.
func untrusted(f *workflow.File, e *actionlint.Error) (workflow.Expression, string, bool) {
	m := quoted.FindStringSubmatch(e.Message)
	if e.Kind != "expression" || m == nil {
		return workflow.Expression{}, "", false
	}
	x, ok := f.Expression(e.Line, e.Column)
	return x, m[1], ok
}
