package workflow

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var (
	// heads are contexts that identify the code of a pull request.
	heads = []string{
		"github.event.number", "github.event.pull_request.number", "github.event.issue.number",
		"github.event.pull_request.merge_commit_sha", "github.event.pull_request.head.sha", "github.event.pull_request.head.repo.*", "github.event.workflow_run.head_sha",
		"github.event.workflow_run.head_commit.id", "github.event.workflow_run.head_repository.*",
		"github.event.workflow_run.head_repository.owner.login", "github.event.pull_request.head.repo.owner.login",
		"github.event.workflow_run.pull_requests.*.head.sha",
		"github.event.workflow_run.pull_requests.*.number", "github.event.comment.body",
		"github.event.after", "github.event.check_run.head_sha", "github.event.check_suite.head_sha", "github.event.check_suite.head_commit.id",
		"github.event.check_run.pull_requests.*.head.sha", "github.event.check_suite.pull_requests.*.head.sha", "github.event.check_run.check_suite.head_sha",
		"github.event.client_payload.pull_request.head.sha", "github.event.client_payload.pull_request.head.repo.*", "github.event.client_payload.pull_request.number",
		"github.event.client_payload.pull_request.merge_commit_sha", "github.event.client_payload.github.payload.issue.number",
	}
	// headNames are contexts with the name of a branch. In the base repository such a name
	// is a branch of its own: GitHub refuses branches that begin with refs/ or look like a
	// commit.
	headNames = []string{
		"github.head_ref", "github.event.pull_request.head.ref", "github.event.pull_request.head.label", "github.event.workflow_run.head_branch",
		"github.event.workflow_run.pull_requests.*.head.ref", "github.event.check_suite.head_branch", "github.event.check_run.check_suite.head_branch",
		"github.event.client_payload.pull_request.head.ref",
	}
	pullRef = regexp.MustCompile(`(?:^|/)pull/(?:\d|\$)`)
	ghPR    = regexp.MustCompile(`\b(?:gh|hub)\b[^|;&]*\bpr\s+checkout\b`)
	gitTake = regexp.MustCompile(`\bgit\b.*\b(?:fetch|pull|clone|checkout|switch|merge|worktree|reset)\b`)
	gitPull = regexp.MustCompile(`\bpull/(?:\d|\$|["'])`)
	ghApply = regexp.MustCompile(`\bgh\s+pr\s+diff\b.*\|\s*(?:git\s+(?:apply|am)|patch)\b`)
	apiHead = regexp.MustCompile(`headRefOid|headRepository|\bhead\.(?:sha|repo)\b|\bhead_sha\b|\.head\b|refs/pull/|merge_commit_sha|potentialMergeCommit`)
	// trustedRef matches what names the base of a pull request.
	trustedRef = regexp.MustCompile(`base\.(?:sha|ref)\b|baseRef|base_ref|default_branch|github\.sha|GITHUB_SHA`)
	fetchOnly  = regexp.MustCompile(`\bgit\b[^|;&]*\bfetch\b`)
	intoTree   = regexp.MustCompile(`\bgit\s+(?:-[cC]\s+\S+\s+|--\S+\s+)*(?:checkout|switch|merge|reset|worktree|pull|rebase|cherry-pick|restore|read-tree|archive|am|apply)(?:\s|$)`)
	fixedHead  = regexp.MustCompile(`head\.sha|head_sha|merge_commit_sha|head_commit\.id`)
	printed    = regexp.MustCompile(`^\s*(?:#|//|echo\b|printf\b)`)
)

// checkout returns where the step fetches code that is not from the base repository.
// The severity is medium if the origin of the code is unknown.
func (c scope) checkout() (report.Location, report.Severity) {
	w, s := c.File, c.step
	if sh := c.runShell(); sh != nil {
		at, sev := sh.takesCode()
		if sev == "" {
			return report.Location{}, ""
		}
		return w.within(script(s), at), c.guarded(sev, "")
	}
	if run := script(s); run != nil {
		offset := 0
		for line := range strings.Lines(run.Value) {
			start := offset
			offset += len(line)
			sev := c.takes(line)
			if sev == "" {
				continue
			}
			if fetchOnly.MatchString(line) && !intoTree.MatchString(line) && !c.intoTree(run.Value[start:]) {
				sev = report.Medium // its files are not in the working tree
			}
			return w.within(run, start), c.guarded(sev, "")
		}
		return report.Location{}, ""
	}
	if at, sev := c.codeInput(); sev != "" {
		return at, sev
	}
	if !strings.HasSuffix(actionName(s), "/checkout") {
		return report.Location{}, ""
	}
	other := value(input(s, "repository")) // a literal is not a fork
	var at report.Location
	var worst report.Severity
	for _, key := range []string{"repository", "ref"} {
		in := input(s, key)
		if in == nil {
			continue
		}
		sev := c.foreign(in.Value)
		if key == "repository" && c.forkOf(in.Value) {
			sev = report.High
		}
		if sev == report.High || sev == report.Medium && worst == "" && (key == "repository" || other == "") {
			if sev = c.guarded(sev, in.Value); worst != report.High {
				at, worst = w.within(in, 0), sev
			}
		}
	}
	return at, worst
}

