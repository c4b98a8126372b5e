package workflow

import (
	"cmp"
	"fmt"
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
	out := w.writeAll(w.Permissions)
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
	if p == nil || value(p.All) != "write-all" {
		return nil
	}
	return []report.Finding{{
		Rule: "excessive-permissions", Severity: report.High, At: w.at(p.All.Pos),
		Message: "write-all lets the token change everything in the repository",
		Fix:     "list the scopes that are needed, such as contents: read",
	}}
}
