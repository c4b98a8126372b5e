package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// agent is an action or a command that gives a task to a language model which may use
// tools.
type agent struct {
	// anyone names the inputs that let people without write access start the agent. None
	// means that the action does not check who started it.
	anyone []string
	// output is what the model answers, if the action passes it on.
	output []string
	// shell is set if the agent may run any command unless its settings name the tools.
	shell bool
}

// agents lists such actions. Those with a check of their own fail for an event that
// someone without write access caused.
var agents = map[string]agent{
	"anthropics/claude-code-action":        {anyone: []string{"allowed_non_write_users"}, output: []string{"structured_output"}},
	"anthropics/claude-code-base-action":   {},
	"openai/codex-action":                  {anyone: []string{"allow-users"}, output: []string{"final-message"}},
	"google-github-actions/run-gemini-cli": {output: []string{"summary"}, shell: true}, // runs gemini --yolo
	"google-gemini/gemini-cli-action":      {output: []string{"summary"}, shell: true},
	"qwenlm/qwen-code-action":              {output: []string{"summary"}, shell: true},
	"sst/opencode/github":                  {anyone: []string{"-"}, shell: true},
	"anomalyco/opencode/github":            {anyone: []string{"-"}, shell: true},
	"actions/ai-inference":                 {output: []string{"response", "response-file"}},
	"augmentcode/augment-agent":            {shell: true},
	"block/goose-action":                   {shell: true},
	"all-hands-ai/openhands-resolver":      {shell: true},
}

var (
	agentCommand = regexp.MustCompile(`(?m)^[^#\n]*?(?:^|[\s;&|(])(?:(?:npx|bunx|pnpx|pnpm\s+dlx|yarn\s+dlx|bun\s+x|npm\s+exec)\s+(?:-\S+\s+)*(?:@anthropic-ai/claude-code|@openai/codex|@google/gemini-cli|@qwen-code/qwen-code|opencode-ai)(?:@\S+)?|` +
		`(?:claude|cursor-agent|auggie)\s+(?:[^|\n]*\s)?(?:-p\b|--print\b)|codex\s+(?:[^|;&\n]*\s)?exec\b|(?:gemini|qwen)\s+(?:[^|\n]*\s)?(?:-p\b|--prompt\b|-y\b|--yolo\b)|(?:opencode|goose|crush)\s+run\b|copilot\s+(?:[^|\n]*\s)?(?:-p\b|--prompt\b)|aider\s+(?:[^|\n]*\s)?(?:-m\b|--message\b)|amp\s+(?:[^|\n]*\s)?-x\b|droid\s+exec\b|(?:q|kiro-cli)\s+chat\s+(?:[^|\n]*\s)?--no-interactive\b)`)
	// openShell matches commands that may run any command unless their settings deny it.
	openShell  = regexp.MustCompile(`\b(?:opencode(?:-ai\S*)?|goose|crush)\s+run\b|\bcursor-agent\s`)
	agentTools = regexp.MustCompile(`\bBash(?:\(\s*:?\*?\s*\)|["',\s\]]|$)|\bBash\((?:git|gh|npm|npx|node|python3?|pip|curl|make|sh|bash)\b[^)]*\*\)|--dangerously-\S+|bypassPermissions|--yolo\b|(?:^|\s)-y\b|--approval-mode[= ]yolo|--full-auto|danger-full-access|unsafe_run|--allow-all-tools|--allow-tool[= ]["']?shell["'\s]|--trust-all-tools|--skip-permissions-unsafe|--auto[= ](?:medium|high)\b|run_shell_command(?:\(\s*\))?(?:["',\s\]]|$)|--yes-always`)
	// namesTools matches settings that limit an agent to some tools, or deny it a shell.
	namesTools = regexp.MustCompile(`(?i:core_?tools|"core"\s*:)|(?i:"exclude(?:tools)?")\s*:[^\]]*run_shell_command|"(?:bash|\*)"\s*:\s*"deny"`)
	// deniesTools matches lists of tools that an agent may not use, and flags of npx.
	deniesTools = regexp.MustCompile(`(?i)"(?:exclude(?:tools)?|deny)"\s*:\s*\[[^\]]*\]|--(?:disallowed|exclude)-?tools[= ](?:"[^"]*"|'[^']*'|\S+)|\b(?:npx|bunx|pnpx)\s+(?:-\S+\s+)+`)
	forGitHub   = regexp.MustCompile(`\bgh\b|(?i:github)`)
	// readsEvent matches a prompt or settings by which an agent fetches an issue.
	readsEvent = regexp.MustCompile(`\bgh\s+(?:issue|pr|api|search)\b|github-mcp-server|api\.githubcopilot\.com|mcp__github|@modelcontextprotocol/server-github`)
	toolInputs = regexp.MustCompile(`tool|setting|args|flag|approval|sandbox|yolo|config|permission|mode`)
)

