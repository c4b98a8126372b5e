package main

import (
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// difference is a reason for which the gate does not report a fact as the command
// does.
type difference struct {
	id, tool string
	why      string
	applies  func(*repository, fact) bool
}

// differences are all that are known. What none of them explains is a loss.
func differences() []difference {
	return []difference{
		{"other-branch", "gitleaks", "only commits that did not lead to the one scanned hold it: gitleaks git looks at every branch and tag of the clone, the gate at the history of the commit",
			func(r *repository, f fact) bool {
				return !slices.ContainsFunc(f.commits, func(c string) bool { return c == "" || r.history[c] })
			}},
		{"moved-in-tree", "gitleaks", "the same secret still stands in another file of the tree, where the gate reports it: the older path is not repeated",
			func(r *repository, f fact) bool {
				return !slices.Contains(f.commits, "") && slices.ContainsFunc(r.ours, func(o report.Finding) bool { return o.At.Line > 0 && f.marked(o) })
			}},
	}
}

// explain returns the difference that applies, if one does.
func (r *repository) explain(tool string, f fact) (difference, bool) {
	for _, d := range differences() {
		if d.tool == tool && d.applies(r, f) {
			return d, true
		}
	}
	return difference{}, false
}
