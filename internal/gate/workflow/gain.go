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
// itself, and gains nothing by the text.
func (c scope) gain(name string) report.Severity {
	_, called := c.FindWorkflowCallEvent()
	if c.kind == action || called || c.job == nil {
		return report.High
	}
	of := []string(nil)
	for prefix, events := range carriers {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "github."), prefix); ok && (rest == "" || rest[0] == '.') {
			of = events
		}
	}
	plain := false
	for _, e := range c.On {
		event := e.EventName()
		if event == "workflow_dispatch" || event == "schedule" { // carry no text of outsiders
			continue
		}
		if of != nil && !slices.Contains(of, event) || holds(condition(c.job.If), event) == no || c.step != nil && holds(condition(c.step.If), event) == no {
			continue
		}
		privileged, outside := outsideEvents[event]
		if privileged || !outside {
			return report.High
		}
		plain = true
	}
	if plain {
		return report.Low
	}
	return report.High
}

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
