package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// carriers lists the events that have a property of github.event. A property that is
// not listed may belong to any event.
var carriers = map[string][]string{
	"head_ref":           {"pull_request", "pull_request_target"},
	"event.pull_request": {"pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"},
	"event.review":       {"pull_request_review"},
	"event.comment":      {"issue_comment", "pull_request_review_comment", "discussion_comment", "commit_comment"},
}

// gain returns the severity of untrusted text in a context. It is low if only events of
// unprivileged pull requests carry the text: their author can change the workflow
// itself, and gains nothing by the text. It is medium in a file that is only called on
// such events: other repositories may call it, too.
func (c scope) gain(name string) report.Severity {
	if c.job == nil || c.published() {
		return report.High
	}
	of, fork := []string(nil), false
	for prefix, events := range carriers {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "github."), prefix); ok && (rest == "" || rest[0] == '.') {
			of, fork = events, prefix == "event.pull_request"
		}
	}
	run := func(event string) string {
		if of != nil && !slices.Contains(of, event) || slices.Contains([]string{"workflow_call", "workflow_dispatch", "schedule"}, event) {
			return "" // carries no text of outsiders
		}
		return event + about
	}
	plain := false
	for _, p := range c.ways() {
		for _, event := range c.events(c.job, c.step, p, run) {
			privileged, outside := outsideEvents[event]
			if fork {
				privileged = onFork(event)
			}
			if privileged || !outside {
				return report.High
			}
			plain = true
		}
	}
	_, called := c.FindWorkflowCallEvent()
	switch {
	case !plain:
		return report.High
	case called || c.kind == action:
		return report.Medium
	}
	return report.Low
}

// published reports whether a file is the action of the repository itself, which other
// repositories run on events of their own.
func (w *File) published() bool { return w.kind == action && target(w.Path) == "." }

// matrix returns the taints of the values of a matrix property.
func (c scope) matrix(property, name string) []taint {
	if c.job.Strategy == nil || c.job.Strategy.Matrix == nil {
		return nil
	}
	m := c.job.Strategy.Matrix
	out := c.taints(value(m.Expression))
	each := func(v actionlint.RawYAMLValue) {
		for _, s := range rawStrings(v) {
			out = append(out, c.taints(s)...)
		}
	}
	if row := m.Rows[property]; row != nil {
		out = append(out, c.taints(value(row.Expression))...)
		for _, v := range row.Values {
			each(v)
		}
	}
	if m.Include != nil {
		out = append(out, c.taints(value(m.Include.Expression))...)
		for _, combination := range m.Include.Combinations {
			if a := combination.Assigns[property]; a != nil {
				each(a.Value)
			}
		}
	}
	for i := range out {
		out[i].name = name + " (" + out[i].name + ")"
	}
	return out
}

// rawStrings lists the strings in a value of a matrix.
func rawStrings(v actionlint.RawYAMLValue) []string {
	var out []string
	switch v := v.(type) {
	case *actionlint.RawYAMLString:
		out = append(out, v.Value)
	case *actionlint.RawYAMLArray:
		for _, e := range v.Elems {
			out = append(out, rawStrings(e)...)
		}
	case *actionlint.RawYAMLObject:
		for _, key := range sorted(v.Props) {
			out = append(out, rawStrings(v.Props[key])...)
		}
	}
	return out
}
