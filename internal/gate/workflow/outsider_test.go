package workflow

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// TestConditionsThatExcludeForks: GP-GATE-13, conditions on a checkout of the head of a
// pull request. Each bad one lets some fork through.
func TestConditionsThatExcludeForks(t *testing.T) {
	const pr, run = "github.event.pull_request.", "github.event.workflow_run."
	job := func(on, ref, text string) string {
		return "on: " + on + "\npermissions: {}\njobs:\n" + text + "    runs-on: ubuntu-latest\n    steps: [{uses: " + co + ", with: {ref: '${{ " + ref + " }}'}}]\n"
	}
	target := func(cond string) string {
		return job("pull_request_target", pr+"head.sha", "  a:\n    if: "+cond+"\n")
	}
	after := func(cond string) string {
		return job("{workflow_run: {workflows: [ci]}}", run+"head_sha", "  a:\n    if: "+cond+"\n")
	}
	check := func(outputs, steps, cond string) string {
		return job("pull_request_target", pr+"head.sha", "  c:\n    runs-on: ubuntu-latest\n    outputs: {x: '${{ "+outputs+" }}'}\n    steps: ["+steps+"]\n  a:\n    needs: c\n    if: "+cond+"\n")
	}
	all := `contains(fromJSON('["OWNER","MEMBER"]'), ` + pr + "author_association)"
	var twins []twin
	for _, t := range []twin{
		{"list of roles", "", target(strings.Replace(all, `"MEMBER"`, `"CONTRIBUTOR"`, 1)), target(all)},
		{"not NONE", "", target(pr + "author_association != 'NONE'"), target(pr + "author_association == 'MEMBER'")},
		{"first commit", "", target(pr + "author_association != 'FIRST_TIME_CONTRIBUTOR'"), target(pr + "author_association == 'COLLABORATOR'")},
		{"owner of the base", "", target(pr + "head.repo.name == " + pr + "base.repo.name"), target(pr + "head.repo.owner.login == " + pr + "base.repo.owner.login")},
		{"address", "", target(pr + "head.repo.html_url != " + pr + "base.repo.html_url"), target(pr + "head.repo.clone_url == github.event.repository.clone_url")},
		{"user", "", target(pr + "user.id != 49699333"), target(pr + "user.id == 49699333")},
		{"label", "", target("startsWith(" + pr + "head.label, 'acme')"), target("startsWith(" + pr + "head.label, 'acme:')")},
		{"label by the owner", "", target("startsWith(" + pr + "head.label, github.repository_owner)"), target("startsWith(" + pr + "head.label, format('{0}:', github.repository_owner))")},
		{"merged", "", target(pr + "merged_at == null"), target(pr + "merged_at != null")},
		{"merged by", "", target(pr + "merged_by.login != 'octocat'"), target(pr + "merged_by.login == 'octocat'")},
		{"a flag is not a text", "", target(pr + "head.repo.fork != 'true'"), target(pr + "head.repo.fork == false")},
		{"case", "", target("case(" + pr + "head.repo.fork, true, false)"), target("case(" + pr + "head.repo.fork, false, true)")},
		{"choice", "", target("(" + pr + "head.repo.fork && 'a' || 'b') == 'a'"), target("(" + pr + "head.repo.fork && 'a' || 'b') == 'b'")},
		{"output of a job", "", check(pr+"head.repo.fork", "{run: make}", "needs.c.outputs.x"), check(pr+"head.repo.fork", "{run: make}", "needs.c.outputs.x == 'false'")},
		{"output of a step", "", check("steps.s.outputs.x", "{id: s, run: ./check}", "needs.c.outputs.x == 'false'"), check("steps.s.outputs.x", "{id: s, run: 'echo \"x=${{ "+pr+"head.repo.fork }}\" >> \"$GITHUB_OUTPUT\"'}", "needs.c.outputs.x == 'false'")},
		{"id of the run's repository", "", after(run + "head_repository.id != github.repository_id"), after(run + "head_repository.id == github.event.repository.id")},
		{"the run's repository", "", after(run + "head_repository.name == " + run + "repository.name"), after(run + "head_repository.full_name == " + run + "repository.full_name")},
		{"variable", "", strings.Replace(target("true"), "steps: [{", "env: {OURS: '${{ "+pr+"head.repo.full_name == github.repository }}'}\n    steps: [{if: env.OURS == 'false', ", 1), strings.Replace(target("true"), "steps: [{", "env: {OURS: '${{ "+pr+"head.repo.full_name == github.repository }}'}\n    steps: [{if: env.OURS == 'true', ", 1)},
	} {
		t.rule = "dangerous-trigger"
		twins = append(twins, t)
	}
	runTwins(t, twins)
}

