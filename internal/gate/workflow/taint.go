package workflow

import (
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// taint is a context or variable with text that an outsider or a member can write.
type taint struct {
	severity report.Severity
	name     string // such as github.event.issue.title
	who      string // such as "anyone"
	oneLine  bool
}

// outsider reports whether someone without a role in the repository can write the text.
func (t taint) outsider() bool {
	return t.who == "anyone" || t.who == throughModel || strings.HasPrefix(t.who, "the author")
}

// scope is the place of an expression, which determines the values of its contexts.
type scope struct {
	*File
	job   *actionlint.Job
	step  *actionlint.Step
	depth int
	from  *call // the call whose inputs are meant; nil: those of any caller
}

const maxTaintDepth = 12 // levels of env, outputs and calls that are followed

// taints lists the taints of a value. Each taint is listed once.
func (c scope) taints(s string) []taint {
	var out []taint
	for _, p := range placeholders(s) {
		for _, t := range c.tainted(p.node) {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

func (c scope) tainted(n actionlint.ExprNode) []taint {
	if c.depth++; c.depth > maxTaintDepth || *c.budget < 0 {
		return nil
	}
	*c.budget--
	var out []taint
	for _, r := range reads(n, false) {
		out = append(out, c.read(r)...)
	}
	return out
}

func (c scope) read(r read) []taint {
	name := strings.Join(r.path, ".")
	switch r.path[0] {
	case "github":
		return c.github(r, name)
	case "inputs":
		var out []taint
		for _, id := range c.meant(r, 1, sorted(c.inputs)) {
			out = append(out, c.input(id, "inputs."+id)...)
		}
		return out
	case "env":
		var out []taint
		for _, id := range c.meant(r, 1, c.variables()) {
			out = append(append(out, c.taints(c.env(id))...), c.envWritten(id)...)
		}
		return out
	case "steps":
		if id, output, ok := r.output(); ok {
			return c.stepOutput(id, output, name)
		}
	case "needs", "jobs":
		if id, output, ok := r.output(); ok {
			return c.jobOutput(id, output)
		}
	case "matrix":
		var out []taint
		if c.job.Strategy == nil || c.job.Strategy.Matrix == nil {
			return nil
		}
		for _, id := range c.meant(r, 1, sorted(c.job.Strategy.Matrix.Rows)) {
			out = append(out, c.matrix(id, "matrix."+id)...)
		}
		return out
	}
	return nil
}

// meant lists the properties that a read includes: the one it names, or all of them.
func (c scope) meant(r read, at int, all []string) []string {
	switch {
	case len(r.path) > at && r.path[at] != "*":
		return []string{r.path[at]}
	case len(r.path) > at || r.whole:
		return all
	}
	return nil
}

// variables lists the names of the environment at the place.
func (c scope) variables() []string {
	all := map[string]bool{}
	for _, e := range []*actionlint.Env{c.stepEnv(), c.job.Env, c.Env} {
		if e != nil {
			for name := range e.Vars {
				all[name] = true
			}
		}
	}
	return sorted(all)
}

func (c scope) stepEnv() *actionlint.Env {
	if c.step == nil {
		return nil
	}
	return c.step.Env
}

func (c scope) github(r read, name string) []taint {
	if r.matches("github.head_ref") {
		return []taint{{c.gain("github.head_ref"), "github.head_ref", "the author of a pull request", true}}
	}
	if name == "github.ref" || name == "github.ref_name" || name == "github.event.ref" {
		if c.anyRef() {
			return []taint{{report.Low, name, "anyone who can push a branch or a tag", true}}
		}
		return nil
	}
	for _, p := range outsiderText {
		p, oneLine := strings.CutPrefix(p, "*1")
		if r.matches("github.event." + p) {
			return []taint{{c.gain(name), name, "anyone", oneLine}}
		}
	}
	for _, p := range membersText {
		if r.matches("github.event." + p) {
			return []taint{{report.Low, name, "anyone with a role in the repository", false}}
		}
	}
	if strings.HasPrefix(name, "github.event.client_payload.") {
		return []taint{{report.Low, name, "the sender of the repository_dispatch", false}}
	}
	if len(r.path) == 4 && strings.HasPrefix(name, "github.event.inputs.") {
		return c.input(r.path[3], name)
	}
	return nil
}

func (c scope) input(id, name string) []taint {
	if !c.inputs[id] {
		return nil
	}
	if c.from != nil { // this call, not any
		from := c.from.scope
		from.depth = c.depth
		if given := c.from.inputs[id]; given != nil {
			return from.taints(given.Value)
		}
		return from.taints(c.defaults[id])
	}
	if t := worst(c.passed(id)); t.name != "" {
		return []taint{t}
	}
	if c.kind == action {
		return []taint{{report.Medium, name, "the caller", false}}
	}
	return []taint{{report.Low, name, "the caller or starter", false}}
}

// passed returns the taints that callers in the repository pass to an input of this
// workflow or action.
func (c scope) passed(id string) []taint {
	var out []taint
	if c.depth > maxTaintDepth {
		return nil
	}
	for _, call := range c.callers[target(c.Path)] {
		from := call.scope
		from.depth = c.depth + 1
		text := c.defaults[id]
		if given := call.inputs[id]; given != nil {
			text = given.Value
		}
		for _, t := range from.taints(text) {
			if t.severity == report.High {
				out = append(out, t)
			}
		}
	}
	return out
}

// call is a place where a workflow or an action of the repository is used.
type call struct {
	scope
	inputs map[string]*actionlint.String
}

// target normalizes a local uses: and the path of a file to the same key. The key of
// an action is its folder.
func target(name string) string {
	name = path.Clean(strings.TrimPrefix(name, "$/"))
	if kindOf(name) == action {
		return path.Dir(name)
	}
	return name
}

// calls adds the calls in w of workflows and actions of the repository to all.
func (w *File) calls(all map[string][]call) {
	for _, j := range w.jobs() {
		if c := j.WorkflowCall; c != nil && local(value(c.Uses)) {
			in := map[string]*actionlint.String{}
			for id, v := range c.Inputs {
				in[id] = v.Value
			}
			to := target(c.Uses.Value)
			all[to] = append(all[to], call{scope{File: w, job: j}, in})
		}
		for _, s := range j.Steps {
			a, ok := s.Exec.(*actionlint.ExecAction)
			if !ok || !local(value(a.Uses)) {
				continue
			}
			in := map[string]*actionlint.String{}
			for id, v := range a.Inputs {
				in[id] = v.Value
			}
			to := target(a.Uses.Value)
			all[to] = append(all[to], call{scope{File: w, job: j, step: s}, in})
		}
	}
}

// anyRef reports whether the ref can have any name. It returns false if the workflow
// runs only on pushes to literally named branches.
func (c scope) anyRef() bool {
	fixed := func(f *actionlint.WebhookEventFilter) bool {
		return !slices.ContainsFunc(f.Values, func(s *actionlint.String) bool { return strings.ContainsAny(s.Value, "*?[!+") })
	}
	for _, e := range c.On {
		hook, ok := e.(*actionlint.WebhookEvent)
		if !ok || holds(condition(c.job.If), hook.EventName()) == no {
			continue
		}
		switch hook.EventName() {
		case "create":
			return true
		case "push":
			if hook.Branches.IsEmpty() && hook.Tags.IsEmpty() ||
				!hook.Branches.IsEmpty() && !fixed(hook.Branches) || !hook.Tags.IsEmpty() && !fixed(hook.Tags) {
				return true
			}
		}
	}
	return false
}

// env returns the value of a variable, or nil. The step overrides the job, and the job
// overrides the workflow.
func (c scope) env(name string) string {
	for _, e := range []*actionlint.Env{c.stepEnv(), c.job.Env, c.Env} {
		if e == nil {
			continue
		}
		if v := e.Vars[strings.ToLower(name)]; v != nil {
			return value(v.Value)
		}
	}
	return ""
}
