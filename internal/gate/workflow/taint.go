package workflow

import (
	"path"
	"regexp"
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
	answer.body *1changes.head.ref.from *1changes.ref.from *1changes.base.ref.from
	head_commit.message *1head_commit.author.email *1head_commit.author.name *1head_commit.committer.email *1head_commit.committer.name
	merge_group.head_commit.message *1merge_group.head_commit.author.email *1merge_group.head_commit.author.name
	*1merge_group.head_commit.committer.email *1merge_group.head_commit.committer.name
	*1check_suite.head_commit.author.email *1check_suite.head_commit.author.name
	*1workflow_run.head_branch *1workflow_run.display_title workflow_run.head_commit.message
	*1workflow_run.head_commit.author.email *1workflow_run.head_commit.author.name *1workflow_run.path
	*1workflow_run.head_commit.committer.email *1workflow_run.head_commit.committer.name
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
	"8bitjonny/gh-get-current-pr":           {"pr", "pr_title", "pr_body", "pr_head_ref"},
	"jwalton/gh-find-current-pr":            {"title", "body"},
	"stefanbuck/github-issue-parser":        {"jsonstring"}, // and issueparser_*
	"peter-murray/issue-forms-body-parser":  {"payload"},
	"issue-ops/parser":                      {"json"},
	"tj-actions/branch-names":               {"current_branch", "head_ref_branch", "ref_branch"},
	"tim-actions/get-pr-commits":            {"commits"},
	"octokit/request-action":                {"data"},
}

// fileOutputs lists the outputs of actions that pass on names of files, which the author
// of a pull request chooses. The input, if it is not "false", makes the action escape
// them.
var fileOutputs = map[string]string{
	"tj-actions/changed-files": "safe_output",
	"dorny/paths-filter":       "",
}

var changedFiles = regexp.MustCompile(`^(?:all_|any_|other_|only_)?(?:\w+_)?(?:changed|modified|added|deleted|renamed|copied|unmerged|unknown|type_changed)(?:_and_\w+)?_files$|^(?:\w+_)?(?:all_old_new_renamed|modified|changed)_keys$|_files$`)

// passesOn reports whether an output of the step is what an outsider wrote.
func passesOn(s *actionlint.Step, output string) bool {
	name := actionName(s)
	if escape, ok := fileOutputs[name]; ok && changedFiles.MatchString(output) {
		return escape != "" && value(input(s, escape)) == "false" || escape == "" && value(input(s, "list-files")) == "csv"
	}
	if name == "octokit/request-action" {
		return output == "data" && strings.Contains(value(input(s, "route")), "/pulls/")
	}
	return slices.ContainsFunc(outsiderOutputs[name], func(o string) bool { return matches(output, o) }) || name == "stefanbuck/github-issue-parser" && strings.HasPrefix(output, "issueparser_")
}

// matches reports whether a name is meant by a pattern, which is a name or "*".
func matches(pattern, name string) bool { return pattern == "*" || strings.EqualFold(pattern, name) }

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

// output returns the step or job and the output that a read means, where "*" is any.
func (r read) output() (id, output string, ok bool) {
	parts := append(slices.Clone(r.path[1:]), "*", "*", "*")[:3]
	ok = len(r.path) == 4 || r.whole && len(r.path) < 4
	return parts[0], parts[2], ok && (parts[1] == "outputs" || parts[1] == "*")
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
