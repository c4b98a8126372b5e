package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// matches reports whether a name is meant by a pattern, which is a name or "*".
func matches(pattern, name string) bool { return pattern == "*" || strings.EqualFold(pattern, name) }

// output returns the step or job and the output that a read means, where "*" is any.
func (r read) output() (id, output string, ok bool) {
	parts := append(slices.Clone(r.path[1:]), "*", "*", "*")[:3]
	ok = len(r.path) == 4 || r.whole && len(r.path) < 4
	return parts[0], parts[2], ok && (parts[1] == "outputs" || parts[1] == "*")
}

func (c scope) stepOutput(id, output, name string) []taint {
	var out []taint
	for _, s := range c.job.Steps {
		if value(s.ID) == "" || !matches(id, value(s.ID)) {
			continue
		}
		if passesOn(s, output) {
			out = append(out, taint{c.gain("github.event.output"), name, "anyone", false})
			continue
		}
		inner := scope{c.File, c.job, s, c.depth + 1, c.from}
		out = append(append(out, inner.written(output)...), inner.calledOutput(output)...)
		for _, o := range agents[actionName(s)].output {
			if matches(output, o) {
				out = append(out, inner.modelAnswer(o, name)...)
			}
		}
	}
	return out
}

func (c scope) jobOutput(id, output string) []taint {
	var out []taint
	for _, name := range sorted(c.Jobs) {
		j := c.Jobs[name]
		if !matches(id, name) || id == "*" && c.job != nil && !slices.ContainsFunc(c.job.Needs, func(n *actionlint.String) bool { return strings.EqualFold(value(n), name) }) {
			continue
		}
		inner := scope{c.File, j, nil, c.depth, c.from}
		for _, o := range sorted(j.Outputs) {
			if matches(output, o) {
				out = append(out, inner.taints(value(j.Outputs[o].Value))...)
			}
		}
		out = append(out, inner.calledOutput(output)...)
	}
	return out
}

// inside lists the workflows or actions of the repository that the place calls, as
// scopes of their outputs.
func (c scope) inside() []scope {
	from := call{c, map[string]*actionlint.String{}}
	uses := ""
	if c.step == nil {
		if w := c.job.WorkflowCall; w != nil {
			uses = value(w.Uses)
			for id, in := range w.Inputs {
				from.inputs[id] = in.Value
			}
		}
	} else if a, ok := c.step.Exec.(*actionlint.ExecAction); ok {
		uses = value(a.Uses)
		for id, in := range a.Inputs {
			from.inputs[id] = in.Value
		}
	}
	if !local(uses) || c.depth > maxTaintDepth {
		return nil
	}
	var out []scope
	for _, f := range c.called[target(uses)] {
		job := f.Jobs["runs"]
		if f.kind != action {
			job = &actionlint.Job{}
		}
		if job != nil {
			out = append(out, scope{f, job, nil, c.depth + 1, &from})
		}
	}
	return out
}

// calledOutput returns the taints of an output of a workflow or an action of the
// repository.
func (c scope) calledOutput(output string) []taint {
	var out []taint
	for _, in := range c.inside() {
		for _, id := range sorted(in.outputs) {
			if !matches(output, id) {
				continue
			}
			for _, t := range in.taints(in.outputs[id]) {
				if t.severity == report.High && t.outsider() {
					t.severity = c.gain(t.name) // by the events of the caller
				}
				out = append(out, t)
			}
		}
	}
	return out
}

// written returns the taints of what a step writes to one of its outputs.
func (c scope) written(output string) []taint {
	if c.depth > maxTaintDepth {
		return nil
	}
	var out []taint
	for _, w := range c.writes(program(c.step)) {
		if w.file == "OUTPUT" && w.taint.name != "" && (output == "*" || w.sets(output)) {
			out = append(out, w.taint)
		}
	}
	return out
}