const (
	anyCommand   = "a shell"
	defaultShell = "a shell by default"
	otherSecrets = "secrets in its environment"
	defaultToken = "the default permissions of the repository's settings, often write"
)

// agentUntrustedInput reports an agent that reads text of outsiders and can act: with
// write permission or with a shell. The text can contain instructions, which the model
// may follow.
func agentUntrustedInput(w *File) []report.Finding {
	var out []report.Finding
	w.steps(func(j *actionlint.Job, s *actionlint.Step) {
		a, name, ok := agentOf(s)
		if !ok {
			return
		}
		for _, p := range w.ways() {
			if f, ok := w.agentFinding(j, s, p, a); ok {
				f.Message = name + f.Message
				out = append(out, f)
			}
		}
	})
	return worstOnly(out)
}

// agentFinding judges an agent in a file that is called by p.
func (w *File) agentFinding(j *actionlint.Job, s *actionlint.Step, p *call, a agent) (report.Finding, bool) {
	private := func(e string) bool { return !outsideEvents[e] }
	byOutsider := slices.DeleteFunc(w.events(j, s, p, started), private)
	events := slices.DeleteFunc(w.events(j, s, p, subject), private)
	from := worst(slices.DeleteFunc((scope{File: w, job: j, step: s, from: p}).agentInput(), func(t taint) bool {
		return len(slices.DeleteFunc(w.events(j, s, p, runsWith(t.name)), private)) == 0
	}))
	// A member starts the agent, but an outsider wrote what it reads.
	open := len(byOutsider) > 0 && (len(a.anyone) == 0 || slices.ContainsFunc(a.anyone, func(key string) bool { return opened(s, key) }))
	bots := len(byOutsider) > 0 && opened(s, "allowed_bots") // an app of an outsider may start it
	for c := p; c != nil; c = c.from {
		open = open && !strings.Contains(value(c.job.If), "needs.") // another job decides, by what is not seen
	}
	can := w.agentRights(j, s, p, a)
	if len(byOutsider) > 0 {
		events = byOutsider
	}
	switch {
	case len(events) == 0 || len(can) == 0:
		return report.Finding{}, false
	case from.severity != report.High && (!open && !bots || !w.readsItself(s)):
		return report.Finding{}, false // nothing of an outsider reaches the model, as far as can be seen
	case from.severity != report.High:
		from.name = "the text of the event"
	}
	sev := report.High
	if !open || !slices.ContainsFunc(can, decisive) {
		sev = report.Medium
	}
	at := s.Pos
	if exec, ok := s.Exec.(*actionlint.ExecAction); ok {
		at = exec.Uses.Pos
	}
	return report.Finding{
		Rule: "agent-untrusted-input", Severity: sev, At: w.at(at),
		Message: fmt.Sprintf(" reads %s on %s, which anyone can write, and has %s: instructions in that text can make the model use them%s",
			from.name, strings.Join(events, ", "), strings.Join(can, ", "), p.trail()),
		Fix: "run the agent with permissions: {contents: read}, without a shell and with a list of the tools that it needs, let a second job check its answer before it acts, or accept text of members only: if: github.event.issue.author_association == 'MEMBER'",
	}, true
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
	for _, m := range agentCommand.FindAllString(value(script(s)), -1) {
		if printed.MatchString(m[strings.LastIndexAny(m, "|;&")+1:]) {
			continue
		}
		fields := strings.Fields(m)
		return agent{shell: openShell.MatchString(m)}, "the agent (" + short(strings.Join(fields[max(0, len(fields)-2):], " ")) + ")", true
	}
	return agent{}, "", false
}