// intoTree reports whether the rest of a script, or a later step, takes something that
// was fetched into the working tree.
func (c scope) intoTree(rest string) bool {
	after := false
	for _, s := range c.job.Steps {
		if after {
			rest += "\n" + value(script(s))
		}
		after = after || s == c.step
	}
	return intoTree.MatchString(rest)
}

// guarded lowers a severity if something else protects the step: a commit that is fixed
// by the event and someone who sees it before; files that are not code; or a check that
// nothing was pushed after a comment.
func (c scope) guarded(sev report.Severity, ref string) report.Severity {
	sparse := value(input(c.step, "sparse-checkout"))
	switch {
	case sev != report.High:
	case fixedHead.MatchString(ref) && c.reviewed():
		return report.Medium
	case sparse != "" && !slices.ContainsFunc(strings.Fields(sparse), func(p string) bool { return strings.ContainsAny(p, "*!") || path.Clean(p) == "." || p == "/" }):
		return report.Medium
	default:
		for _, s := range c.job.Steps {
			if s == c.step {
				break
			}
			if strings.Contains(value(script(s))+value(input(s, "script")), "pushed_at") {
				return report.Medium
			}
		}
	}
	return sev
}

// takes returns high if a line of a script fetches the code of a pull request, medium
// if it fetches a branch by the name that the pull request gives, and "" otherwise.
func (c scope) takes(line string) report.Severity {
	switch {
	case printed.MatchString(line):
		return ""
	case ghPR.MatchString(line), ghApply.MatchString(line):
		return report.High
	case !gitTake.MatchString(line):
		return ""
	case strings.Contains(line, "refs/pull/") || gitPull.MatchString(line):
		return report.High
	}
	sev := c.foreign(line)
	if sev == report.Medium && !c.namesBranch(line) {
		sev = "" // something else that is known only at run time
	}
	for _, m := range variable.FindAllStringSubmatch(line, -1) {
		name := strings.Join(m[1:], "")
		text := c.env(name)
		switch found := c.foreign(text); {
		case found == report.High && !c.number(text):
			return found
		case name == "GITHUB_HEAD_REF", found == report.Medium && c.namesBranch(text):
			sev = cmp.Or(sev, report.Medium)
		}
	}
	return sev
}

// namesBranch reports whether an expression in a text is the name of a pull request's
// branch.
func (c scope) namesBranch(text string) bool {
	return slices.ContainsFunc(placeholders(text), func(p placeholder) bool {
		return slices.ContainsFunc(reads(p.node, false), func(r read) bool { return slices.ContainsFunc(headNames, r.matches) })
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
	// On a push, this is a commit of the base.
	if r.matches("github.event.after") && c.kind == workflow && !slices.ContainsFunc(c.On, func(e actionlint.Event) bool { return e.EventName() == "pull_request_target" }) {
		return ""
	}
	if slices.ContainsFunc(heads, r.matches) {
		return report.High
	}
	if slices.ContainsFunc(headNames, r.matches) {
		return report.Medium
	}
	switch r.path[0] {
	case "env":
		if len(r.path) == 2 && c.env(r.path[1]) == "" {
			return c.envForeign(r.path[1])
		}
		if len(r.path) == 2 {
			return c.foreign(c.env(r.path[1]))
		}
	case "inputs":
		if len(r.path) != 2 {
			return ""
		}
		if c.from == nil || c.from.inputs[r.path[1]] == nil {
			return c.foreign(c.defaults[r.path[1]])
		}
		if c.from != nil {
			from := c.from.scope
			from.depth = c.depth
			return from.foreign(value(c.from.inputs[r.path[1]]))
		}
	case "steps":
		if len(r.path) == 4 {
			return c.stepForeign(r.path[1], r.path[3])
		}
		return report.Medium
	case "matrix":
		return c.matrixForeign(r)
	case "needs", "jobs":
		if len(r.path) == 4 && c.Jobs[r.path[1]] != nil {
			for _, in := range (scope{c.File, c.Jobs[r.path[1]], nil, c.depth + 1, c.from}).inside() {
				return in.foreign(in.outputs[r.path[3]])
			}
		}
		if len(r.path) == 4 && c.Jobs[r.path[1]] != nil && c.Jobs[r.path[1]].Outputs[r.path[3]] != nil {
			j := c.Jobs[r.path[1]]
			return scope{c.File, j, nil, c.depth, c.from}.foreign(value(j.Outputs[r.path[3]].Value))
		}
		return report.Medium
	}
	return ""
}
