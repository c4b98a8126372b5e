package workflow

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// only keeps the findings of the rules that a table is about.
func only(all []string, rules string) []string {
	out := []string{}
	for _, line := range all {
		if strings.Contains(rules, strings.Fields(line)[1]) {
			out = append(out, line)
		}
	}
	return out
}

const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

type findingCase struct {
	name, rules, workflow string
	want                  []string
}

// run checks a table of workflows: the rules in question, nothing else.
func run(t *testing.T, all []findingCase) {
	t.Helper()
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": tt.workflow, "actions/x/action.yml": "name: x\ndescription: x\nruns: {using: composite, steps: []}\n"})
			res := scan(t, dir)
			if diff := cmp.Diff(append([]string{}, tt.want...), only(lines(res), tt.rules)); diff != "" {
				t.Errorf("%s\n%+v", diff, res.Findings)
			}
			for _, f := range res.Findings {
				if f.Fix == "" || f.Message == "" || strings.Contains(f.Message+f.Fix, "\n") || strings.Contains(f.Message, dir) {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

const co = "actions/checkout@" + sha

// GP-GATE-13: code of a pull request in a privileged run.
func TestDangerousTrigger(t *testing.T) {
	const rule = "dangerous-trigger"
	head := "      - uses: " + co + "\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n"
	comment := func(run string) string { return steps("issue_comment", "      - run: "+run+"\n") }
	job := func(on, cond, text string) string {
		return "on: " + on + "\npermissions: {}\njobs:\n  a:\n    if: " + cond + "\n    runs-on: ubuntu-latest\n    steps:\n" + text
	}
	one := []string{"w.yml:8 dangerous-trigger high"}
	run(t, []findingCase{
		{"comment, gh", rule, comment("gh pr checkout ${{ github.event.issue.number }}"), one},
		{"comment, with a repository", rule, comment("gh -R o/r pr checkout 1"), one},
		{"comment, printed", rule, comment("echo gh pr checkout 1"), nil},
		{"comment, ref", rule, steps("issue_comment", "      - uses: "+co+"\n        with: {ref: 'refs/pull/${{ github.event.issue.number }}/head'}\n"), []string{"w.yml:9 dangerous-trigger high"}},
		{"comment, members only", rule, job("issue_comment", "github.event.comment.author_association == 'MEMBER'", "      - run: gh pr checkout 1\n"), one},
		{"comment, list of roles", rule, job("issue_comment", `contains(fromJSON('["OWNER","MEMBER"]'), github.event.comment.author_association)`, "      - run: gh pr checkout 1\n"), one},
		{"comment, on a member's pull request", rule, job("issue_comment", "github.event.issue.author_association == 'MEMBER'", "      - run: gh pr checkout 1\n"), nil},
		{"comment, list with outsiders", rule, job("issue_comment", `contains(fromJSON('["OWNER","NONE"]'), github.event.comment.author_association)`, "      - run: gh pr checkout 1\n"), one},
		{"comment, only its text", rule, job("issue_comment", "contains(github.event.comment.body, '/ok')", "      - run: gh pr checkout 1\n"), one},
		{"target, same repository", rule, job("pull_request_target", "github.event.pull_request.head.repo.full_name == github.repository", head), nil},
		{"target, no fork", rule, job("pull_request_target", "${{ !github.event.pull_request.head.repo.fork }}", head), nil},
		{"target, forks", rule, job("pull_request_target", "github.event.pull_request.head.repo.full_name != github.repository", head), []string{"w.yml:9 dangerous-trigger high"}},
		{"target, same repository or a label", rule, job("pull_request_target", "github.event.pull_request.head.repo.full_name == github.repository || contains(github.event.pull_request.labels.*.name, 'ok')", head), []string{"w.yml:9 dangerous-trigger high"}},
		{"target, merged", rule, job("pull_request_target", "github.event.pull_request.merged == true", head), nil},
		{"two events, other job", rule, job("[push, pull_request_target]", "github.event_name == 'push'", head), nil},
		{"waits for a job that is not reached", rule, "on: pull_request_target\npermissions: {}\njobs:\n  a:\n    if: github.event.pull_request.merged\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n  b:\n    needs: a\n    runs-on: ubuntu-latest\n    steps: [{run: gh pr checkout 1}]\n", nil},
		{"waits and runs always", rule, "on: pull_request_target\npermissions: {}\njobs:\n  a:\n    if: github.event.pull_request.merged\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n  b:\n    needs: a\n    if: always()\n    runs-on: ubuntu-latest\n    steps: [{run: gh pr checkout 1}]\n", []string{"w.yml:12 dangerous-trigger high"}},
		{"local action out of it", rule, steps("pull_request_target", head+"      - uses: ./actions/x\n"), []string{"w.yml:9 dangerous-trigger high", "w.yml:10 dangerous-trigger high"}},
		{"local action beside it", rule, steps("pull_request_target", strings.Replace(head, "{ref", "{path: pr, ref", 1)+"      - uses: ./actions/x\n"), []string{"w.yml:9 dangerous-trigger high"}},
		{"by environment", rule, steps("pull_request_target", "      - env: {REF: '${{ github.event.pull_request.head.sha }}'}\n        run: git fetch origin \"$REF\" && git checkout \"$REF\"\n"), []string{"w.yml:9 dangerous-trigger high"}},
		{"fetched to compare", rule, steps("pull_request_target", "      - run: git fetch origin pull/1/head\n      - run: git diff --name-only FETCH_HEAD\n"), []string{"w.yml:8 dangerous-trigger medium"}},
		{"fetched and merged", rule, steps("pull_request_target", "      - run: git fetch origin pull/1/head\n      - run: git merge FETCH_HEAD\n"), one},
		{"a branch of the base by its name", rule, steps("pull_request_target", "      - run: git checkout $GITHUB_HEAD_REF\n"), []string{"w.yml:8 dangerous-trigger medium"}},
		{"after a review", rule, strings.Replace(steps("pull_request_target", head), "    steps:", "    environment: reviewed\n    steps:", 1), []string{"w.yml:10 dangerous-trigger medium"}},
		{"after a review of the job before", rule, "on: pull_request_target\npermissions: {}\njobs:\n  ok: {environment: external, runs-on: ubuntu-latest, steps: [{run: make}]}\n  a:\n    needs: ok\n    runs-on: ubuntu-latest\n    steps:\n" + head, []string{"w.yml:10 dangerous-trigger medium"}},
		{"whatever the job before", rule, "on: pull_request_target\npermissions: {}\njobs:\n  ok: {environment: external, runs-on: ubuntu-latest, steps: [{run: make}]}\n  a:\n    needs: ok\n    if: always()\n    runs-on: ubuntu-latest\n    steps:\n" + head, []string{"w.yml:11 dangerous-trigger high"}},
		{"after a label", rule, steps("{pull_request_target: {types: [labeled]}}", head), []string{"w.yml:9 dangerous-trigger medium"}},
		{"after a label or a push", rule, steps("{pull_request_target: {types: [labeled, synchronize]}}", head), []string{"w.yml:9 dangerous-trigger high"}},
		{"after a label, by a condition", rule, job("{pull_request_target: {types: [labeled, synchronize]}}", "github.event.label.name == 'ok'", head), []string{"w.yml:9 dangerous-trigger medium"}},
		{"after a label, by the action", rule, job("{pull_request_target: {types: [opened, labeled]}}", "github.event.action == 'labeled'", head), []string{"w.yml:9 dangerous-trigger medium"}},
		{"with a label", rule, job("{pull_request_target: {types: [labeled, synchronize]}}", "contains(github.event.pull_request.labels.*.name, 'ok')", head), []string{"w.yml:9 dangerous-trigger high"}},
		{"after a label, by the number", rule, steps("{pull_request_target: {types: [labeled]}}", "      - run: gh pr checkout ${{ github.event.number }}\n"), one},
		{"checkout that refuses", rule, strings.Replace(steps("pull_request_target", head), co, co+" # v7.0.1", 1), nil},
		{"checkout that refuses, by tag", rule, strings.Replace(steps("pull_request_target", head), co, "actions/checkout@v7", 1), nil},
		{"checkout that refuses, not asked", rule, strings.Replace(steps("pull_request_target", head), co+"\n        with: {ref", co+" # v7.0.1\n        with: {allow-unsafe-pr-checkout: true, ref", 1), []string{"w.yml:9 dangerous-trigger high"}},
		{"checkout that refuses, and does not know the commit", rule, strings.Replace(steps("pull_request_target", "      - uses: "+co+"\n        with: {ref: 'pull/${{ github.event.number }}/head'}\n"), co, co+" # v7.0.1", 1), []string{"w.yml:9 dangerous-trigger high"}},
		{"checkout that does not refuse on comments", rule, strings.Replace(steps("issue_comment", "      - uses: "+co+"\n        with: {ref: 'refs/pull/${{ github.event.issue.number }}/head'}\n"), co, co+" # v7.0.1", 1), []string{"w.yml:9 dangerous-trigger high"}},
		{"only documents", rule, steps("pull_request_target", strings.Replace(head, "sha }}'", "sha }}', sparse-checkout: docs", 1)), []string{"w.yml:9 dangerous-trigger medium"}},
		{"sparse, and everything", rule, steps("pull_request_target", strings.Replace(head, "sha }}'", "sha }}', sparse-checkout: .", 1)), []string{"w.yml:9 dangerous-trigger high"}},
		{"diff applied", rule, steps("pull_request_target", "      - run: gh pr diff 1 | git apply\n"), one},
		{"diff read", rule, steps("pull_request_target", "      - run: gh pr diff 1 > diff.txt\n"), nil},
		{"from a step", rule, steps("pull_request_target", "      - uses: "+co+"\n        with: {ref: '${{ steps.x.outputs.sha }}'}\n"), []string{"w.yml:9 dangerous-trigger medium"}},
		{"from a step, of another repository", rule, steps("pull_request_target", "      - uses: "+co+"\n        with: {repository: o/r, ref: '${{ steps.x.outputs.sha }}'}\n"), nil},
		{"repository from a step, and the commit of the event", rule, steps("{workflow_run: {workflows: [ci]}}", "      - uses: "+co+"\n        with: {repository: '${{ steps.x.outputs.repo }}', ref: '${{ github.event.workflow_run.head_sha }}'}\n"), []string{"w.yml:9 dangerous-trigger high"}},
		{"variable of the repository", rule, steps("pull_request_target", "      - uses: "+co+"\n        with: {ref: '${{ vars.BRANCH }}'}\n"), nil},
		{"run, of a push", rule, job("{workflow_run: {workflows: [ci]}}", "github.event.workflow_run.event == 'push'", "      - uses: "+co+"\n        with: {ref: '${{ github.event.workflow_run.head_sha }}'}\n"), nil},
		{"run, of a branch that a fork may have", rule, job("{workflow_run: {workflows: [ci], branches: [main]}}", "github.event.workflow_run.conclusion == 'success'", "      - uses: "+co+"\n        with: {ref: '${{ github.event.workflow_run.head_sha }}'}\n"), []string{"w.yml:9 dangerous-trigger high"}},
		{"artifact run", rule, steps("{workflow_run: {workflows: [ci]}}", "      - uses: actions/download-artifact@"+sha+"\n        with: {run-id: '${{ github.event.workflow_run.id }}', path: in}\n      - run: bash in/report.sh\n      - run: cat in/report.txt\n"), []string{"w.yml:10 dangerous-trigger high"}},
		{"artifact of this run", rule, steps("{workflow_run: {workflows: [ci]}}", "      - uses: actions/download-artifact@"+sha+"\n        with: {path: in}\n      - run: bash in/report.sh\n"), nil},
	})
}

// An outsider cannot trigger a workflow_run that follows a workflow of members only.
func TestWorkflowRunOfMembers(t *testing.T) {
	follow := steps("{workflow_run: {workflows: [release]}}", "      - uses: "+co+"\n        with: {ref: '${{ github.event.workflow_run.head_sha }}'}\n")
	for event, want := range map[string]int{"push": 0, "[push, pull_request]": 1} {
		dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": follow, ".github/workflows/r.yml": strings.Replace(steps(event, "      - run: make\n"), "name: ci", "name: release", 1)})
		if got := only(lines(scan(t, dir)), "dangerous-trigger"); len(got) != want {
			t.Errorf("%s: %v", event, got)
		}
	}
}

// GP-GATE-13: untrusted input in scripts.
func TestScriptInjection(t *testing.T) {
	const rule = "script-injection"
	echo := func(on, expr string) string { return steps(on, "      - run: echo \"${{ "+expr+" }}\"\n") }
	one := func(sev string) []string { return []string{"w.yml:8 script-injection " + sev} }
	cases := []findingCase{
		{"second line", rule, steps("issues", "      - run: |\n          true\n          echo ${{ github.event.issue.body }}\n"), []string{"w.yml:10 script-injection high"}},
		{"github-script", rule, steps("issues", "      - uses: actions/github-script@"+sha+"\n        with:\n          script: |\n            console.log(`${{ github.event.issue.title }}`)\n"), []string{"w.yml:11 script-injection high"}},
		{"other script", rule, steps("issues", "      - uses: nick-fields/retry@"+sha+"\n        with: {timeout_minutes: 1, max_attempts: 1, command: 'x ${{ github.event.issue.title }}'}\n"), []string{"w.yml:9 script-injection high"}},
		{"input that is not a script", rule, steps("issues", "      - uses: some/thing@"+sha+"\n        with: {title: '${{ github.event.issue.title }}'}\n"), nil},
		{"env of the job", rule, "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env: {T: '${{ github.event.issue.title }}'}\n    steps:\n      - run: echo ${{ env.T }}\n      - run: echo \"$T\"\n", one("high")},
		{"output of a step", rule, steps("issues", "      - id: x\n        env: {T: '${{ github.event.issue.title }}'}\n        run: echo \"title=$T\" >> \"$GITHUB_OUTPUT\"\n      - run: echo ${{ steps.x.outputs.title }} ${{ steps.x.outputs.other }}\n"), []string{"w.yml:11 script-injection high"}},
		{"variable of an earlier step", rule, steps("issues", "      - env: {T: '${{ github.event.issue.title }}'}\n        run: echo \"A=$T\" >> \"$GITHUB_ENV\"\n      - run: echo ${{ env.A }} ${{ env.B }}\n"), []string{"w.yml:10 script-injection high"}},
		{"variable of a later step", rule, steps("issues", "      - run: echo ${{ env.A }}\n      - env: {T: '${{ github.event.issue.title }}'}\n        run: echo \"A=$T\" >> \"$GITHUB_ENV\"\n"), nil},
		{"output of an action", rule, steps("issue_comment", "      - id: x\n        uses: xt0rted/pull-request-comment-branch@"+sha+"\n      - run: echo ${{ steps.x.outputs.head_ref }} ${{ steps.x.outputs.head_sha }}\n"), []string{"w.yml:10 script-injection high"}},
		{"output of a job", rule, "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    outputs: {t: '${{ github.event.issue.title }}'}\n    steps: [{run: make}]\n  b:\n    needs: a\n    runs-on: ubuntu-latest\n    steps: [{run: 'echo ${{ needs.a.outputs.t }}'}]\n", []string{"w.yml:11 script-injection high"}},
		{"kept in", rule, "on: pull_request\npermissions: {}\njobs:\n  a:\n    if: github.event.pull_request.head.repo.full_name == github.repository\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.head_ref }}\n", one("medium")},
		{"kept in, with rights", rule, "on: pull_request_target\npermissions: {}\njobs:\n  a:\n    if: github.event.pull_request.head.repo.full_name == github.repository\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.head_ref }}\n", one("medium")},
		{"pull request without rights", rule, echo("[push, pull_request]", "github.event.pull_request.title"), one("low")},
		{"the same with rights on another event", rule, echo("[pull_request, pull_request_target]", "github.head_ref"), one("high")},
		{"a comment on an issue", rule, echo("[pull_request_review_comment, issue_comment]", "github.event.comment.body"), one("high")},
		{"a comment on code", rule, echo("pull_request_review_comment", "github.event.comment.body"), one("high")},
		{"the title of what is commented on", rule, echo("pull_request_review_comment", "github.event.pull_request.title"), one("low")},
		{"merged commits", rule, echo("[push, pull_request]", "github.event.head_commit.message"), one("high")},
		{"matrix", rule, "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    strategy: {matrix: {t: ['${{ github.event.issue.title }}'], n: [1], include: [{u: '${{ github.event.issue.body }}'}]}}\n    steps:\n      - run: echo ${{ matrix.t }} ${{ matrix.n }}\n      - run: echo ${{ matrix.u }}\n", []string{"w.yml:8 script-injection high", "w.yml:9 script-injection high"}},
		{"matrix of another job", rule, "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    outputs: {m: '${{ github.event.issue.body }}'}\n    steps: [{run: make}]\n  b:\n    needs: a\n    runs-on: ubuntu-latest\n    strategy: {matrix: {x: '${{ fromJSON(needs.a.outputs.m) }}'}}\n    steps:\n      - run: echo ${{ matrix.x }}\n", []string{"w.yml:13 script-injection high"}},
		{"workflow_call", rule, echo("{workflow_call: {inputs: {a: {type: string}}}}", "inputs.a"), one("low")},
		{"workflow_call number", rule, echo("{workflow_call: {inputs: {a: {type: number}}}}", "inputs.a"), nil},
		{"dispatch", rule, echo("{workflow_dispatch: {inputs: {a: {type: string}}}}", "inputs.a"), one("low")},
		{"dispatch, event", rule, echo("{workflow_dispatch: {inputs: {a: {description: x}}}}", "github.event.inputs.a"), one("low")},
		{"dispatch choice", rule, echo("{workflow_dispatch: {inputs: {a: {type: choice, options: [x, y]}}}}", "inputs.a"), nil},
		{"dispatch boolean", rule, echo("{workflow_dispatch: {inputs: {a: {type: boolean}}}}", "inputs.a"), nil},
		{"tag", rule, echo("{push: {tags: ['v*']}}", "github.ref_name"), one("low")},
		{"branch that is written out", rule, echo("{push: {branches: [main]}}", "github.ref_name"), nil},
		{"number of a pull request", rule, echo("pull_request", "github.ref_name"), nil},
	}
	for _, expr := range []string{
		"github.event.issue.title", "github.event.issue['body']", "github.head_ref", "GitHub.Event.Issue.Title", "github.event.commits[0].message",
		"github.event.commits.*.message", "github.event.*.body", "join(github.event.commits.*.author.name, ' ')", "toJSON(github.event)",
		"toJSON(github)", "toJSON(github.event.pull_request)", "format('{0}', github.event.comment.body)", "github.event.issue.title || 'x'",
		"github.event_name == 'issues' && github.event.issue.title", "github.event.workflow_run.head_branch", "github.event.workflow_run.display_title",
		"github.event.workflow_run.head_commit.message", "github.event.pull_request.head.label", "github.event.pages[0].page_name",
		"github.event.head_commit.author.email", "github.event.discussion.body", "github.event.review.body",
	} {
		cases = append(cases, findingCase{expr, rule, echo("[issues, pull_request_target]", expr), one("high")})
	}
	for _, expr := range []string{
		"github.event.number", "github.event.pull_request.number", "github.event.pull_request.head.sha", "github.sha", "github.run_id", "github.actor",
		"github.event.pull_request.draft", "github.event.pull_request.base.ref", "github.event.repository.name", "github.event.repository.default_branch",
		"github.event.pull_request.user.login", "github.event.issue.html_url", "github.event.issue", "github.head_ref == 'x'", "!github.head_ref",
		"contains(github.event.issue.title, 'x')", "startsWith(github.head_ref, 'x')", "github.head_ref && 'x'", "github.event.pull_request.merged",
		"github.event.pull_request.head.repo.full_name", "github.event.workflow_run.id", "github.event.workflow_run.head_sha", "secrets.X", "vars.X",
		"github.event.issue.created_at", "hashFiles('x')", "github.workspace", "github.event.action", "toJSON(github.event.number)",
	} {
		cases = append(cases, findingCase{expr, rule, echo("[issues, pull_request]", expr), nil})
	}
	run(t, cases)
}

// GP-GATE-13: what a caller passes is reported where it is used.
func TestInjectionThroughCalls(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
		".github/workflows/a.yml":                   "on: pull_request_target\npermissions: {}\njobs:\n  a:\n    uses: $/.github/workflows/b.yml\n    with: {x: '${{ github.head_ref }}', y: literal}\n",
		".github/workflows/b.yml":                   "on:\n  workflow_call:\n    inputs: {x: {type: string}, y: {type: string}}\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ inputs.x }}\n      - run: echo ${{ inputs.y }}\n      - uses: ./actions/c\n        with: {z: '${{ inputs.x }}'}\n",
		"actions/c/action.yml":                      "name: c\ndescription: c\ninputs: {z: {description: z}}\nruns:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.z }}\n      shell: bash\n",
		"deep/er/d/action.yaml":                     "name: d\ndescription: d\ninputs: {z: {description: z}}\nruns:\n  using: composite\n  steps:\n    - run: |\n        echo ${{ inputs.z }} ${{ github.event.issue.title }}\n      shell: bash\n    - {uses: actions/github-script@" + sha + ", with: {script: 'x(${{ github.head_ref }})'}}\n",
		".github/actions/node_modules/f/action.yml": "runs:\n  using: composite\n  steps:\n    - {run: 'echo ${{ github.head_ref }}', shell: bash}\n",
		"node_modules/e/action.yml":                 "runs: {using: composite, steps: [{run: 'echo ${{ github.head_ref }}', shell: bash}]}\n",
		"charts/x/templates/action.yaml":            "{{ if .Values.x }}\nkind: X\n{{ end }}\n",
		"docs/action.yml":                           "title: not an action\n",
	})
	want := []string{
		"action.yml:4 script-injection high", "b.yml:9 script-injection high", "b.yml:10 script-injection low", "action.yml:7 script-injection high",
		"action.yaml:8 script-injection medium", "action.yaml:8 script-injection high", "action.yaml:10 script-injection high",
	}
	res := scan(t, dir)
	if diff := cmp.Diff(want, lines(res)); diff != "" || res.Covered != "2 workflows and 3 actions" {
		t.Errorf("%s\n%s %+v", diff, res.Covered, res.Findings)
	}
}

func TestEnvFileInjection(t *testing.T) {
	const rule = "env-file-injection"
	to := func(expr, line string) string {
		return steps("issue_comment", "      - env: {T: '${{ "+expr+" }}'}\n        run: "+line+"\n")
	}
	at := func(sev string) []string { return []string{"w.yml:9 env-file-injection " + sev} }
	run(t, []findingCase{
		{"ENV", rule, to("github.event.comment.body", `echo "T=$T" >> "$GITHUB_ENV"`), at("high")},
		{"PATH", rule, to("github.event.issue.title", `echo "$T" >> ${GITHUB_PATH}`), at("high")},
		{"OUTPUT", rule, to("github.event.comment.body", `echo "t=$T" | tee -a $GITHUB_OUTPUT`), at("medium")},
		{"PowerShell", rule, to("github.event.comment.body", `'"T=$env:T" >> $env:GITHUB_ENV'`), at("high")},
		{"one line", rule, to("github.event.issue.title", `echo "T=$T" >> "$GITHUB_ENV"`), at("low")},
		{"one line to OUTPUT", rule, to("github.event.issue.title", `echo "T=$T" >> "$GITHUB_OUTPUT"`), nil},
		{"number", rule, to("github.event.issue.number", `echo "T=$T" >> "$GITHUB_ENV"`), nil},
		{"random delimiter", rule, steps("issue_comment", "      - env: {T: '${{ github.event.comment.body }}'}\n        run: |\n          D=$(uuidgen)\n          echo \"T<<$D\" >> $GITHUB_ENV\n          echo \"$T\" >> $GITHUB_ENV\n"), nil},
		{"variable of an artifact", rule, steps("{workflow_run: {workflows: [ci]}}", "      - run: gh run download 1\n      - run: |\n          if [ -f pr.txt ]; then\n            PR=$(cat pr.txt)\n          fi\n          echo \"PR=$PR\" >> $GITHUB_ENV\n"), []string{"w.yml:13 env-file-injection high"}},
		{"number of an artifact", rule, steps("{workflow_run: {workflows: [ci]}}", "      - run: gh run download 1\n      - run: |\n          PR=$(tr -cd 0-9 < pr.txt)\n          N=$(cat n.txt | tr -cd 0-9)\n          V=$(cat v.txt)\n          if ! [[ $V =~ ^[0-9]+$ ]]; then exit 1; fi\n          echo \"PR=$PR$N$V\" >> $GITHUB_ENV\n"), nil},
		{"artifact", rule, steps("{workflow_run: {workflows: [ci]}}", "      - run: gh run download 1\n      - run: echo \"pr=$(cat pr.txt)\" >> $GITHUB_ENV\n      - run: cat x >> $GITHUB_OUTPUT\n"), []string{"w.yml:9 env-file-injection high", "w.yml:10 env-file-injection medium"}},
	})
}

func TestImagesAndCredentials(t *testing.T) {
	job := func(text string) string {
		return "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n" + text + "    steps: [{run: make}]\n"
	}
	const image = "unpinned-image"
	run(t, []findingCase{
		{"container", image, job("    container: node:22\n"), []string{"w.yml:6 unpinned-image medium"}},
		{"container by digest", image, job("    container: node:22" + digest + "\n"), nil},
		{"services", image, job("    services:\n      db: {image: 'postgres:16'}\n      q: {image: 'redis" + digest + "'}\n"), []string{"w.yml:7 unpinned-image low"}},
		{"matrix", image, job("    strategy: {matrix: {i: ['a:1', 'b:1', 'c" + digest + "']}}\n    container: '${{ matrix.i }}'\n"), []string{"w.yml:7 unpinned-image medium", "w.yml:7 unpinned-image medium"}},
		{"expression", image, job("    container: ${{ inputs.image }}\n"), nil},
		{"step", image, steps("push", "      - uses: docker://alpine:3\n"), []string{"w.yml:8 unpinned-image high"}},
		{"password", "hardcoded-credentials", job("    container: {image: x, credentials: {username: u, password: swordfish}}\n"), []string{"w.yml:6 hardcoded-credentials high"}},
		{"password of a service", "hardcoded-credentials", job("    services: {db: {image: x, credentials: {username: u, password: swordfish}}}\n"), []string{"w.yml:6 hardcoded-credentials high"}},
		{"secret", "hardcoded-credentials", job("    container: {image: x, credentials: {username: u, password: '${{ secrets.P }}'}}\n"), nil},
		{"JSON of secrets", "hardcoded-credentials", steps("push", "      - uses: azure/login@"+sha+"\n        with: {creds: '{\"clientId\":\"abc\",\"clientSecret\":\"${{ secrets.S }}\"}'}\n"), nil},
		{"JSON with one in it", "hardcoded-credentials", steps("push", "      - uses: azure/login@"+sha+"\n        with: {creds: '{\"clientId\":\"${{ secrets.I }}\",\"clientSecret\":\"abc\"}'}\n"), []string{"w.yml:9 hardcoded-credentials high"}},
		{"two secrets", "hardcoded-credentials", steps("push", "      - uses: webfactory/ssh-agent@"+sha+"\n        with: {ssh-private-key: \"${{ secrets.A }}\\n${{ secrets.B }}\"}\n"), nil},
		{"by a variable", "hardcoded-credentials", steps("push", "      - uses: docker/login-action@"+sha+"\n        env: {P: swordfish, Q: '${{ secrets.Q }}'}\n        with: {password: '${{ env.P }}'}\n      - uses: docker/login-action@"+sha+"\n        env: {Q: '${{ secrets.Q }}'}\n        with: {password: '${{ env.Q }}'}\n"), []string{"w.yml:10 hardcoded-credentials high"}},
		{"LocalStack", "hardcoded-credentials", steps("push", "      - uses: aws-actions/configure-aws-credentials@"+sha+"\n        with: {aws-region: x, aws-access-key-id: test, aws-secret-access-key: test}\n"), nil},
		{"AWS", "hardcoded-credentials", steps("push", "      - uses: aws-actions/configure-aws-credentials@"+sha+"\n        with: {aws-region: x, aws-access-key-id: test, aws-secret-access-key: "+sha+"}\n"), []string{"w.yml:9 hardcoded-credentials high"}},
		{"login", "hardcoded-credentials", steps("push", "      - uses: docker/login-action@"+sha+"\n        with: {username: u, password: swordfish}\n"), []string{"w.yml:9 hardcoded-credentials high"}},
	})
}

// GP-GATE-7: a finding does not contain the secret.
func TestCredentialIsNotShown(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: {image: x, credentials: {username: u, password: swordfish}}\n    steps: [{uses: docker/login-action@v3, with: {password: 'swordfish ${{ github.sha }}'}}]\n"})
	res := scan(t, dir)
	if len(only(lines(res), "hardcoded-credentials")) != 2 {
		t.Error(lines(res))
	}
	for _, f := range res.Findings {
		if strings.Contains(f.Message+f.Fix, "swordfish") {
			t.Errorf("%+v", f)
		}
	}
}

func TestCompromisedAction(t *testing.T) {
	for uses, want := range map[string]bool{
		"tj-actions/changed-files@v45": true, "tj-actions/changed-files@v1": true, "tj-actions/changed-files@v45.0.7": true, "TJ-actions/changed-files@v44.5": true,
		"tj-actions/changed-files@v46": false, "tj-actions/changed-files@v46.0.1": false, "tj-actions/changed-files@" + sha: false,
		"tj-actions/changed-files@0e58ed8000000000000000000000000000000000": true,
		"aquasecurity/trivy-action@0.34.0":                                  true, "aquasecurity/trivy-action@0.35.0": false, "aquasecurity/trivy-action@v0.36.0": false,
		"aquasecurity/trivy-action@master": false, "aquasecurity/setup-trivy@v0.2.5": true, "aquasecurity/setup-trivy@v0.2.6": false,
		"xygeni/xygeni-action@v5": true, "xygeni/xygeni-action@v6": false, "Checkmarx/kics-github-action@v2.1.7": true, "Checkmarx/ast-github-action@2.3.28": true, "Checkmarx/ast-github-action@2.3.33": false,
		"reviewdog/action-setup@v1": true, "reviewdog/action-setup@v1.4.0": false, "reviewdog/action-golangci-lint@v2": false, "actions/checkout@v4": false,
	} {
		dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", "      - uses: "+uses+"\n")})
		if got := only(lines(scan(t, dir)), "compromised-action"); (len(got) == 1) != want || want && got[0] != "w.yml:8 compromised-action critical" {
			t.Errorf("%s: %v", uses, got)
		}
	}
}

func TestCachePoisoning(t *testing.T) {
	const rule = "cache-poisoning"
	job := func(on, job, step string) string {
		return "on: " + on + "\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n" + job + "    steps:\n" + step
	}
	const (
		id     = "    permissions: {id-token: write}\n"
		cache  = "      - uses: actions/cache@" + sha + "\n        with: {path: x, key: x}\n"
		golang = "      - uses: actions/setup-go@" + sha + " # v6.0.0\n"
	)
	low := []string{"w.yml:8 cache-poisoning low"}
	run(t, []findingCase{
		{"target", rule, job("pull_request_target", id, cache), nil}, // GitHub only lets it read
		{"target, cache-mode write", rule, job("pull_request_target", id+"    cache-mode: write\n", cache), []string{"w.yml:9 cache-poisoning high"}},
		{"target and pull request", rule, job("[pull_request, pull_request_target]", id, cache), low},
		{"pull request", rule, job("pull_request", id, cache), low},
		{"push", rule, job("push", id, cache), nil},
		{"without rights", rule, job("pull_request_target", "    permissions: {contents: read}\n", cache), nil},
		{"packages", rule, job("pull_request", "    permissions: {packages: write}\n", cache), low},
		{"contents without a release", rule, job("pull_request", "    permissions: {contents: write}\n", cache), nil},
		{"contents with a release", rule, job("pull_request", "    permissions: {contents: write}\n", cache+"      - run: gh release create v1\n"), low},
		{"cache-mode none", rule, job("pull_request_target", id+"    cache-mode: none\n", cache), nil},
		{"cache-mode read", rule, job("pull_request_target", id+"    cache-mode: read\n", cache), nil},
		{"cache-mode write-only", rule, job("pull_request_target", id+"    cache-mode: write-only\n", cache), []string{"w.yml:9 cache-poisoning high"}},
		{"cache-mode of the workflow", rule, "cache-mode: none\n" + job("pull_request_target", id, cache), nil},
		{"setup-go by default", rule, job("pull_request", id, golang), low},
		{"setup-go, old", rule, job("pull_request", id, strings.Replace(golang, "v6.0.0", "v3.5.0", 1)), nil},
		{"setup-go, off", rule, job("pull_request", id, golang+"        with: {cache: false}\n"), nil},
		{"setup-node", rule, job("pull_request", id, "      - uses: actions/setup-node@"+sha+"\n        with: {cache: npm}\n"), low},
		{"setup-node without", rule, job("pull_request", id, "      - uses: actions/setup-node@"+sha+"\n"), nil},
		{"buildx", rule, job("pull_request", id, "      - uses: docker/build-push-action@"+sha+"\n        with: {cache-to: 'type=gha,mode=max'}\n"), low},
		{"release", rule, job("release", "", cache), []string{"w.yml:7 cache-poisoning low"}},
		{"pushed tag", rule, job("{push: {tags: ['v*']}}", "", cache), []string{"w.yml:7 cache-poisoning low"}},
		{"push to main that publishes", rule, job("{push: {branches: [main]}}", "", cache+"      - run: npm publish\n"), []string{"w.yml:7 cache-poisoning low"}},
		{"push to main that tests", rule, job("{push: {branches: [main], tags: ['v*']}}", "", cache+"      - run: npm test\n"), nil},
		{"release, cache only on branches", rule, job("release", "", "      - uses: actions/setup-node@"+sha+"\n        with: {cache: \"${{ !startsWith(github.ref, 'refs/tags/') && 'npm' }}\"}\n"), nil},
		{"release, step only on main", rule, job("release", "", strings.Replace(cache, "        with", "        if: github.ref == 'refs/heads/main'\n        with", 1)), nil},
		{"release that saves", rule, job("release", "", strings.Replace(cache, "actions/cache@", "actions/cache/save@", 1)), nil},
		{"code of a pull request", rule, job("pull_request_target", "", "      - run: gh pr checkout 1\n"+cache), nil},
		{"code of a pull request, cache-mode write", rule, job("pull_request_target", "    cache-mode: write\n", "      - run: gh pr checkout 1\n"+cache), []string{"w.yml:9 cache-poisoning high"}},
		{"release, of a repository that handles such code", rule, "on: [release, pull_request_target]\npermissions: {}\njobs:\n  a:\n    if: github.event_name == 'release'\n    runs-on: ubuntu-latest\n    steps:\n" + cache + "  b:\n    if: github.event_name != 'release'\n    cache-mode: write\n    runs-on: ubuntu-latest\n    steps: [{run: gh pr checkout 1}]\n", []string{"w.yml:8 cache-poisoning medium"}},
		{"release, of a repository that handles such code and only reads", rule, "on: [release, pull_request_target]\npermissions: {}\njobs:\n  a:\n    if: github.event_name == 'release'\n    runs-on: ubuntu-latest\n    steps:\n" + cache + "  b:\n    if: github.event_name != 'release'\n    runs-on: ubuntu-latest\n    steps: [{run: gh pr checkout 1}]\n", []string{"w.yml:8 cache-poisoning low"}},
		{"code of the base", rule, job("pull_request_target", "", "      - uses: "+co+"\n"+cache), nil},
		{"not on pull requests", rule, job("[push, pull_request]", id+"    if: github.event_name != 'pull_request'\n", cache), nil},
		{"tags", rule, job("[push, pull_request]", id+"    if: startsWith(github.ref, 'refs/tags/')\n", cache), nil},
	})
}

func TestOtherRules(t *testing.T) {
	call := func(uses string) string {
		return "on: push\npermissions: {}\njobs:\n  a:\n    uses: " + uses + "\n    secrets: inherit\n"
	}
	upload := func(with string) string {
		return steps("push", "      - uses: "+co+"\n      - uses: actions/upload-artifact@"+sha+" # v4.6.0\n        with: {"+with+"}\n")
	}
	job := func(on, text string) string {
		return "on: " + on + "\npermissions: {}\njobs:\n  a:\n" + text + "    steps: [{run: make}]\n"
	}
	run(t, []findingCase{
		{"inherit, elsewhere", "secrets-inherit", call("o/r/.github/workflows/x.yml@" + sha), []string{"w.yml:5 secrets-inherit high"}},
		{"inherit, here", "secrets-inherit", call("$/.github/workflows/x.yml"), []string{"w.yml:5 secrets-inherit low"}},
		{"all secrets", "overprovisioned-secrets", steps("push", "      - run: deploy\n        env: {A: '${{ toJSON(secrets) }}', B: '${{ secrets.B }}', C: '${{ secrets.* }}'}\n"), []string{"w.yml:9 overprovisioned-secrets medium", "w.yml:9 overprovisioned-secrets medium"}},
		{"hidden files uploaded", "artipacked", upload("path: ., include-hidden-files: true"), []string{"w.yml:9 artipacked medium"}},
		{"workspace", "artipacked", upload("path: '${{ github.workspace }}/', include-hidden-files: true"), []string{"w.yml:9 artipacked medium"}},
		{"hidden files stay", "artipacked", upload("path: ."), nil},
		{"a folder", "artipacked", upload("path: dist, include-hidden-files: true"), nil},
		{"newer checkout", "artipacked", strings.Replace(upload("path: ., include-hidden-files: true"), co, co+" # v6.0.1", 1), nil},
		{"own runner", "self-hosted-runner", job("pull_request", "    runs-on: [self-hosted, linux]\n"), []string{"w.yml:5 self-hosted-runner low"}},
		{"own runner on push", "self-hosted-runner", job("push", "    runs-on: [self-hosted, linux]\n"), nil},
		{"own runner, kept in", "self-hosted-runner", job("pull_request", "    if: github.event.pull_request.head.repo.fork == false\n    runs-on: self-hosted\n"), nil},
		{"bot", "bot-condition", job("pull_request_target", "    if: github.actor == 'dependabot[bot]'\n    runs-on: ubuntu-latest\n"), []string{"w.yml:5 bot-condition medium"}},
		{"bot without rights", "bot-condition", job("pull_request", "    if: github.actor == 'dependabot[bot]'\n    runs-on: ubuntu-latest\n"), []string{"w.yml:5 bot-condition low"}},
		{"bot that merges", "bot-condition", "on: pull_request_target\npermissions: {contents: write}\njobs:\n  a:\n    if: github.actor == 'dependabot[bot]'\n    runs-on: ubuntu-latest\n    steps: [{run: 'gh pr merge --auto \"$URL\"'}]\n", []string{"w.yml:5 bot-condition high"}},
		{"bot that merges, without rights", "bot-condition", "on: pull_request_target\npermissions: {contents: read}\njobs:\n  a:\n    if: github.actor == 'dependabot[bot]'\n    runs-on: ubuntu-latest\n    steps: [{run: 'gh pr merge --auto \"$URL\"'}]\n", []string{"w.yml:5 bot-condition medium"}},
		{"bot that merges what Dependabot signed", "bot-condition", "on: pull_request_target\npermissions: {contents: write}\njobs:\n  a:\n    if: github.actor == 'dependabot[bot]'\n    runs-on: ubuntu-latest\n    steps: [{uses: dependabot/fetch-metadata@" + sha + "}, {run: 'gh pr merge --auto \"$URL\"'}]\n", []string{"w.yml:5 bot-condition medium"}},
		{"bot that merges, with another token", "bot-condition", "on: pull_request_target\npermissions: {contents: read}\njobs:\n  a:\n    if: github.event.sender.login == 'dependabot[bot]'\n    runs-on: ubuntu-latest\n    steps: [{run: 'gh pr merge --auto \"$URL\"', env: {GH_TOKEN: '${{ secrets.PAT }}'}}]\n", []string{"w.yml:5 bot-condition high"}},
		{"bot that merges, with the token of the job", "bot-condition", "on: pull_request_target\npermissions: {contents: read}\njobs:\n  a:\n    if: github.event.sender.id == 49699333\n    runs-on: ubuntu-latest\n    steps: [{run: 'gh pr merge --auto \"$URL\"', env: {GH_TOKEN: '${{ secrets.GITHUB_TOKEN }}'}}]\n", []string{"w.yml:5 bot-condition medium"}},
		{"bot by its id", "bot-condition", job("pull_request_target", "    if: github.actor_id == 49699333\n    runs-on: ubuntu-latest\n"), []string{"w.yml:5 bot-condition medium"}},
		{"a person by the id", "bot-condition", job("pull_request_target", "    if: github.actor_id == 583231\n    runs-on: ubuntu-latest\n"), nil},
		{"not the bot", "bot-condition", job("pull_request_target", "    if: github.actor != 'dependabot[bot]'\n    runs-on: ubuntu-latest\n"), nil},
		{"bot on push", "bot-condition", job("push", "    if: github.actor == 'dependabot[bot]'\n    runs-on: ubuntu-latest\n"), nil},
		{"commands", "insecure-commands", steps("push", "      - run: make\n        env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: 'true'}\n"), []string{"w.yml:9 insecure-commands high"}},
		{"commands, as a number", "insecure-commands", steps("push", "      - run: make\n        env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: 1}\n"), []string{"w.yml:9 insecure-commands high"}},
		{"commands, off", "insecure-commands", steps("push", "      - run: make\n        env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: 'false'}\n"), nil},
		{"called only", "excessive-permissions", "on: workflow_call\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n", nil},
	})
}
