package actionlint

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// looseInput matches the refusal of an action whose input has a key such as type:. The
// runner ignores such a key (rhysd/actionlint#596), and actionlint then checks no step
// that uses the action.
var looseInput = regexp.MustCompile(`^could not parse action metadata in .*: unexpected key "[^"]*" for definition of input "`)

// looseInputs checks the inputs of every step that uses an action that actionlint
// refused. It returns false if the action is not in the repository.
func (l *linter) looseInputs(f *workflow.File, e *actionlint.Error) ([]report.Finding, bool) {
	var folder string
	var out []report.Finding
	for _, s := range f.Steps() {
		if a := localAction(s); a != nil && a.Uses.Pos.Line == e.Line && a.Uses.Pos.Col == e.Column {
			folder = folderOf(a)
		}
	}
	declared, ok := l.tree.ActionInputs(folder)
	if folder == "" || !ok {
		return nil, false
	}
	for _, s := range f.Steps() {
		a := localAction(s)
		if a == nil || folderOf(a) != folder {
			continue
		}
		add := func(at *actionlint.Pos, format string, args ...any) {
			out = append(out, report.Finding{
				Rule: "action", Severity: report.Medium, At: report.Location{Path: f.Path, Line: at.Line, Column: at.Col},
				Message: fmt.Sprintf(format, args...), Fix: "pass the inputs that the action declares",
			})
		}
		for _, in := range declared {
			if _, given := a.Inputs[strings.ToLower(in.Name)]; in.Required && !given {
				add(a.Uses.Pos, "missing input %q which is required by action %q", text.OneLine(in.Name, 120), "./"+folder)
			}
		}
		for id, given := range a.Inputs {
			if !slices.ContainsFunc(declared, func(in workflow.Input) bool { return strings.EqualFold(in.Name, id) }) {
				add(given.Name.Pos, "input %q is not defined in action %q", text.OneLine(given.Name.Value, 120), "./"+folder)
			}
		}
	}
	return out, true
}

func localAction(s *actionlint.Step) *actionlint.ExecAction {
	a, ok := s.Exec.(*actionlint.ExecAction)
	if !ok || a.Uses == nil || !strings.HasPrefix(a.Uses.Value, "./") && !strings.HasPrefix(a.Uses.Value, "$/") {
		return nil
	}
	return a
}

// folderOf returns the folder of a local action, relative to the repository.
func folderOf(a *actionlint.ExecAction) string {
	return path.Clean(strings.TrimPrefix(a.Uses.Value, "$/"))
}
