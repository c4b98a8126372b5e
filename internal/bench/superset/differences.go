package main

import (
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// difference is a known reason why the gate does not report a fact that a command
// reports.
type difference struct {
	id, tool string
	why      string
	applies  func(*repository, fact) bool
}

// differences lists the known differences. Anything else that is missing is a loss.
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

// gain is a known reason why the gate reports something that a command does not.
type gain struct {
	id, tool string
	why      string
	applies  func(*repository, report.Finding) bool
}

// gains lists the known gains. The first that applies is used.
func gains() []gain {
	return []gain{
		{"standard-library", "osv-scanner", "of Go's standard library, in the version that go.mod names",
			func(_ *repository, o report.Finding) bool { return strings.HasPrefix(o.Package, "pkg:golang/stdlib@") }},
		{"exception", "gitleaks", "the repository excludes it: allow-list, .gitleaksignore, gitleaks:allow",
			func(r *repository, o report.Finding) bool {
				return slices.ContainsFunc(r.excepted, func(f fact) bool { return sameSecret(f, o) })
			}},
		{"split-string", "gitleaks", "in a string over several lines, which the gate puts together",
			func(_ *repository, o report.Finding) bool { return o.At.Line > 0 && o.At.Column == 0 }},
		{"binary", "gitleaks", "in a binary file or an uncompressed archive",
			func(_ *repository, o report.Finding) bool { return o.At.Line == 0 && !inHistory(o) }},
		{"renamed", "gitleaks", "the file was renamed: gitleaks git reports the secret under the older name alone",
			func(r *repository, o report.Finding) bool {
				return inHistory(o) && slices.ContainsFunc(r.excepted, func(f fact) bool { return f.path != o.At.Path && f.marked(o) })
			}},
		{"history", "gitleaks", "only in the history, which was not compared here",
			func(r *repository, o report.Finding) bool {
				return r.treeOnly && strings.Contains(o.Message, "(added by commit ")
			}},
	}
}

func (r *repository) gained(tool string, o report.Finding) string {
	for _, g := range gains() {
		if g.tool == tool && g.applies(r, o) {
			return g.id
		}
	}
	return "more"
}

func inHistory(o report.Finding) bool { return strings.Contains(o.Message, "(added by commit ") }
