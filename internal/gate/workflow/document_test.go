package workflow

import (
	"fmt"
	"strings"
)

const documentHead = `# Rules for workflows and actions

The security gate checks .github/workflows, every action.yml and action.yaml of the repository, .github/dependabot.yml and
.pre-commit-config.yaml with two tools:

- goldenpath-workflow has the rules of the table below: what makes a workflow unsafe although it is correct;
- [actionlint](https://github.com/rhysd/actionlint/blob/v1.7.12/docs/checks.md) v1.7.12 finds mistakes. It reads workflows only.

Both use the same parsed files, without running anything. Each has its own row in the report. A
finding names the tool that reported it, and a fact that both report is one finding that names both: please report a false
alarm of goldenpath-workflow to goldenpath, not to actionlint.

A file is reported as not checked, which is not a pass, if it is larger than 1 MiB, has more than 100,000 YAML values with
aliases expanded, is nested more than 100 levels deep, or has an expression of more than 21,000 characters.

## Rules of goldenpath-workflow

This table is generated from internal/gate/workflow/rules.go by ` + "`go test ./internal/gate/workflow -update`" + `. Each example is a
job that runs on the given event, or an entry of Dependabot's configuration. A test checks that the rule reports the first example and accepts the second.

| rule | severity | what it reports | example | remedy |
|---|---|---|---|---|
`

const documentTail = `
An action that is not valid YAML is ` + "`syntax-check`" + ` (high), which actionlint also uses for workflows.

### What is looked up on GitHub

Without --offline, the gate reads the branches and tags of each action's repository with git, for the rules above that say "with the
network". It uses no token and no quota of the API. For a commit that is not itself a branch or a tag it also reads the history,
commits without files. All of it takes at most 20 seconds, and as long again for the base.

The row states the result: "14 repositories of actions looked up on GitHub; not looked up: acme/private (it does not exist or is not
public)". What was not looked up does not change the verdict. Findings without the network are the same with it, except that a
ref-version-mismatch of low severity becomes the medium one for the same line. A tag can move and a branch can be deleted at any
time, so the same commit can have other findings of these rules tomorrow.

Not reported are a commit on any branch, the id of an annotated tag, a comment that has more than a version in it, a version without
a tag, and v4 beside any release of v4.

### How scripts are read

A script of bash or sh is parsed, and followed command by command: variables, quotes, pipes, groups, here-documents, conditions,
functions, and files that the script writes. Text that is only printed runs nothing. A text of outsiders is clean after a command that
keeps only letters, digits and a few signs, such as ` + "`tr -dc a-z0-9`, `sed 's/[^a-z0-9]/-/g'`, `grep -oE '[0-9]+'` or `${T//[^a-z]/}`" + `, and
after a condition that compares it with fixed text or with such a pattern from ` + "`^` to `$`" + `. Removing line breaks, base64 -d and JSON
do not clean a text. Scripts in other languages, and those that cannot be parsed, are read line by line.

## Rules of actionlint

The rule is actionlint's own name for the check. ` + "`syntax-check`" + ` is high and ` + "`runner-label`" + ` is low. All others are medium:
` + "`expression`, `action`, `workflow-call`, `events`, `job-needs`, `matrix`, `glob`, `id`, `env-var`, `if-cond`, `shell-name`,\n`deprecated-commands`, `permissions`, `credentials`" + `. An empty filter and a default that is never used are low, because GitHub
runs such a workflow; so is a deprecated input. A key that resembles none that actionlint expects is medium: GitHub may have added
it after the release of actionlint. shellcheck and pyflakes are separate programs and are not started.

Two of its checks can report the same fact as goldenpath-workflow. The finding then has the rule of goldenpath-workflow and both tools:

| actionlint | goldenpath-workflow |
|---|---|
| ` + "`credentials`" + ` at the password of a container or a service | ` + "`hardcoded-credentials`" + ` |
| ` + "`expression`" + `, "is potentially untrusted", for the same expression | ` + "`script-injection`" + ` |

A warning about untrusted text that a script only compares, as in ` + "`github.head_ref == 'main'`" + `, is false and is left out. The row of
actionlint states how often: "1 warning about text that is only compared dropped". Any other warning that goldenpath-workflow
does not share is a finding of actionlint.

### Where actionlint is behind GitHub

GitHub accepts syntax that actionlint v1.7.12 does not know. The row of actionlint states how often these happened:

- "newer syntax: 2 uses translated": before it checks a workflow, ` + "`uses: $/path`" + ` becomes ` + "`./path`" + ` and ` + "`job.workflow_ref`,\n  `job.workflow_sha`, `job.workflow_repository` and `job.workflow_file_path`" + ` become ` + "`job.status`, and `ports[5432]` of a service becomes `ports.p5432`" + `;
- "newer syntax: 2 messages dropped": its messages about ` + "`job.workflow_*`, `cache-mode`, `queue`" + `, ` + "`command` and `entrypoint`" + ` of services, the permissions
  ` + "`vulnerability-alerts`, `code-quality`, `copilot-requests`, `drives`, `artifact-metadata` and `models`" + `, new runner labels, the filter
  ` + "`matrix.*`" + `, parallel steps (` + "`parallel`, `background`, `wait`, `wait-all`, `cancel`" + `), a ` + "`type:`" + ` in an input of an action, an action of
  an old Node, and a Dockerfile whose name starts with "Dockerfile." are false and are left out.

Steps inside ` + "`parallel:`" + `, or below a key that actionlint does not know, are checked like all others.

actionlint opens files that a workflow refers to. A reference that leads out of the repository, or to something that is not
a regular file of at most 1 MiB, is not opened and is reported as not checked.

### Configuration

The gate reads runner labels and variable names from .github/actionlint.yaml. It ignores ` + "`paths`" + `, and accepts a pattern as a
label only if it starts with three literal characters and does not match GitHub-hosted runners, so that a change cannot
loosen the gate. To keep a finding, add a [waiver](security-gate.md).

## What the rules cannot see

- Whether a commit belongs to a repository that is named, if the repository is private or was not looked up.
- What a script does in other files, and in commands that it runs.
- Whether a program comes from an artifact that was downloaded into the workspace itself.
- What a script decides. A condition on an output is evaluated if the output is an expression, or if a step writes one with echo.
- Whether the repository is public.
- The values of a matrix that another job computes by a script.
- Whether an environment asks for a review before a job starts: a checkout of a fixed commit behind one is medium.
- The rules of a language model, and tools that a file of the repository gives to an agent.
- Whether a job lets only members start an agent in a workflow that it decides to call: such an agent is medium.
`

// document returns docs/workflow-rules.md.
func document() string {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, r := range rules() {
		var severities []string
		for _, s := range r.severity {
			severities = append(severities, string(s))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s<br>%s | %s<br>%s |\n",
			r.id, strings.Join(severities, ", "), cell(r.catches), where(r), code(r.example), cell(r.remedy), code(r.instead))
	}
	b.WriteString(documentTail + documentComparison)
	return b.String()
}

// where is where the example of a rule stands.
func where(r rule) string {
	if r.on == dependabotFile {
		return "updates: in " + dependabotFile
	}
	return "on: " + r.on
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func code(s string) string { return "`" + cell(s) + "`" }
