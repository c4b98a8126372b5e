package workflow

import (
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// outsiderText lists properties of github.event that anyone can write. Those that hold
// a single line are marked with *1. Numbers, ids, hashes and names that GitHub
// restricts are not listed.
var outsiderText = strings.Fields(`
	issue.body pull_request.body comment.body review.body review_comment.body discussion.body
	*1issue.title *1pull_request.title *1discussion.title *1changes.title.from changes.body.from
	*1pull_request.head.ref *1pull_request.head.label *1pull_request.head.repo.default_branch
	*1pull_request.head.repo.description *1pull_request.head.repo.homepage *1forkee.description *1forkee.default_branch
	*1pages.*.page_name *1pages.*.title pages.*.summary
	commits.*.message *1commits.*.author.email *1commits.*.author.name *1commits.*.committer.email *1commits.*.committer.name
	head_commit.message *1head_commit.author.email *1head_commit.author.name *1head_commit.committer.email *1head_commit.committer.name
	merge_group.head_commit.message *1merge_group.head_commit.author.email *1merge_group.head_commit.author.name
	*1workflow_run.head_branch *1workflow_run.display_title workflow_run.head_commit.message
	*1workflow_run.head_commit.author.email *1workflow_run.head_commit.author.name
	*1workflow_run.head_repository.description *1workflow_run.pull_requests.*.head.ref
	*1check_suite.head_branch check_suite.head_commit.message *1check_suite.pull_requests.*.head.ref
	*1check_run.check_suite.head_branch *1check_run.pull_requests.*.head.ref`)

// membersText lists properties of github.event that need a role in the repository.
var membersText = strings.Fields(`
	label.name issue.labels.*.name pull_request.labels.*.name
	milestone.title milestone.description issue.milestone.title pull_request.milestone.title
	release.name release.body release.tag_name deployment.payload deployment.description deployment.ref`)

// outsiderOutputs lists outputs of actions that pass on what outsiders write.
var outsiderOutputs = map[string][]string{
	"peter-evans/find-comment":              {"comment-body"},
	"khan/pull-request-comment-trigger":     {"comment_body"},
	"xt0rted/pull-request-comment-branch":   {"head_ref"},
	"alessbell/pull-request-comment-branch": {"head_ref"},
	"eficode/resolve-pr-refs":               {"head_ref"},
	"potiuk/get-workflow-origin":            {"sourceheadbranch"},
	"trilom/file-changes-action":            {"files", "files_added", "files_modified", "files_removed"},
	"jitterbit/get-changed-files":           {"all", "added", "modified", "removed", "renamed", "added_modified"},
}

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

const maxTaintDepth = 5 // levels of env, outputs and calls that are followed

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
		if r.matches("inputs.*") && !r.whole {
			return c.input(r.path[1], name)
		}
	case "env":
		if len(r.path) == 2 {
			return append(c.taints(c.env(r.path[1])), c.envWritten(r.path[1])...)
		}
	case "steps":
		if len(r.path) == 4 && r.path[2] == "outputs" {
			return c.stepOutput(r.path[1], r.path[3], name)
		}
	case "needs":
		if len(r.path) == 4 && r.path[2] == "outputs" {
			return c.jobOutput(r.path[1], r.path[3])
		}
	case "matrix":
		if len(r.path) > 1 {
			return c.matrix(r.path[1], name)
		}
	}
	return nil
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
		for _, t := range from.taints(value(call.inputs[id])) {
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
	all := []*actionlint.Env{nil, c.job.Env, c.Env}
	if c.step != nil {
		all[0] = c.step.Env
	}
	for _, e := range all {
		if e == nil {
			continue
		}
		if v := e.Vars[strings.ToLower(name)]; v != nil {
			return value(v.Value)
		}
	}
	return ""
}

func (c scope) stepOutput(id, output, name string) []taint {
	for _, s := range c.job.Steps {
		if !strings.EqualFold(value(s.ID), id) {
			continue
		}
		if slices.Contains(outsiderOutputs[actionName(s)], output) {
			return []taint{{report.High, name, "anyone", false}}
		}
		inner := scope{c.File, c.job, s, c.depth + 1, c.from}
		return append(inner.written(output), inner.modelAnswer(output, name)...)
	}
	return nil
}

func (c scope) jobOutput(id, output string) []taint {
	j := c.Jobs[id]
	if j == nil || j.Outputs[output] == nil {
		return nil
	}
	return scope{c.File, j, nil, c.depth, c.from}.taints(value(j.Outputs[output].Value))
}

// written returns the taints of what a step writes to one of its outputs.
func (c scope) written(output string) []taint {
	if c.depth > maxTaintDepth {
		return nil
	}
	var out []taint
	if run := script(c.step); run != nil {
		for _, w := range c.writes(run.Value) {
			text := strings.ToLower(w.lines)
			if w.file == "OUTPUT" && w.taint.name != "" && (strings.Contains(text, output+"=") || strings.Contains(text, output+"<<")) {
				out = append(out, w.taint)
			}
		}
	}
	return out
}
