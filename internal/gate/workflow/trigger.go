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

// quietEvents are events without a pull request, by which a workflow may still look for
// the code of pull requests: of a list, or as the payload names it.
var quietEvents = []string{"schedule", "repository_dispatch", "check_run", "check_suite"}

var (
	asksFor = regexp.MustCompile(`\bpr\s+checkout\b|\bpull/|github\.event\.(?:check_run|check_suite|client_payload)\b|headRefOid`)
	eventOf = regexp.MustCompile(`github\.(?:head_ref|event\.(?:number|pull_request|issue|workflow_run|after))\b`)
)

// asksForCode reports whether a step looks for the code of a pull request by itself. What
// only other events carry is empty on a quiet event.
func asksForCode(j *actionlint.Job, s *actionlint.Step) bool {
	text := program(s)
	if a, ok := s.Exec.(*actionlint.ExecAction); ok {
		for _, key := range sorted(a.Inputs) {
			text += "\n" + value(a.Inputs[key].Value)
		}
	}
	for _, e := range []*actionlint.Env{s.Env, j.Env} {
		if e != nil {
			for _, key := range sorted(e.Vars) {
				text += "\n" + value(e.Vars[key].Value)
			}
		}
	}
	return asksFor.MatchString(text) && !eventOf.MatchString(text)
}

// dangerousTrigger reports a step that checks out the code of a pull request in a
// workflow with the base repository's token and secrets: the author of the pull
// request can then run code with them.
func dangerousTrigger(w *File) []report.Finding {
	var out []report.Finding
	for _, p := range w.ways() {
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
				quiet := !slices.ContainsFunc(events, func(e string) bool { return slices.Contains(checkoutEvents, e) })
				if quiet {
					if sev != report.High || !asksForCode(j, s) {
						continue
					}
					sev = report.Medium
				} else {
					events = slices.DeleteFunc(events, func(e string) bool { return slices.Contains(quietEvents, e) })
				}
				later := ""
				if !quiet && p == nil && len(w.privileged(j, s)) == 0 {
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
