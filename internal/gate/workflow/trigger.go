package workflow

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// checkoutEvents are the privileged events about a pull request, whose code a step may
// check out.
var checkoutEvents = []string{"pull_request_target", "workflow_run", "issue_comment"}

// dangerousTrigger reports a step that checks out the code of a pull request in a
// workflow with the base repository's token and secrets: the author of the pull
// request can then run code with them.
func dangerousTrigger(w *File) []report.Finding {
	var out []report.Finding
	for _, p := range w.paths(nil) {
		for _, j := range w.jobs() {
			taken := map[string]int{} // folder of untrusted code → line of its checkout
			for _, s := range j.Steps {
				events := w.codeEvents(j, s, p)
				if len(events) == 0 {
					continue
				}
				if f, ok := w.localAction(s, taken); ok {
					out = append(out, f)
				}
				c := scope{File: w, job: j, step: s, from: p}
				at, sev := c.checkout()
				if sev == "" {
					if c.takesInside() {
						taken["."] = s.Pos.Line
					}
					continue
				}
				taken[path.Clean(value(input(s, "path")))] = at.Line
				later := ""
				if p == nil && len(w.privileged(j, s)) == 0 {
					later = ": only members can start it, but the author can push other code after they do"
				}
				out = append(out, report.Finding{
					Rule: "dangerous-trigger", Severity: sev, At: at,
					Message: fmt.Sprintf("%s runs with the base repository's token and secrets, and this step may check out the code of a pull request%s%s", strings.Join(events, ", "), later, p.trail()),
					Fix:     "use on: pull_request, or handle that code in a separate workflow with permissions: {} and without secrets",
				})
			}
		}
	}
	return append(worstOnly(out), foreignArtifact(w)...)
}

// worstOnly keeps the most severe finding of each place. A file that is called by
// several others is evaluated for each of them.
func worstOnly(all []report.Finding) []report.Finding {
	var out []report.Finding
	for _, f := range all {
		i := slices.IndexFunc(out, func(o report.Finding) bool { return o.Rule == f.Rule && o.At == f.At })
		switch {
		case i < 0:
			out = append(out, f)
		case !out[i].Severity.AtLeast(f.Severity):
			out[i] = f
		}
	}
	return out
}

// localAction reports a step that runs an action from a checkout of untrusted code.
func (w *File) localAction(s *actionlint.Step, taken map[string]int) (report.Finding, bool) {
	a, ok := s.Exec.(*actionlint.ExecAction)
	if !ok || !strings.HasPrefix(value(a.Uses), "./") {
		return report.Finding{}, false
	}
	for folder, line := range taken {
		name := path.Clean(a.Uses.Value)
		if !inFolder(name, folder) {
			continue
		}
		return report.Finding{
			Rule: "dangerous-trigger", Severity: report.High, At: w.at(a.Uses.Pos),
			Message: fmt.Sprintf("%s comes from the code that line %d checks out: the author of the pull request can change it", a.Uses.Value, line),
			Fix:     "use the action from the workflow's own commit: uses: $/" + name,
		}, true
	}
	return report.Finding{}, false
}

var (
	// heads are contexts that identify the code of a pull request.
	heads = []string{
		"github.head_ref", "github.event.number", "github.event.pull_request.number", "github.event.issue.number",
		"github.event.pull_request.merge_commit_sha", "github.event.pull_request.head.sha", "github.event.pull_request.head.ref",
		"github.event.pull_request.head.label", "github.event.pull_request.head.repo.*", "github.event.workflow_run.head_sha",
		"github.event.workflow_run.head_branch", "github.event.workflow_run.head_commit.id", "github.event.workflow_run.head_repository.*",
		"github.event.workflow_run.head_repository.owner.login", "github.event.pull_request.head.repo.owner.login",
		"github.event.workflow_run.pull_requests.*.head.sha", "github.event.workflow_run.pull_requests.*.head.ref",
		"github.event.workflow_run.pull_requests.*.number", "github.event.comment.body",
	}
	pullRef = regexp.MustCompile(`(?:^|/)pull/(?:\d|\$)`)
	ghPR    = regexp.MustCompile(`\b(?:gh|hub)\b[^|;&]*\bpr\s+checkout\b`)
	gitTake = regexp.MustCompile(`\bgit\b.*\b(?:fetch|pull|clone|checkout|switch|merge|worktree|reset)\b`)
	gitPull = regexp.MustCompile(`\bpull/(?:\d|\$|["'])`)
	ghApply = regexp.MustCompile(`\bgh\s+pr\s+diff\b.*\|\s*(?:git\s+(?:apply|am)|patch)\b`)
	apiHead = regexp.MustCompile(`headRefOid|headRefName|headRepository|\bhead\.(?:sha|ref|repo)\b|\bhead_sha\b|\bhead_branch\b|\.head\b|refs/pull/|merge_commit_sha|potentialMergeCommit`)
	printed = regexp.MustCompile(`^\s*(?:#|//|echo\b|printf\b)`)
)

