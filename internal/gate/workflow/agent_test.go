package workflow

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// TestAgents: GP-GATE-13, an agent that reads what anyone can write, and can act.
func TestAgents(t *testing.T) {
	const rule = "agent-untrusted-input"
	job := func(on, permissions, cond, step string) string {
		text := "on: " + on + "\npermissions: " + permissions + "\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + step
		if cond != "" {
			text = strings.Replace(text, "    runs-on", "    if: "+cond+"\n    runs-on", 1)
		}
		return text
	}
	gemini := func(with string) string {
		return "      - uses: google-github-actions/run-gemini-cli@" + sha + "\n        with: {" + with + "}\n"
	}
	claude := func(with string) string {
		return "      - uses: anthropics/claude-code-action@" + sha + "\n        with: {" + with + "}\n"
	}
	const (
		body  = "prompt: 'triage ${{ github.event.issue.body }}'"
		write = "{contents: write}"
		read  = "{contents: read}"
	)
	high, medium := []string{"w.yml:7 " + rule + " high"}, []string{"w.yml:7 " + rule + " medium"}
	run(t, []findingCase{
		{"text and write", rule, job("issues", write, "", gemini(body)), high},
		{"text and comments", rule, job("issues", "{issues: write}", "", gemini(body)), medium},
		{"text and no tools", rule, job("issues", read, "", gemini(body+", settings: '{\"tools\": {\"core\": [\"read_file\"]}}'")), nil},
		{"text and the tools it has by default", rule, job("issues", read, "", gemini(body)), medium},
		{"text and a shell that is excluded", rule, job("issues", read, "", gemini(body+", settings: '{\"tools\": {\"exclude\": [\"run_shell_command\"]}}'")), nil},
		{"text and permissions that are not set", rule, "on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\n" + gemini(body+", settings: '{\"tools\": {\"core\": [\"read_file\"]}}'"), medium},
		{"a member starts it", rule, job("issue_comment", write, "github.event.comment.author_association == 'MEMBER'", gemini(body)), []string{"w.yml:8 " + rule + " medium"}},
		{"a member writes and starts it", rule, job("issue_comment", write, "github.event.comment.author_association == 'MEMBER'", gemini("prompt: '${{ github.event.comment.body }}'")), []string{}},
		{"a review", rule, job("pull_request_review", write, "", gemini("prompt: '${{ github.event.review.body }}'")), high},
		{"a branch of a fork under review", rule, job("pull_request_review", write, "", gemini("prompt: '${{ github.event.pull_request.title }}'")), nil},
		{"it reads the issue with a server", rule, job("issues", write, "", gemini("prompt: fix, settings: '{\"mcpServers\": {\"github\": {\"args\": [\"ghcr.io/github/github-mcp-server\"]}}}'")), high},
		{"it reads the issue with gh", rule, job("issues", write, "", "      - uses: openai/codex-action@"+sha+"\n        with: {allow-users: '*', sandbox: danger-full-access, prompt: 'run gh issue view ${{ github.event.issue.number }}'}\n"), high},
		{"claude, every bot", rule, job("issues", write, "", claude("allowed_bots: '*', prompt: triage")), medium},
		{"claude, one bot", rule, job("issues", write, "", claude("allowed_bots: 'renovate[bot]', prompt: triage")), nil},
		{"claude, no shell", rule, job("issues", read, "", claude("allowed_non_write_users: '*', claude_args: '--disallowedTools \"Bash,Write\"'")), nil},
		{"text and a shell", rule, job("issues", read, "", gemini(body+", settings: '{\"coreTools\": [\"run_shell_command\"]}'")), high},
		{"text and two commands", rule, job("issues", read, "", gemini(body+", settings: '{\"coreTools\": [\"run_shell_command(gh issue list)\"]}'")), nil},
		{"by a variable", rule, job("issues", write, "", "      - uses: google-github-actions/run-gemini-cli@"+sha+"\n        env: {BODY: '${{ github.event.issue.body }}'}\n        with: {prompt: triage}\n"), high},
		{"members only", rule, job("issues", write, "github.event.issue.author_association == 'MEMBER'", gemini(body)), []string{}},
		{"no text of outsiders", rule, job("issues", write, "", gemini("prompt: 'count the issues'")), nil},
		{"event of members", rule, job("push", write, "", gemini("prompt: 'look at ${{ github.event.head_commit.message }}'")), nil},
		{"without rights", rule, job("pull_request", write, "", gemini("prompt: '${{ github.event.pull_request.body }}'")), nil},
		{"claude, everyone", rule, job("issues", write, "", claude("allowed_non_write_users: '*', prompt: triage")), high},
		{"claude, members", rule, job("issue_comment", write, "", claude("prompt: help")), nil},
		{"claude, members, with the text", rule, job("issue_comment", write, "", claude(body)), medium},
		{"claude, a shell", rule, job("issues", read, "", claude("allowed_non_write_users: '*', claude_args: '--allowedTools Bash'")), high},
		{"claude, one command", rule, job("issues", read, "", claude("allowed_non_write_users: '*', claude_args: '--allowedTools Bash(ls)'")), nil},
		{"command", rule, job("issues", read, "", "      - run: claude -p \"$BODY\" --dangerously-skip-permissions\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), high},
		{"command without tools", rule, job("issues", read, "", "      - run: claude -p \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), nil},
		{"command that is printed", rule, job("issues", write, "", "      - run: echo claude -p \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), nil},
		{"codex", rule, job("issue_comment", read, "", "      - run: codex exec --full-auto \"$BODY\"\n        env: {BODY: '${{ github.event.comment.body }}'}\n"), high},
		{"piped", rule, job("issues", write, "", "      - run: printf '%s' \"$BODY\" | claude --dangerously-skip-permissions --print\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), high},
		{"printed after another command", rule, job("issues", write, "", "      - run: make && echo claude -p \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), nil},
		{"by npx", rule, job("issues", read, "", "      - run: npx -y @anthropic-ai/claude-code -p \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), nil},
		{"by bunx", rule, job("issues", read, "", "      - run: bunx @anthropic-ai/claude-code -p \"$BODY\" --dangerously-skip-permissions\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), high},
		{"codex with settings", rule, job("issues", read, "", "      - run: codex -c model=x exec --full-auto \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), high},
		{"droid", rule, job("issues", read, "", "      - run: droid exec --auto high \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), high},
		{"opencode", rule, job("issues", read, "", "      - run: opencode run \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}'}\n"), medium},
		{"opencode without a shell", rule, job("issues", read, "", "      - run: opencode run \"$BODY\"\n        env: {BODY: '${{ github.event.issue.body }}', OPENCODE_PERMISSION: '{\"bash\": \"deny\"}'}\n"), nil},
		{"request without tools", rule, job("issues", write, "", "      - uses: actions/ai-inference@"+sha+"\n        with: {"+body+"}\n"), nil},
	})
	// In a called workflow or action, with the events and permissions of the caller.
	for caller, want := range map[string]string{
		"on: issues\npermissions: {contents: write}\n":                           "high",
		"on: {issues: {types: [opened]}}\npermissions: {}\n":                     "",
		"on: push\npermissions: {contents: write}\n":                             "",
		"on: [push, discussion]\npermissions: {discussions: write}\n":            "medium",
		"on: [pull_request, pull_request_target]\npermissions: {pages: write}\n": "high",
	} {
		step := "{uses: google-github-actions/run-gemini-cli@" + sha + ", with: {prompt: '${{ toJSON(github.event) }}', settings: '{\"coreTools\": [\"x\"]}'}}"
		got := only(lines(scan(t, gatetest.Write(t, map[string]string{
			".github/workflows/w.yml": caller + "jobs:\n  a: {uses: ./.github/workflows/t.yml}\n  b: {runs-on: ubuntu-latest, steps: [{uses: ./a}]}\n",
			".github/workflows/t.yml": "on: workflow_call\njobs:\n  t: {runs-on: ubuntu-latest, steps: [" + step + "]}\n",
			"a/action.yml":            "name: a\ndescription: a\nruns: {using: composite, steps: [" + step + "]}\n",
		}))), rule)
		if wanted := []string{"t.yml:3 " + rule + " " + want, "action.yml:3 " + rule + " " + want}; want != "" && !slices.Equal(got, wanted) || want == "" && len(got) > 0 {
			t.Errorf("%s: %v, want %s", caller, got, want)
		}
	}
	answer := func(prompt string) string {
		return job("issues", read, "", "      - id: ai\n        uses: actions/ai-inference@"+sha+"\n        with: {prompt: '"+prompt+"'}\n      - run: gh issue comment 1 --body \"${{ steps.ai.outputs.response }}\"\n")
	}
	run(t, []findingCase{
		{"the answer in a script", "script-injection", answer("${{ github.event.issue.body }}"), []string{"w.yml:10 script-injection high"}},
		{"the answer to a fixed question", "script-injection", answer("${{ github.event.issue.number }}"), nil},
	})
}

// TestMoreOfAgents: GP-GATE-13, what an agent decides, shows, fetches and can read.
func TestMoreOfAgents(t *testing.T) {
	job := func(on, permissions, steps string) string {
		return "on: " + on + "\npermissions: " + permissions + "\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + steps
	}
	asked := "      - id: ai\n        uses: actions/ai-inference@" + sha + "\n        with: {prompt: 'Safe? ${{ github.event.comment.body }}'}\n"
	fixed := "      - id: ai\n        uses: actions/ai-inference@" + sha + "\n        with: {prompt: 'Write a poem'}\n"
	merge := "      - if: contains(steps.ai.outputs.response, 'yes')\n        run: gh pr merge \"$N\"\n"
	claude := func(with string) string {
		return "      - uses: anthropics/claude-code-action@" + sha + "\n        with: {prompt: review, " + with + "}\n"
	}
	server := func(command, args string) string {
		return claude(`mcp_config: '{"mcpServers": {"a": {"command": "` + command + `", "args": [` + args + `]}}}'`)
	}
	const write, read = "{pull-requests: write}", "{contents: read}"
	runTwins(t, []twin{
		{"a condition", "agent-decision", job("issue_comment", write, asked+merge), job("issue_comment", write, asked+strings.Replace(merge, "gh pr merge", "gh pr view", 1))},
		{"without the right to merge", "agent-decision", job("issue_comment", write, asked+merge), job("issue_comment", read, asked+merge)},
		{"about a fixed question", "agent-decision", job("issue_comment", write, asked+merge), job("issue_comment", write, fixed+merge)},
		{"of members", "agent-decision", job("issue_comment", write, asked+merge), job("push", write, strings.ReplaceAll(asked, "github.event.comment.body", "github.sha")+merge)},
		{"a variable", "agent-decision", job("issues", write, strings.ReplaceAll(asked, "comment.body", "issue.body")+"      - run: if [ \"$A\" = yes ]; then gh pr review --approve \"$N\"; fi\n        env: {A: '${{ steps.ai.outputs.response }}'}\n"),
			job("issues", write, strings.ReplaceAll(asked, "comment.body", "issue.body")+"      - run: if [ \"$A\" = yes ]; then gh issue comment \"$N\" --body ok; fi\n        env: {A: '${{ steps.ai.outputs.response }}'}\n")},
		{"another job", "agent-decision",
			strings.Replace(job("issue_comment", write, asked), "    runs-on", "    outputs: {r: '${{ steps.ai.outputs.response }}'}\n    runs-on", 1) + "  b:\n    needs: a\n    if: needs.a.outputs.r == 'yes'\n    runs-on: ubuntu-latest\n    steps: [{run: gh pr merge 1}]\n",
			strings.Replace(job("issue_comment", write, asked), "    runs-on", "    outputs: {r: '${{ steps.ai.outcome }}'}\n    runs-on", 1) + "  b:\n    needs: a\n    if: needs.a.outputs.r == 'yes'\n    runs-on: ubuntu-latest\n    steps: [{run: gh pr merge 1}]\n"},
		{"", "agent-full-output", job("push", read, claude("show_full_output: true")), job("push", read, claude("show_full_output: false"))},
		{"of a variable", "agent-full-output", job("push", read, claude("show_full_output: 'true'")), job("workflow_dispatch", read, claude("show_full_output: '${{ inputs.debug }}'"))},
		{"npx", "agent-unpinned-server", job("push", read, server("npx", `"-y", "@acme/server"`)), job("push", read, server("npx", `"-y", "@acme/server@1.2.3"`))},
		{"latest", "agent-unpinned-server", job("push", read, server("npx", `"server@latest"`)), job("push", read, server("npx", `"./server"`))},
		{"uvx", "agent-unpinned-server", job("push", read, server("uvx", `"mcp-server-git"`)), job("push", read, server("uvx", `"mcp-server-git==2025.1.14"`))},
		{"an image", "agent-unpinned-server", job("push", read, server("docker", `"run", "-i", "--rm", "ghcr.io/github/github-mcp-server"`)), job("push", read, server("docker", `"run", "-i", "ghcr.io/github/github-mcp-server`+digest+`"`))},
		{"a program of the repository", "agent-unpinned-server", job("push", read, server("npx", `"server"`)), job("push", read, server("node", `"server.js"`))},
		{"of another action", "agent-unpinned-server", job("push", read, server("npx", `"server"`)), job("push", read, strings.ReplaceAll(server("npx", `"server"`), "anthropics/claude-code-action", "acme/mcp-list"))},
		{"code of a fork for an agent", "dangerous-trigger", job("pull_request_target", read, "      - uses: actions/checkout@"+sha+"\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n"+claude("claude_args: x")),
			job("pull_request_target", read, "      - uses: actions/checkout@"+sha+"\n"+claude("claude_args: x"))},
		{"the answer for later steps", "env-file-injection", job("issue_comment", read, asked+"      - run: echo \"A=$A\" >> \"$GITHUB_ENV\"\n        env: {A: '${{ steps.ai.outputs.response }}'}\n"),
			job("issue_comment", read, asked+"      - run: echo \"A=$A\" >> log\n        env: {A: '${{ steps.ai.outputs.response }}'}\n")},
	})
	gemini := func(env string) string {
		return job("issues", read, "      - uses: google-github-actions/run-gemini-cli@"+sha+"\n        env: {"+env+"}\n        with: {prompt: '${{ github.event.issue.body }}'}\n")
	}
	const rule = "agent-untrusted-input"
	run(t, []findingCase{
		{"a secret for a shell", rule, gemini("TOKEN: '${{ secrets.DEPLOY }}'"), []string{"w.yml:7 " + rule + " high"}},
		{"the key of the model", rule, gemini("GEMINI_API_KEY: '${{ secrets.GEMINI_API_KEY }}'"), []string{"w.yml:7 " + rule + " medium"}},
		{"an image without a tag", "agent-unpinned-server", job("push", read, server("docker", `"run", "-i", "ghcr.io/github/github-mcp-server"`)), []string{"w.yml:8 agent-unpinned-server medium"}},
		{"an image by its tag", "agent-unpinned-server", job("push", read, server("docker", `"run", "-i", "ghcr.io/github/github-mcp-server:v0.27.0"`)), []string{"w.yml:8 agent-unpinned-server low"}},
		{"the token of the job", rule, gemini("GH_TOKEN: '${{ secrets.GITHUB_TOKEN }}'"), []string{"w.yml:7 " + rule + " medium"}},
	})
}

// TestTwinsOfTheOtherAudits: GP-GATE-13, each bad form and the good one beside it.
func TestTwinsOfTheOtherAudits(t *testing.T) {
	uses := func(name string) string { return steps("push", "      - uses: "+name+"\n") }
	env := func(expr string) string {
		return steps("push", "      - run: make\n        env: {A: \"${{ "+expr+" }}\"}\n")
	}
	cond := func(expr string) string { return steps("push", "      - run: make\n        if: \""+expr+"\"\n") }
	command := func(line string) string { return steps("push", "      - run: "+line+"\n") }
	app := func(with string) string {
		return steps("push", "      - uses: actions/create-github-app-token@"+sha+"\n        with: {app-id: 1, private-key: '${{ secrets.K }}', "+with+"}\n")
	}
	two := func(a, b string) string { return steps("push", "      - uses: "+a+"\n      - uses: "+b+"\n") }
	const other = "0123456789abcdef0123456789abcdef01234567"
	runTwins(t, []twin{
		{"letter missing", "typosquat-uses", uses("action/checkout@" + sha), uses("actions/checkout@" + sha)},
		{"letters exchanged", "typosquat-uses", uses("dokcer/login-action@" + sha), uses("docker/login-action@" + sha)},
		{"another owner", "typosquat-uses", uses("Acti0ns/cache@" + sha), uses("our-own-team/cache@" + sha)},
		{"archived", "archived-uses", uses("Actions/Create-Release@" + sha), uses("softprops/action-gh-release@" + sha)},
		{"comment against the tag", "ref-version-mismatch", uses("a/b@v3 # v4"), uses("a/b@v4 # v4.2.1")},
		{"comment against another place", "ref-version-mismatch", two("a/b@"+sha+" # v4.1.0", "a/b@"+other+" # v4.1.0"), two("a/b@"+sha+" # v4.1.0", "a/b@"+other+" # v4.2.0")},
		{"one commit, two versions", "ref-version-mismatch", two("a/b@"+sha+" # v4.1.0", "a/b@"+sha+" # v5"), two("a/b@"+sha+" # v4.1.0", "a/b@"+sha+" # v4")},
		{"branch in a text", "unsound-contains", cond("contains('main develop', github.ref_name)"), cond("contains(github.ref_name, 'release')")},
		{"event in a text", "unsound-contains", cond("contains('main', github.head_ref)"), cond("contains('push pull_request', github.event_name)")},
		{"empty value", "unsound-ternary", env("github.ref_name == 'x' && '' || 'y'"), env("github.ref_name == 'x' && 'y' || ''")},
		{"false value", "unsound-ternary", env("inputs.a && false || 'y'"), env("inputs.a && 'false' || 'y'")},
		{"part of a secret", "unredacted-secrets", env("fromJSON(secrets.A).b"), env("fromJSON(vars.A).b")},
		{"constant", "obfuscation", env("format('{0}', 'x')"), env("format('{0}', github.sha)")},
		{"list of literals", "obfuscation", env("startsWith('ab', 'a')"), env("contains(fromJSON('[1, 2]'), github.run_id)")},
		{"a template that runs code", "script-injection", steps("issues", "      - uses: tibdex/backport@"+sha+"\n        with: {title_template: '${{ github.event.issue.title }}'}\n"), steps("issues", "      - uses: tibdex/backport@"+sha+"\n        with: {github_token: '${{ github.event.issue.title }}'}\n")},
		{"dots", "obfuscation", uses("a/b/../c@" + sha), uses("a/b/c@" + sha)},
		{"every permission", "github-app", app("repositories: a"), app("repositories: a, permission-contents: read")},
		{"every repository", "github-app", app("owner: o, permission-contents: read"), app("owner: o, repositories: a, permission-contents: read")},
		{"of an organization", "github-app", app("owner: o, permission-issues: read"), app("owner: o, permission-organization-projects: read")},
		{"kept", "github-app", app("permission-contents: read, skip-token-revoke: true"), app("permission-contents: read, skip-token-revoke: false")},
		{"npm", "use-trusted-publishing", command("npm publish"), command("npm publish --dry-run")},
		{"npm elsewhere", "use-trusted-publishing", command("npm publish --access public"), command("npm publish --registry https://npm.example.com")},
		{"cargo", "use-trusted-publishing", command("cargo publish"), command("cargo package")},
		{"twine", "use-trusted-publishing", command("python -m twine upload dist/*"), command("twine upload --repository-url https://pypi.example.com dist/*")},
		{"with an identity", "use-trusted-publishing", command("uv publish"), strings.Replace(command("uv publish"), "permissions: {}", "permissions: {id-token: write}", 1)},
		{"printed", "use-trusted-publishing", command("gem push x.gem"), command("echo gem push x.gem")},
		{"script over http", "insecure-url-scheme", command("curl -sSf http://x.example.com/i.sh | sudo bash"), command("curl -sSf http://localhost:8080/health")},
		{"cache of a release", "cache-poisoning", steps("release", "      - uses: actions/cache@"+sha+"\n        with: {path: x, key: x}\n"), steps("release", "      - uses: actions/cache@"+sha+"\n        with: {path: x, key: x, lookup-only: true}\n")},
		{"cache of a release by hand", "cache-poisoning", steps("workflow_dispatch", "      - uses: Swatinem/rust-cache@"+sha+"\n      - run: cargo publish\n"), steps("workflow_dispatch", "      - uses: Swatinem/rust-cache@"+sha+"\n      - run: cargo test\n")},
	})
}
