package actionlint

import (
	"fmt"
	"strings"
)

const documentHead = `# Rules for workflows and actions

Generated from internal/gate/actionlint/rules.go; ` + "`go test ./internal/gate/actionlint -update`" + ` writes it anew. Every
example is a job under the event before it, and a test proves that the example is found and what stands instead is not.

The security gate reads .github/workflows and every action.yml and action.yaml of the repository. It never runs them,
and it asks no network. What it cannot read (more than 1 MiB, more than 100,000 values with aliases written out, nested
more than 100 deep, an expression of more than 21,000 characters, a reference that leads out of the repository) is
stated as not checked, which is no pass.

## Rules of goldenpath

| rule | severity | what it catches | example | remedy |
|---|---|---|---|---|
`

const documentTail = `
## Rules of actionlint

Whatever else [actionlint](https://github.com/rhysd/actionlint/blob/v1.7.12/docs/checks.md) finds is a finding under its own name for it: ` + "`syntax-check`" + `
(high), and at medium ` + "`expression`, `action`, `workflow-call`, `events`, `job-needs`, `matrix`, `glob`, `id`, `env-var`,\n`if-cond`, `shell-name`, `deprecated-commands`, `permissions`" + `; ` + "`runner-label`" + ` is low. What GitHub has learned since
that release is known: ` + "`uses: $/path`, `job.workflow_ref` and the like, `cache-mode`, `queue`" + `, new permissions.
Shellcheck and pyflakes are programs, and are not started.

What differs from actionlint itself: its warnings about untrusted contexts and passwords are left out, because
` + "`script-injection` and `hardcoded-credentials`" + ` see the same and more; but text that is only compared, as in
` + "`github.head_ref == 'main'`" + `, is no finding. ` + "`matrix.*`" + ` may be filtered whatever it holds, and a Dockerfile may have any name
that begins with Dockerfile. An empty filter and a default that is never used are low: GitHub runs such a workflow.

Of .github/actionlint.yaml the gate takes names of runners and of variables. Its ` + "`paths`" + ` are not read, and a label that is
a pattern counts only when it begins with three characters of its own and not as runners of GitHub do: a repository
cannot loosen the gate. A finding that is to stay needs a waiver.

## What it cannot see

Whether a commit is of the repository it is said to be of, and whether a version has known vulnerabilities: that needs
the network. What a script does beyond the line in front of it. Whether a program is out of an artifact, when the artifact
was put into the workspace itself. Whether a repository is public. What a matrix holds that another job computes.
`

// document is docs/workflow-rules.md.
func document() string {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, r := range rules() {
		var severities []string
		for _, s := range r.severity {
			severities = append(severities, string(s))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | on: %s<br>%s | %s<br>%s |\n",
			r.id, strings.Join(severities, ", "), cell(r.catches), r.on, code(r.example), cell(r.remedy), code(r.instead))
	}
	b.WriteString(documentTail)
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func code(s string) string { return "`" + cell(s) + "`" }
