package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// agentDecision reports a pull request that is merged or approved because a model said so, after
// it read text of outsiders: a condition on its answer, or a script that has it as a variable.
func agentDecision(w *File) []report.Finding {
	var out []report.Finding
	found := func(j *actionlint.Job, s *actionlint.Step, at report.Location, name string) {
		sev := high
		if len(w.outsiders(j, s)) == 0 { // only members start it
			sev = medium
		}
		out = append(out, agentRow("agent-decision", sev, at,
			name+" decides whether the pull request is merged or approved: it is the answer of a model to text that anyone can write, which can contain instructions",
			"let a person approve: use the answer only for a comment or a label, or require a review before the merge"))
	}
	for _, j := range w.jobs() {
		if node := condition(j.If); node != nil && w.merges(j, j.Steps) {
			if t, ok := throughAgent((scope{File: w, job: j}).compared(node)); ok {
				found(j, nil, w.within(j.If, 0), t.name)
				continue
			}
		}
		for _, s := range j.Steps {
			if !w.merges(j, []*actionlint.Step{s}) {
				continue
			}
			c := scope{File: w, job: j, step: s}
			if node := condition(s.If); node != nil {
				if t, ok := throughAgent(c.compared(node)); ok {
					found(j, s, w.within(s.If, 0), t.name)
					continue
				}
			}
			var given []taint
			if s.Env != nil {
				for _, name := range sorted(s.Env.Vars) {
					given = append(given, c.taints(value(s.Env.Vars[name].Value))...)
				}
			}
			if t, ok := throughAgent(given); ok {
				found(j, s, w.at(s.Pos), t.name)
			}
		}
	}
	return out
}

// compared returns the taints of what an expression reads, also of what it only compares or tests.
func (c scope) compared(n actionlint.ExprNode) []taint {
	var out []taint
	actionlint.VisitExprNode(n, func(n, _ actionlint.ExprNode, entering bool) {
		if path, ok := contextPath(n); ok && entering {
			out = append(out, c.read(read{path, false})...)
		}
	})
	return out
}

func agentRow(rule string, severity report.Severity, at report.Location, message, fix string) report.Finding {
	return report.Finding{Rule: rule, Severity: severity, At: at, Message: message, Fix: fix}
}

// throughAgent returns the taint that is the answer of a model.
func throughAgent(all []taint) (taint, bool) {
	i := slices.IndexFunc(all, func(t taint) bool { return t.who == throughModel })
	if i < 0 {
		return taint{}, false
	}
	return all[i], true
}

// agentFullOutput reports an agent whose log has everything that its tools return.
func agentFullOutput(w *File) []report.Finding {
	var out []report.Finding
	w.steps(func(_ *actionlint.Job, s *actionlint.Step) {
		full := input(s, "show_full_output")
		if !strings.HasPrefix(actionName(s), "anthropics/claude-code-") || value(full) != "true" {
			return
		}
		out = append(out, agentRow("agent-full-output", medium, w.at(full.Pos),
			"show_full_output writes what the tools of the agent return into the log, with the secrets in it that the runner does not know; the log of a public repository is public",
			"remove show_full_output, and switch on debug logging for a single run"))
	})
	return out
}

var (
	// serverStart matches the command of a server for an agent, in JSON.
	serverStart = regexp.MustCompile(`"command"\s*:\s*"(npx|bunx|pnpx|uvx|pipx|docker|podman)"\s*,\s*"args"\s*:\s*\[([^\]]*)\]`)
	serverArg   = regexp.MustCompile(`"([^"\\]*)"`)
	// pinned matches a package with a version, and an image with a digest.
	pinnedPackage = regexp.MustCompile(`.(?:@|==)v?\d+(?:\.\d+){1,3}\S*$`)
	versionTag    = regexp.MustCompile(`/[^/]*:v?\d[\w.-]*$`)
	anImage       = regexp.MustCompile(`^[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+(?::[\w.-]+)?$`)
)

const serverFix = "name the exact version, or the digest of the image"

// agentUnpinnedServer reports servers of tools that an agent fetches in their newest version. They
// run with what the agent has.
func agentUnpinnedServer(w *File) []report.Finding {
	var out []report.Finding
	w.steps(func(_ *actionlint.Job, s *actionlint.Step) {
		if _, _, ok := agentOf(s); !ok && agents[actionName(s)].output == nil {
			return
		}
		look := func(text *actionlint.String) {
			for _, m := range serverStart.FindAllStringSubmatch(value(text), -1) {
				name := unpinnedServer(m[1], m[2])
				switch {
				case name == "":
				case versionTag.MatchString(name):
					out = append(out, agentRow("agent-unpinned-server", low, w.at(text.Pos),
						fmt.Sprintf("the agent starts %s by its tag, which can be moved, with the agent's token and tools", short(name)), serverFix))
				default:
					out = append(out, agentRow("agent-unpinned-server", medium, w.at(text.Pos),
						fmt.Sprintf("the agent starts %s, whose newest release runs with the agent's token and tools", short(name)), serverFix))
				}
			}
		}
		look(script(s))
		if a, ok := s.Exec.(*actionlint.ExecAction); ok {
			for _, key := range sorted(a.Inputs) {
				look(a.Inputs[key].Value)
			}
		}
	})
	return out
}

// unpinnedServer returns the package or the image of a command if its release is open.
func unpinnedServer(command, list string) string {
	image := command == "docker" || command == "podman"
	for _, m := range serverArg.FindAllStringSubmatch(list, -1) {
		switch arg := m[1]; {
		case strings.HasPrefix(arg, "-"), !image && arg == "run", strings.Contains(arg, "${{"):
		case image && anImage.MatchString(arg):
			return arg
		case image:
		case pinnedPackage.MatchString(arg), strings.HasPrefix(arg, "."), strings.HasPrefix(arg, "/"):
			return ""
		default:
			return arg
		}
	}
	return ""
}

// modelKey matches the names of secrets that an agent needs to reach its model.
var modelKey = regexp.MustCompile(`(?i)anthropic|claude|openai|codex|gemini|google_(?:api|ai)|vertex|dashscope|qwen|openrouter|mistral|groq|deepseek|(?:^|_)xai_|bedrock|cursor|augment|factory|(?:^|_)amp_|opencode|litellm|model|(?:^|_)(?:llm|ai)_`)

// agentSecrets reports whether the environment of an agent has a secret that its model does not
// need, which a shell can read.
func (w *File) agentSecrets(j *actionlint.Job, s *actionlint.Step) bool {
	for _, e := range []*actionlint.Env{s.Env, j.Env, w.Env} {
		if e == nil {
			continue
		}
		for _, v := range e.Vars {
			for _, p := range placeholders(value(v.Value)) {
				if slices.ContainsFunc(reads(p.node, false), func(r read) bool {
					name := strings.Join(r.path, ".")
					return len(r.path) > 1 && r.path[0] == "secrets" && name != "secrets.github_token" && !modelKey.MatchString(r.path[1]) && !modelKey.MatchString(value(v.Name))
				}) {
					return true
				}
			}
		}
	}
	return false
}
