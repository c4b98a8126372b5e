package workflow

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxPaths is how many ways to call one file are followed.
const maxPaths = 50

// ways lists the ways in which a file runs: nil for the events of a workflow itself,
// and each call of it by a workflow or an action of the repository.
func (w *File) ways() []*call {
	if w.paths == nil {
		w.paths = w.pathsBut(nil)
	}
	return w.paths
}

// pathsBut is ways without those through the files that were seen.
func (w *File) pathsBut(seen []*File) []*call {
	if slices.Contains(seen, w) || len(seen) > maxTaintDepth {
		return nil
	}
	var out []*call
	if w.kind == workflow {
		out = append(out, nil)
	}
	if _, called := w.FindWorkflowCallEvent(); !called && w.kind == workflow {
		return out
	}
	for _, c := range w.callers[target(w.Path)] {
		for _, from := range c.pathsBut(append(slices.Clone(seen), w)) {
			one := c
			one.from = from
			if out = append(out, &one); len(out) > maxPaths {
				return out
			}
		}
	}
	return out
}

// trail names the file that calls, for a message.
func (c *call) trail() string {
	if c == nil {
		return ""
	}
	for c.from != nil {
		c = c.from
	}
	return " (called by " + c.Path + ")"
}

// codeEvents lists the privileged events on which a step may handle code of an
// outsider, if it is called by p.
func (w *File) codeEvents(j *actionlint.Job, s *actionlint.Step, p *call) []string {
	return w.events(j, s, p, func(event string) string {
		switch {
		case !slices.Contains(checkoutEvents, event) && !slices.Contains(quietEvents, event) || s != nil && w.refuses(s, event):
			return ""
		case event == "issue_comment": // who comments decides when a job runs, not whose code it checks out
			return subject(event)
		}
		return event
	})
}

// unrecognized matches a ref that actions/checkout does not compare with the pull request.
var unrecognized = regexp.MustCompile(`\b(?:steps|needs)\.|(?:^|[\s'"])pull/`)

// refuses reports whether a step fails instead of checking out the code of a fork: from
// version 7 on, actions/checkout does on these events, if it recognizes the commit, the
// ref or the repository of the pull request.
func (w *File) refuses(s *actionlint.Step, event string) bool {
	a, ok := s.Exec.(*actionlint.ExecAction)
	unsafe := value(input(s, "allow-unsafe-pr-checkout"))
	return ok && actionName(s) == "actions/checkout" && !unrecognized.MatchString(value(input(s, "ref"))+" "+value(input(s, "repository"))) && (unsafe == "" || unsafe == "false") &&
		(event == "pull_request_target" || event == "workflow_run") && atLeast(w.version(a.Uses), "7")
}

// reviewed reports whether someone with a role in the repository sees a commit that the
// event fixes before the job starts: because of an environment, of the job or of one that
// it waits for, or because only a label starts the workflow.
func (c scope) reviewed() bool {
	if c.approved(c.job, 0) {
		return true
	}
	root := c.File
	for p := c.from; p != nil; p = p.from {
		if p.approved(p.job, 0) {
			return true
		}
		root = p.File
	}
	labels := false
	for _, e := range root.On {
		hook, ok := e.(*actionlint.WebhookEvent)
		name := e.EventName()
		if !slices.Contains(checkoutEvents, name) {
			continue
		}
		pushed := func(event string) string {
			if event == name {
				return event + unlabelled
			}
			return ""
		}
		labels = ok && name == "pull_request_target" && slices.ContainsFunc(hook.Types, func(t *actionlint.String) bool { return value(t) == "labeled" }) &&
			(len(hook.Types) == 1 || len(c.events(c.job, c.step, c.from, pushed)) == 0)
		if !labels {
			return false
		}
	}
	return labels
}

func (w *File) approved(j *actionlint.Job, depth int) bool {
	return j.Environment != nil || !runsAnyway(j) && depth < maxTaintDepth && slices.ContainsFunc(j.Needs, func(id *actionlint.String) bool {
		need := w.Jobs[strings.ToLower(value(id))]
		return need != nil && w.approved(need, depth+1)
	})
}

// takesInside reports whether a local action that the step runs checks out code of a
// pull request.
func (c scope) takesInside() bool {
	a, ok := c.step.Exec.(*actionlint.ExecAction)
	if !ok || !local(value(a.Uses)) || c.depth >= maxTaintDepth {
		return false
	}
	in := map[string]*actionlint.String{}
	for id, v := range a.Inputs {
		in[id] = v.Value
	}
	to := target(a.Uses.Value)
	for _, called := range c.called[to] {
		for _, j := range called.jobs() {
			for _, s := range j.Steps {
				inner := scope{File: called, job: j, step: s, depth: c.depth + 1, from: &call{c, in}}
				if _, sev := inner.checkout(); sev == report.High && value(input(s, "path")) == "" && !called.refuses(s, "pull_request_target") || inner.takesInside() {
					return true
				}
			}
		}
	}
	return false
}

