package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
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
		{"set-aside", "gitleaks", "the gate found the value, and set it aside because of its form or of what stands around it: a placeholder, a sample that its service publishes, a signed address. Its row counts these values, and its JSON report has a digest of each",
			func(r *repository, f fact) bool {
				return slices.ContainsFunc(f.marks, func(mark string) bool { return r.aside["gitleaks "+mark[:16]] })
			}},
		{"other-rule", "gitleaks", "the gate reports a secret at the same place by a rule that knows more about it, or the value of the Secret of Kubernetes that is not a placeholder",
			func(r *repository, f fact) bool {
				return slices.ContainsFunc(r.ours, func(o report.Finding) bool { return o.Rule != f.rule && f.at(o) })
			}},
		{"dropped", "actionlint", "a message about syntax that GitHub accepts, about an action of an old Node, which GitHub runs with a newer one, or about text that an expression only compares. The row counts these messages",
			func(r *repository, f fact) bool {
				return r.aside["actionlint "+gate.Aside(f.rule, f.path, fmt.Sprintf("%d:%d", f.line, f.column), f.message)]
			}},
		{"not-so", "trivy", "the check is wrong about the file: a folder as the target of COPY, a variable or an entry whose value is not a secret, a pod whose containers have a security context of their own",
			func(r *repository, f fact) bool {
				return r.aside["trivy "+gate.Aside(f.rule, f.path, strconv.Itoa(f.line), f.message)]
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
				return r.treeOnly && inHistory(o)
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

func inHistory(o report.Finding) bool { return o.Secret == report.SecretRemoved }

// placed matches where the gate found a secret of the history.
var placed = regexp.MustCompile(`added at line (\d+) by commit ([0-9a-f]{7})`)

// at reports whether a finding is a secret at the place of the fact.
func (f fact) at(o report.Finding) bool {
	line := o.At.Line
	if inHistory(o) {
		m := placed.FindStringSubmatch(o.Message)
		if m == nil || !slices.ContainsFunc(f.commits, func(c string) bool { return c != "" && (strings.HasPrefix(c, m[2]) || strings.HasPrefix(m[2], c)) }) {
			return false
		}
		line, _ = strconv.Atoi(m[1])
	} else if !slices.Contains(f.commits, "") {
		return false
	}
	return o.Secret != "" && o.At.Path == f.path && f.line <= line && line <= max(f.line, f.end)
}
