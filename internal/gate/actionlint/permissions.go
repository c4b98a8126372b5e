package actionlint

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// excessivePermissions reports a token that may more than the workflow says: what
// is not said is the repository's default, often write.
func excessivePermissions(w workflow) []report.Finding {
	if _, called := w.FindWorkflowCallEvent(); w.action || called && len(w.On) == 1 {
		return nil // the caller's permissions bound it
	}
	out := w.writeAll(w.Permissions)
	var silent []string
	var first *actionlint.Pos
	for _, j := range w.jobs() {
		out = append(out, w.writeAll(j.Permissions)...)
		if w.Permissions == nil && j.Permissions == nil {
			silent = append(silent, value(j.ID))
			first = cmp.Or(first, j.Pos)
		}
	}
	if len(silent) == 0 {
		return out
	}
	return append(out, report.Finding{
		Rule: "excessive-permissions", Severity: report.Medium, At: w.at(first),
		Message: fmt.Sprintf("the token's permissions are those of the repository's settings in %s", strings.Join(silent, ", ")),
		Fix:     "say permissions: {} or contents: read at the top of the workflow, and in a job what else it needs",
	})
}

func (w workflow) writeAll(p *actionlint.Permissions) []report.Finding {
	if p == nil || value(p.All) != "write-all" {
		return nil
	}
	return []report.Finding{{
		Rule: "excessive-permissions", Severity: report.High, At: w.at(p.All.Pos),
		Message: "write-all lets the token change everything in the repository",
		Fix:     "name the permissions that are needed, each with its scope",
	}}
}