// headOutputs lists the outputs of actions that identify the code of a pull request.
var headOutputs = map[string][]string{
	"xt0rted/pull-request-comment-branch":   {"head_ref", "head_sha", "head_owner", "head_repo"},
	"alessbell/pull-request-comment-branch": {"head_ref", "head_sha", "head_owner", "head_repo"},
	"khan/pull-request-comment-trigger":     {"ref"},
	"eficode/resolve-pr-refs":               {"head_ref", "head_sha"},
	"potiuk/get-workflow-origin":            {"sourceheadbranch", "sourceheadrepo", "sourceheadsha"},
	"github/branch-deploy":                  {"ref", "sha"},
	"8bitjonny/gh-get-current-pr":           {"pr_head_sha", "pr_head_ref"},
	"gotsunami/get-pull-request":            {"head_sha"},
}

// stepForeign is foreign for the output of a step: high if the step writes there what
// identifies the code of a pull request.
func (c scope) stepForeign(id, output string) report.Severity {
	for _, s := range c.job.Steps {
		if !strings.EqualFold(value(s.ID), id) {
			continue
		}
		inner := scope{c.File, c.job, s, c.depth + 1, c.from}
		text := value(script(s)) + value(input(s, "script"))
		switch {
		case slices.Contains(headOutputs[actionName(s)], output):
			return report.High
		case actionName(s) == "octokit/request-action" && strings.Contains(value(input(s, "route")), "/pulls/"):
			return report.High
		case text != "":
			return inner.namesHead(text, output)
		}
		for _, in := range inner.inside() {
			return in.foreign(in.outputs[output])
		}
	}
	return report.Medium
}

// namesHead returns high if a script sets an output to what names the head of a pull
// request, from an expression, a variable or the API; "" if to what names its base; and
// medium if that cannot be seen.
func (c scope) namesHead(script, output string) report.Severity {
	if s := c.runShell(); s != nil {
		return c.namesHeadIn(s.written(), output)
	}
	about := map[string]string{} // variable → the text that sets it
	known := report.Medium
	for line := range strings.Lines(script) {
		if commentLine.MatchString(line) {
			continue
		}
		lower := strings.ToLower(line)
		sets := strings.Contains(lower, output+"=") || strings.Contains(lower, output+"<<") || strings.Contains(lower, "name="+output+"::") ||
			(strings.Contains(lower, "setoutput") || strings.Contains(lower, "exportvariable")) && (strings.Contains(lower, "'"+output+"'") || strings.Contains(lower, `"`+output+`"`)) ||
			output == "result" && returns.MatchString(line)
		text := line
		for _, name := range word.FindAllString(line, -1) {
			text += about[name]
		}
		if len(text) > maxExpression {
			text = text[:maxExpression]
		}
		if m := assigns.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			if len(about[m[2]]) < maxExpression {
				about[m[2]] += text // a branch of the script may set it again
			}
		}
		switch {
		case !sets:
		case c.isHead(text):
			return report.High
		case trustedRef.MatchString(text):
			known = ""
		}
	}
	return known
}

// namesHeadIn is namesHead for what a script of the shell writes.
func (c scope) namesHeadIn(all []write, name string) report.Severity {
	known := report.Medium
	for _, w := range all {
		switch {
		case !w.sets(name):
		case c.codeOf(w.lines) == report.High:
			return report.High
		case trustedRef.MatchString(w.lines):
			known = ""
		}
	}
	return known
}

// returns matches the line by which a script of actions/github-script sets its output
// "result".
var returns = regexp.MustCompile(`^\s*return\s+\S`)

// envForeign is foreign for a variable that an earlier step of the job writes to
// GITHUB_ENV.
func (c scope) envForeign(name string) report.Severity {
	var sev report.Severity
	for _, s := range c.job.Steps {
		if s == c.step {
			break
		}
		text := value(script(s)) + value(input(s, "script"))
		if *c.budget--; *c.budget < 0 {
			return report.Medium
		}
		if !strings.Contains(text, "GITHUB_ENV") && !strings.Contains(text, "exportVariable") || !strings.Contains(strings.ToLower(text), name) {
			continue
		}
		sev = (scope{c.File, c.job, s, c.depth + 1, c.from}).namesHead(text, name)
	}
	return sev
}

// envWritten returns the taints of a variable that an earlier step of the job writes to
// GITHUB_ENV.
func (c scope) envWritten(name string) []taint {
	var out []taint
	if c.depth > maxTaintDepth {
		return nil
	}
	for _, s := range c.job.Steps {
		if s == c.step {
			break
		}
		text := program(s)
		if *c.budget--; *c.budget < 0 {
			return out
		}
		if !strings.Contains(text, "GITHUB_ENV") && !strings.Contains(text, "exportVariable") || !strings.Contains(strings.ToLower(text), name) {
			continue
		}
		for _, w := range (scope{c.File, c.job, s, c.depth + 1, c.from}).writes(text) {
			if w.file == "ENV" && w.taint.name != "" && w.sets(name) {
				out = append(out, w.taint)
			}
		}
	}
	return out
}

// isHead reports whether a text names the head of a pull request.
func (c scope) isHead(text string) bool {
	text = strings.ReplaceAll(text, "head.ref", "") // the name of a branch
	if apiHead.MatchString(text) || c.foreign(text) == report.High {
		return true
	}
	return slices.ContainsFunc(variable.FindAllStringSubmatch(text, -1), func(m []string) bool {
		name := strings.Join(m[1:], "")
		return c.foreign(c.env(name)) == report.High && !c.number(c.env(name))
	})
}

// inFolder reports whether a path is below a folder or is the folder itself.
func inFolder(name, folder string) bool {
	name = path.Clean(name)
	return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
}
