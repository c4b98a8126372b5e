package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// excessivePermissions reports write-all, and jobs without permissions:. The token of
// such jobs has the default of the repository's settings, often write.
func excessivePermissions(w *File) []report.Finding {
	if _, called := w.FindWorkflowCallEvent(); w.kind == action || called && len(w.On) == 1 {
		return nil // the permissions of the caller are the limit
	}
	out := append(w.writeAll(w.Permissions), w.workflowWide()...)
	var unset []string
	var first *actionlint.Pos
	for _, j := range w.jobs() {
		out = append(out, w.writeAll(j.Permissions)...)
		if w.Permissions == nil && j.Permissions == nil {
			unset = append(unset, value(j.ID))
			first = cmp.Or(first, j.Pos)
		}
	}
	if len(unset) == 0 {
		return out
	}
	return append(out, report.Finding{
		Rule: "excessive-permissions", Severity: report.Medium, At: w.at(first),
		Message: fmt.Sprintf("permissions: is not set in %s, so the token has the default of the repository's settings, often write", strings.Join(unset, ", ")),
		Fix:     "set permissions: {} or contents: read at the top of the workflow, and add the scopes that a job needs in the job",
	})
}

func (w *File) writeAll(p *actionlint.Permissions) []report.Finding {
	switch {
	case p != nil && value(p.All) == "read-all" && p == w.Permissions && !slices.ContainsFunc(w.jobs(), func(j *actionlint.Job) bool { return j.Permissions == nil }):
		return nil // every job has its own
	case p != nil && value(p.All) == "read-all":
		return []report.Finding{{
			Rule: "excessive-permissions", Severity: report.Low, At: w.at(p.All.Pos),
			Message: "read-all lets the token read everything in the repository, such as security alerts and packages",
			Fix:     "list the scopes that are needed, such as contents: read",
		}}
	case p == nil || value(p.All) != "write-all":
		return nil
	}
	return []report.Finding{{
		Rule: "excessive-permissions", Severity: report.High, At: w.at(p.All.Pos),
		Message: "write-all lets the token change everything in the repository",
		Fix:     "list the scopes that are needed, such as contents: read",
	}}
}

// workflowWide reports a write permission that the workflow gives to every job.
func (w *File) workflowWide() []report.Finding {
	if w.Permissions == nil || len(w.Jobs) < 2 {
		return nil
	}
	var with []string
	for _, j := range w.jobs() {
		if j.Permissions == nil {
			with = append(with, value(j.ID))
		}
	}
	if len(with) < 2 {
		return nil
	}
	var scopes []string
	var first *actionlint.Pos
	for _, name := range sorted(w.Permissions.Scopes) {
		if s := w.Permissions.Scopes[name]; s != nil && value(s.Value) == "write" {
			scopes = append(scopes, name)
			if first == nil || s.Name.Pos.Line < first.Line {
				first = s.Name.Pos
			}
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	return []report.Finding{{
		Rule: "excessive-permissions", Severity: report.Low, At: w.at(first),
		Message: fmt.Sprintf("write permission for %s is given to %d jobs at once (%s)", strings.Join(scopes, ", "), len(with), short(strings.Join(with, ", "))),
		Fix:     "move the permission to the job that needs it",
	}}
}