// opened reports whether an input lets people without write access start an agent.
func opened(s *actionlint.Step, key string) bool {
	v := value(input(s, key))
	return strings.Contains(v, "*") || strings.Contains(v, "${{")
}

// readsItself reports whether an agent fetches the text of the event without being
// given it: it has a tool for GitHub, or a shell and the task to do so.
func (w *File) readsItself(s *actionlint.Step) bool {
	text := agentText(s)
	return actionName(s) == "anthropics/claude-code-action" || hasTools(text) && forGitHub.MatchString(text) ||
		readsEvent.MatchString(text+value(input(s, "prompt"))+value(input(s, "direct_prompt")))
}

// hasTools reports whether the settings of an agent give it any command.
func hasTools(settings string) bool {
	return agentTools.MatchString(deniesTools.ReplaceAllString(settings, ""))
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
			if toolInputs.MatchString(key) && key != "disallowed_tools" {
				b.WriteString("\n" + value(a.Inputs[key].Value))
			}
		}
	}
	return b.String()
}

// agentInput returns the taints of what a step passes to a model.
func (c scope) agentInput() []taint {
	out := c.taints(value(script(c.step)))
	c.given(func(_ string, v *actionlint.String) { out = append(out, c.taints(value(v))...) })
	return out
}

// given calls do with each input and environment variable of a step, the keys in lower
// case.
func (c scope) given(do func(key string, v *actionlint.String)) {
	if a, ok := c.step.Exec.(*actionlint.ExecAction); ok {
		for _, key := range sorted(a.Inputs) {
			do(key, a.Inputs[key].Value)
		}
	}
	for _, e := range []*actionlint.Env{c.step.Env, c.job.Env, c.Env} {
		if e == nil {
			continue
		}
		for _, key := range sorted(e.Vars) {
			do(key, e.Vars[key].Value)
		}
	}
}

// agentRights lists what an agent can do beyond reading: the write permissions of the
// job, a shell, and the secrets that the shell can read.
func (w *File) agentRights(j *actionlint.Job, s *actionlint.Step, from *call, a agent) []string {
	var out []string
	switch p := w.permissions(j, from); {
	case p == nil:
		out = append(out, defaultToken)
	case value(p.All) == "write-all":
		out = append(out, "write-all")
	default:
		for _, name := range sorted(p.Scopes) {
			if v := p.Scopes[name]; v != nil && value(v.Value) == "write" && name != "id-token" && name != "models" {
				out = append(out, name+": write")
			}
		}
	}
	settings := agentText(s)
	if s.Env != nil { // such as OPENCODE_PERMISSION
		for _, v := range s.Env.Vars {
			settings += "\n" + value(v.Value)
		}
	}
	switch {
	case hasTools(agentText(s)):
		out = append(out, anyCommand)
	case a.shell && !namesTools.MatchString(settings):
		out = append(out, defaultShell)
	}
	if slices.ContainsFunc(out, func(right string) bool { return right == anyCommand || right == defaultShell }) && w.agentSecrets(j, s) {
		out = append(out, otherSecrets)
	}
	return out
}

// permissions returns the permissions of a job in a file that is called by from, or nil
// if none are set.
func (w *File) permissions(j *actionlint.Job, from *call) *actionlint.Permissions {
	switch {
	case j.Permissions != nil:
		return j.Permissions
	case w.Permissions != nil || from == nil:
		return w.Permissions
	}
	return from.permissions(from.job, from.from)
}

// decisive reports whether a right reaches code, releases or secrets, and not only
// labels and comments. What depends on settings that are not seen does not count.
func decisive(right string) bool {
	return !slices.Contains([]string{"issues: write", "pull-requests: write", "discussions: write", "checks: write", "statuses: write", defaultShell, defaultToken}, right)
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