// checkout returns where the step fetches code that is not from the base repository.
// The severity is medium if the origin of the code is unknown.
func (c scope) checkout() (report.Location, report.Severity) {
	w, s := c.File, c.step
	if run := script(s); run != nil {
		offset := 0
		for line := range strings.Lines(run.Value) {
			start := offset
			offset += len(line)
			if c.takes(line) {
				return w.within(run, start), report.High
			}
		}
		return report.Location{}, ""
	}
	if !strings.HasSuffix(actionName(s), "/checkout") {
		return report.Location{}, ""
	}
	other := value(input(s, "repository")) // a literal is not a fork
	for _, key := range []string{"repository", "ref"} {
		in := input(s, key)
		switch sev := c.foreign(value(in)); {
		case sev == report.High, sev == report.Medium && (key == "repository" || other == ""):
			return w.within(in, 0), sev
		}
	}
	return report.Location{}, ""
}

// takes reports whether a line of a script fetches the code of a pull request.
func (c scope) takes(line string) bool {
	switch {
	case printed.MatchString(line):
		return false
	case ghPR.MatchString(line), ghApply.MatchString(line):
		return true
	case !gitTake.MatchString(line):
		return false
	case strings.Contains(line, "refs/pull/") || gitPull.MatchString(line) || c.foreign(line) == report.High:
		return true
	}
	return slices.ContainsFunc(variable.FindAllStringSubmatch(line, -1), func(m []string) bool {
		name := strings.Join(m[1:], "")
		return name == "GITHUB_HEAD_REF" || c.foreign(c.env(name)) == report.High && !c.number(c.env(name))
	})
}

// number reports whether a value is only the number of a pull request. A number alone
// does not fetch code.
func (c scope) number(s string) bool {
	p := placeholders(s)
	return len(p) == 1 && strings.HasSuffix(strings.TrimRight(p[0].text, " }"), "number")
}

// foreign returns high for a ref or repository of a pull request, medium if the value
// is known only at run time, and "" for the base repository.
func (c scope) foreign(s string) report.Severity {
	if strings.Contains(s, "refs/pull/") || pullRef.MatchString(s) {
		return report.High
	}
	var sev report.Severity
	if c.depth++; c.depth > maxTaintDepth || *c.budget < 0 {
		return report.Medium
	}
	*c.budget--
	for _, p := range placeholders(s) {
		for _, r := range reads(p.node, false) {
			switch found := c.foreignRead(r); {
			case found == report.High:
				return found
			case found != "":
				sev = found
			}
		}
	}
	return sev
}

func (c scope) foreignRead(r read) report.Severity {
	if slices.ContainsFunc(heads, r.matches) {
		return report.High
	}
	switch r.path[0] {
	case "env":
		if len(r.path) == 2 {
			return c.foreign(c.env(r.path[1]))
		}
	case "inputs":
		if c.from != nil && len(r.path) == 2 && c.from.inputs[r.path[1]] != nil {
			from := c.from.scope
			from.depth = c.depth
			return from.foreign(value(c.from.inputs[r.path[1]]))
		}
	case "steps":
		if len(r.path) == 4 {
			return c.stepForeign(r.path[1], r.path[3])
		}
		return report.Medium
	case "needs":
		if len(r.path) == 4 && c.Jobs[r.path[1]] != nil && c.Jobs[r.path[1]].Outputs[r.path[3]] != nil {
			j := c.Jobs[r.path[1]]
			return scope{c.File, j, nil, c.depth, c.from}.foreign(value(j.Outputs[r.path[3]].Value))
		}
		return report.Medium
	}
	return ""
}
