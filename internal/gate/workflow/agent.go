package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// agent is an action that gives a task to a language model which may use tools.
type agent struct {
	// anyone names the input that lets people without write access start the agent. ""
	// means that the action does not check who started it.
	anyone string
	// output is what the model answers, if the action passes it on.
	output []string
}

// agents lists such actions. Those with a check of their own fail for an event that
// someone without write access caused.
var agents = map[string]agent{
	"anthropics/claude-code-action":        {anyone: "allowed_non_write_users"},
	"anthropics/claude-code-base-action":   {},
	"openai/codex-action":                  {anyone: "allow-users", output: []string{"final-message"}},
	"google-github-actions/run-gemini-cli": {output: []string{"summary"}},
	"google-gemini/gemini-cli-action":      {output: []string{"summary"}},
	"sst/opencode/github":                  {anyone: "-"},
	"anomalyco/opencode/github":            {anyone: "-"},
	"actions/ai-inference":                 {output: []string{"response", "response-file"}},
	"augmentcode/augment-agent":            {},
	"block/goose-action":                   {},
	"all-hands-ai/openhands-resolver":      {},
}

var (
	agentCommand = regexp.MustCompile(`(?m)^[^#\n]*?(?:^|[\s;&|(])(?:npx\s+(?:-\S+\s+)*(?:@anthropic-ai/claude-code|@openai/codex|@google/gemini-cli)(?:@\S+)?|claude\s+(?:[^|\n]*\s)?(?:-p\b|--print\b)|codex\s+(?:-\S+\s+)*exec\b|gemini\s+(?:[^|\n]*\s)?(?:-p\b|--prompt\b|-y\b|--yolo\b)|opencode\s+run\b|cursor-agent\s+(?:[^|\n]*\s)?(?:-p\b|--print\b)|copilot\s+(?:[^|\n]*\s)?(?:-p\b|--prompt\b)|aider\s+(?:[^|\n]*\s)?(?:-m\b|--message\b)|goose\s+run\b|amp\s+(?:[^|\n]*\s)?-x\b)`)
	agentTools   = regexp.MustCompile(`\bBash(?:\(\s*:?\*?\s*\)|["',\s\]]|$)|\bBash\((?:git|gh|npm|npx|node|python3?|pip|curl|make|sh|bash)\b[^)]*\*\)|--dangerously-\S+|bypassPermissions|--yolo\b|(?:^|\s)-y\b|--approval-mode[= ]yolo|--full-auto|danger-full-access|unsafe_run|--allow-all-tools|run_shell_command(?:\(\s*\))?(?:["',\s\]]|$)|--yes-always`)
	forGitHub    = regexp.MustCompile(`\bgh\b|(?i:github)`)
	toolInputs   = regexp.MustCompile(`tool|setting|args|flag|approval|sandbox|yolo|config|permission|mode`)
)

// agentUntrustedInput reports an agent that reads text of outsiders and can act: with
// write permission or with a shell. The text can contain instructions, which the model
// may follow.
func agentUntrustedInput(w *File) []report.Finding {
	var out []report.Finding
	w.steps(func(j *actionlint.Job, s *actionlint.Step) {
		a, name, ok := agentOf(s)
		events := w.privileged(j, s)
		if !ok || len(events) == 0 {
			return
		}
		from := worst((scope{File: w, job: j, step: s}).agentInput())
		open := a.anyone == "" || opened(s, a.anyone)
		switch {
		case from.severity != report.High && (!open || !w.readsItself(s)):
			return // nothing of an outsider reaches the model, as far as can be seen
		case from.severity != report.High:
			from.name = "the text of the event"
		}
		can := w.agentRights(j, s)
		if len(can) == 0 {
			return
		}
		sev := report.High
		if !open || !slices.ContainsFunc(can, decisive) {
			sev = report.Medium
		}
		at := s.Pos
		if exec, ok := s.Exec.(*actionlint.ExecAction); ok {
			at = exec.Uses.Pos
		}
		out = append(out, report.Finding{
			Rule: "agent-untrusted-input", Severity: sev, At: w.at(at),
			Message: fmt.Sprintf("%s reads %s on %s, which anyone can write, and has %s: instructions in that text can make the model use them",
				name, from.name, strings.Join(events, ", "), strings.Join(can, ", ")),
			Fix: "run the agent with permissions: {contents: read} and without a shell, let a second job check its answer before it acts, or accept members only: if: github.event.issue.author_association == 'MEMBER'",
		})
	})
	return out
}