// TestWhoWrote: GP-GATE-13, the author of a text is not always the one who starts the run.
func TestWhoWrote(t *testing.T) {
	echo := func(on, cond, expr string) string {
		return oneJob(on, "    if: "+cond+"\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ "+expr+" }}\n")
	}
	const member = "github.event.comment.author_association == 'MEMBER'"
	for name, tt := range map[string]struct{ text, want string }{
		"a member comments on an outsider's issue": {echo("issue_comment", member, "github.event.issue.title"), "high"},
		"a member's comment":                       {echo("issue_comment", member, "github.event.comment.body"), "medium"},
		"on a member's issue":                      {echo("issue_comment", "github.event.issue.author_association == 'MEMBER'", "github.event.issue.title"), "medium"},
		"an outsider comments on a member's issue": {echo("issue_comment", "github.event.issue.author_association == 'MEMBER'", "github.event.comment.body"), "high"},
		"a contributor's comment":                  {echo("issue_comment", "github.event.comment.author_association == 'CONTRIBUTOR'", "github.event.comment.body"), "high"},
		"merged":                                   {echo("pull_request_target", "github.event.pull_request.merged", "github.event.pull_request.title"), "high"},
		"merged, of this repository":               {echo("pull_request_target", "github.event.pull_request.merged && !github.event.pull_request.head.repo.fork", "github.head_ref"), "medium"},
		"a review of a branch":                     {echo("pull_request_review", "'!github.event.pull_request.head.repo.fork'", "github.event.review.body"), "high"},
		"a review by a member":                     {echo("pull_request_review", "github.event.review.author_association == 'OWNER'", "github.event.review.body"), "medium"},
		"a review of a fork":                       {echo("pull_request_review", "github.event.pull_request.head.repo.fork", "github.event.review.body"), "medium"},
	} {
		if got := found(t, "script-injection", tt.text); len(got) != 1 || got[0] != "w.yml:9 script-injection "+tt.want {
			t.Errorf("%s: %v, want %s", name, got, tt.want)
		}
	}
}

// TestInjectionByCallers: what a called file can gain depends on the events of its callers.
func TestInjectionByCallers(t *testing.T) {
	caller := func(on, with string) string {
		return "on: " + on + "\npermissions: {}\njobs:\n  a: {" + with + "uses: ./.github/workflows/t.yml}\n  b: {runs-on: ubuntu-latest, steps: [{uses: ./a}]}\n"
	}
	for name, tt := range map[string]struct{ caller, workflow, action string }{
		"pull requests":      {caller("pull_request", ""), "medium", "medium"},
		"privileged":         {caller("[pull_request, pull_request_target]", ""), "high", "high"},
		"condition of a job": {caller("[pull_request, pull_request_target]", "if: github.event_name == 'pull_request', "), "medium", "high"},
		"no caller":          {"on: push\npermissions: {}\njobs: {}\n", "high", "high"},
	} {
		got := only(lines(scan(t, gatetest.Write(t, map[string]string{
			".github/workflows/w.yml": tt.caller,
			".github/workflows/t.yml": "on: workflow_call\npermissions: {}\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n",
			"a/action.yml":            "name: a\ndescription: a\nruns:\n  using: composite\n  steps:\n    - {run: 'echo ${{ github.head_ref }}', shell: bash}\n",
		}))), "script-injection")
		if want := []string{"t.yml:7 script-injection " + tt.workflow, "action.yml:6 script-injection " + tt.action}; strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
