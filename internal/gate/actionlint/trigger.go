package actionlint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// dangerousTrigger reports a step that checks out the code of a pull request in a
// workflow that runs with the token and the secrets of the base: whoever opens the
// pull request then runs code with them.
func dangerousTrigger(w workflow) []report.Finding {
	event := ""
	for _, e := range w.On {
		if name := e.EventName(); name == "pull_request_target" || name == "workflow_run" {
			event = name
		}
	}
	if event == "" {
		return nil
	}
	var out []report.Finding
	for _, j := range w.jobs() {
		for _, s := range j.Steps {
			at := checkout(s)
			if at == nil {
				continue
			}
			out = append(out, report.Finding{
				Rule: "dangerous-trigger", Severity: report.High, At: w.at(at),
				Message: fmt.Sprintf("%s runs with the token and secrets of the base, and this step checks out code that may be of a pull request", event),
				Fix:     "use the event pull_request, or keep what touches that code in a workflow without secrets and without write permission",
			})
		}
	}
	return out
}

var (
	expression = regexp.MustCompile(`\$\{\{(.*?)\}\}`)
	// base are expressions that name no code of a pull request under these events.
	base = regexp.MustCompile(`^github\.(?:sha|ref|ref_name|base_ref|repository|workflow_sha|workflow_ref|` +
		`event\.repository\.(?:default_branch|full_name)|event\.pull_request\.base\.(?:sha|ref|repo\.full_name))$`)
	fetch = regexp.MustCompile(`gh pr checkout|(?m:^.*\bgit\b.*(?:refs/pull/|\bpull/|pull_request\.head\.|workflow_run\.head_|github\.head_ref).*$)`)
)

// checkout is where the step takes code that is not provably of the base.
func checkout(s *actionlint.Step) *actionlint.Pos {
	switch e := s.Exec.(type) {
	case *actionlint.ExecAction:
		name, _, _ := strings.Cut(value(e.Uses), "@")
		if !strings.HasSuffix(strings.ToLower(name), "/checkout") {
			return nil
		}
		for _, key := range []string{"ref", "repository"} {
			if in := e.Inputs[key]; in != nil && foreign(value(in.Value)) {
				return in.Value.Pos
			}
		}
	case *actionlint.ExecRun:
		if fetch.MatchString(value(e.Run)) {
			return e.Run.Pos
		}
	}
	return nil
}

func foreign(ref string) bool {
	for _, e := range expression.FindAllStringSubmatch(ref, -1) {
		if !base.MatchString(strings.TrimSpace(e[1])) {
			return true
		}
	}
	return strings.Contains(ref, "refs/pull/")
}

func value(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}
