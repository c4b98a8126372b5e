package actionlint

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// joined returns the finding of goldenpath's own rules for the fact that e reports: the
// same hardcoded password, or the same untrusted expression in a script. It returns
// false if there is no such finding. The gate merges equal findings of two tools into
// one finding that names both tools.
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

// untrusted returns the expression that a warning about untrusted text refers to, and
// the context in it, such as github.head_ref. It returns false for any other warning.
func untrusted(f *workflow.File, e *actionlint.Error) (workflow.Expression, string, bool) {
	m := quoted.FindStringSubmatch(e.Message)
	if e.Kind != "expression" || m == nil {
		return workflow.Expression{}, "", false
	}
	x, ok := f.Expression(e.Line, e.Column)
	return x, m[1], ok
}