// agentOf returns the agent that a step runs, and how to name it.
func agentOf(s *actionlint.Step) (agent, string, bool) {
	if a, ok := agents[actionName(s)]; ok {
		// A plain request to a model has no tools unless they are switched on.
		if actionName(s) == "actions/ai-inference" && value(input(s, "enable-github-mcp")) != "true" {
			return a, "", false
		}
		return a, actionName(s), true
	}
	if m := agentCommand.FindString(value(script(s))); m != "" && !printed.MatchString(m) {
		fields := strings.Fields(m)
		return agent{}, "the agent (" + short(fields[max(0, len(fields)-2)]) + ")", true
	}
	return agent{}, "", false
}

// opened reports whether an input lets people without write access start an agent.
func opened(s *actionlint.Step, key string) bool {
	v := value(input(s, key))
	return strings.Contains(v, "*") || strings.Contains(v, "${{")
}

// readsItself reports whether an agent fetches the text of the event without being
// given it: it has a shell or a tool for GitHub.
func (w *File) readsItself(s *actionlint.Step) bool {
	return actionName(s) == "anthropics/claude-code-action" || agentTools.MatchString(agentText(s)) && forGitHub.MatchString(agentText(s))
}

// agentText returns what configures the tools of an agent: the command, or the inputs
// of an action that are about tools.
func agentText(s *actionlint.Step) string {
	var b strings.Builder
	for _, line := range agentCommand.FindAllStringIndex(value(script(s)), -1) {
		rest := value(script(s))[line[0]:]
		end := strings.Index(strings.ReplaceAll(rest[line[1]-line[0]:], "\\\n", "  "), "\n")
		if end >= 0 {
			rest = rest[:line[1]-line[0]+end]
		}
		b.WriteString(rest + "\n")
	}
	if a, ok := s.Exec.(*actionlint.ExecAction); ok {
		for _, key := range sorted(a.Inputs) {
			if toolInputs.MatchString(key) {
				b.WriteString("\n" + value(a.Inputs[key].Value))
			}
		}
	}
	return b.String()
}

// agentInput returns the taints of what a step passes to a model.
func (c scope) agentInput() []taint {
	var out []taint
	add := func(s *actionlint.String) { out = append(out, c.taints(value(s))...) }
	add(script(c.step))
	if a, ok := c.step.Exec.(*actionlint.ExecAction); ok {
		for _, key := range sorted(a.Inputs) {
			add(a.Inputs[key].Value)
		}
	}
	for _, e := range []*actionlint.Env{c.step.Env, c.job.Env, c.Env} {
		if e == nil {
			continue
		}
		for _, key := range sorted(e.Vars) {
			add(e.Vars[key].Value)
		}
	}
	return out
}

// agentRights lists what an agent can do beyond reading: the write permissions of the
// job, and a shell.
func (w *File) agentRights(j *actionlint.Job, s *actionlint.Step) []string {
	var out []string
	p := j.Permissions
	if p == nil {
		p = w.Permissions
	}
	switch {
	case p == nil:
	case value(p.All) == "write-all":
		out = append(out, "write-all")
	default:
		for _, name := range sorted(p.Scopes) {
			if v := p.Scopes[name]; v != nil && value(v.Value) == "write" && name != "id-token" && name != "models" {
				out = append(out, name+": write")
			}
		}
	}
	if agentTools.MatchString(agentText(s)) {
		out = append(out, "a shell")
	}
	return out
}

// decisive reports whether a right reaches code, releases or secrets, and not only
// labels and comments.
func decisive(right string) bool {
	return !slices.Contains([]string{"issues: write", "pull-requests: write", "discussions: write", "checks: write", "statuses: write"}, right)
}

const throughModel = "anyone, through the model,"

// modelAnswer returns the taint of what a model answers to a text of outsiders.
func (c scope) modelAnswer(output, name string) []taint {
	a, ok := agents[actionName(c.step)]
	if !ok || !slices.Contains(a.output, output) {
		return nil
	}
	if t := worst(c.agentInput()); t.severity == report.High {
		return []taint{{report.High, name, throughModel, false}}
	}
	return nil
}
