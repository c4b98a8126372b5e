package workflow

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// TestCheckoutThroughCalls: GP-GATE-13, code of a pull request that a reusable workflow
// or a composite action checks out for a privileged workflow.
func TestCheckoutThroughCalls(t *testing.T) {
	const (
		head   = "${{ github.event.pull_request.head.sha }}"
		w      = ".github/workflows/w.yml"
		b      = ".github/workflows/b.yml"
		action = "actions/get/action.yml"
	)
	caller := func(on, with string) string {
		return "on: " + on + "\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n    with: {" + with + "}\n"
	}
	called := func(step string) string {
		return "on: {workflow_call: {inputs: {ref: {type: string}}}}\npermissions: {}\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - " + step + "\n"
	}
	composite := func(step string) string {
		return "name: x\ndescription: x\ninputs: {ref: {description: x}}\nruns:\n  using: composite\n  steps:\n    - " + step + "\n"
	}
	byInput := "uses: " + co + "\n        with: {ref: '${{ inputs.ref }}'}"
	uses := func(on, with string) string {
		return steps(on, "      - uses: ./actions/get\n        with: {"+with+"}\n")
	}
	const target = "pull_request_target"
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"input of a workflow":         {map[string]string{w: caller(target, "ref: '"+head+"'"), b: called(byInput)}, []string{"b.yml:8 dangerous-trigger high"}},
		"input, of the base":          {map[string]string{w: caller(target, "ref: '${{ github.sha }}'"), b: called(byInput)}, nil},
		"input, without rights":       {map[string]string{w: caller("pull_request", "ref: '"+head+"'"), b: called(byInput)}, nil},
		"event in a workflow":         {map[string]string{w: caller(target, "ref: x"), b: called("uses: " + co + "\n        with: {ref: '" + head + "'}")}, []string{"b.yml:8 dangerous-trigger high"}},
		"event, without rights":       {map[string]string{w: caller("pull_request", "ref: x"), b: called("uses: " + co + "\n        with: {ref: '" + head + "'}")}, nil},
		"script in a workflow":        {map[string]string{w: caller("issue_comment", "ref: '${{ github.event.issue.number }}'"), b: called("run: gh pr checkout ${{ inputs.ref }}")}, []string{"b.yml:7 dangerous-trigger high"}},
		"input of an action":          {map[string]string{w: uses(target, "ref: '"+head+"'"), action: composite(strings.ReplaceAll(byInput, "\n  ", "\n"))}, []string{"action.yml:8 dangerous-trigger high"}},
		"input of an action, base":    {map[string]string{w: uses(target, "ref: main"), action: composite(strings.ReplaceAll(byInput, "\n  ", "\n"))}, nil},
		"event in an action":          {map[string]string{w: uses(target, "ref: x"), action: composite("run: git pull origin refs/pull/1/head\n      shell: bash")}, []string{"action.yml:7 dangerous-trigger high"}},
		"variable of an action":       {map[string]string{w: uses(target, "ref: '"+head+"'"), action: composite("run: git checkout \"$REF\"\n      shell: bash\n      env: {REF: '${{ inputs.ref }}'}")}, []string{"action.yml:7 dangerous-trigger high"}},
		"variable of an action, base": {map[string]string{w: uses(target, "ref: '${{ github.base_ref }}'"), action: composite("run: git checkout \"$REF\"\n      shell: bash\n      env: {REF: '${{ inputs.ref }}'}")}, nil},
		"action in a workflow":        {map[string]string{w: caller(target, "ref: '"+head+"'"), b: called("uses: ./actions/get\n        with: {ref: '${{ inputs.ref }}'}"), action: composite(strings.ReplaceAll(byInput, "\n  ", "\n"))}, []string{"action.yml:8 dangerous-trigger high"}},
		"local action after it": {map[string]string{w: uses(target, "ref: '"+head+"'") + "      - uses: ./actions/get\n        with: {ref: main}\n", action: composite(strings.ReplaceAll(byInput, "\n  ", "\n"))},
			[]string{"w.yml:10 dangerous-trigger high", "action.yml:8 dangerous-trigger high"}},
		"two callers, each harmless": {map[string]string{w: caller("pull_request", "ref: '"+head+"'"), ".github/workflows/c.yml": caller(target, "ref: main"), b: called(byInput)}, nil},
		"default of a workflow":      {map[string]string{w: strings.Replace(caller(target, ""), "    with: {}\n", "", 1), b: strings.Replace(called(byInput), "{type: string}", "{type: string, default: '"+head+"'}", 1)}, []string{"b.yml:8 dangerous-trigger high"}},
		"default of an action":       {map[string]string{w: steps(target, "      - uses: ./actions/get\n"), action: strings.Replace(composite(strings.ReplaceAll(byInput, "\n  ", "\n")), "{description: x}}", "{description: x, default: '"+head+"'}}", 1)}, []string{"action.yml:8 dangerous-trigger high"}},
		"default, overridden":        {map[string]string{w: uses(target, "ref: main"), action: strings.Replace(composite(strings.ReplaceAll(byInput, "\n  ", "\n")), "{description: x}}", "{description: x, default: '"+head+"'}}", 1)}, nil},
		"only in a guarded job":      {map[string]string{w: strings.Replace(caller(target, "ref: '"+head+"'"), "    uses:", "    if: github.event.pull_request.merged\n    uses:", 1), b: called(byInput)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			res := scan(t, gatetest.Write(t, tt.files))
			if diff := cmp.Diff(append([]string{}, tt.want...), only(lines(res), "dangerous-trigger")); diff != "" {
				t.Errorf("%s\n%+v", diff, res.Findings)
			}
		})
	}
}

// TestHeadThroughOutputs: GP-GATE-13, the commit of a pull request by way of a step.
func TestHeadThroughOutputs(t *testing.T) {
	take := func(on, step string) string {
		return steps(on, step+"      - uses: "+co+"\n        with: {ref: '${{ steps.x.outputs.sha }}'}\n")
	}
	run := func(line string) string {
		return "      - id: x\n        env: {SHA: '${{ github.event.pull_request.head.sha }}', BASE: '${{ github.base_ref }}'}\n        run: " + line + "\n"
	}
	for name, tt := range map[string]struct{ on, step, want string }{
		"expression":     {"pull_request_target", run("echo \"sha=${{ github.event.pull_request.head.sha }}\" >> $GITHUB_OUTPUT"), "high"},
		"variable":       {"pull_request_target", run("echo \"sha=$SHA\" >> $GITHUB_OUTPUT"), "high"},
		"gh":             {"issue_comment", run("echo \"sha=$(gh pr view $N --json headRefOid -q .headRefOid)\" >> $GITHUB_OUTPUT"), "high"},
		"gh, stored":     {"issue_comment", run("|\n          S=$(gh api repos/o/r/pulls/1 --jq .head.sha)\n          echo \"sha=$S\" >> $GITHUB_OUTPUT"), "high"},
		"script":         {"issue_comment", "      - id: x\n        uses: actions/github-script@" + sha + "\n        with:\n          script: |\n            const pr = await github.rest.pulls.get({})\n            core.setOutput('sha', pr.data.head.sha)\n", "high"},
		"returned":       {"issue_comment", "      - id: x\n        uses: actions/github-script@" + sha + "\n        with:\n          script: |\n            const pr = await github.rest.pulls.get({})\n            return pr.data.head.sha\n", "high"},
		"exported":       {"issue_comment", run("echo \"SHA_OF=$(gh api x --jq .head.sha)\" >> $GITHUB_ENV"), "high"},
		"exported, base": {"issue_comment", run("echo \"SHA_OF=$(gh api x --jq .base.sha)\" >> $GITHUB_ENV"), ""},
		"action":         {"issue_comment", "      - id: x\n        uses: eficode/resolve-pr-refs@" + sha + "\n", "medium"},
		"branch":         {"issue_comment", run("echo \"sha=$(gh pr view $N --json headRefName -q .headRefName)\" >> $GITHUB_OUTPUT"), "medium"},
		"other":          {"pull_request_target", run("|\n          echo \"head=$SHA\" >> $GITHUB_OUTPUT\n          echo \"sha=main\" >> $GITHUB_OUTPUT"), "medium"},
		"base":           {"issue_comment", "      - id: x\n        uses: actions/github-script@" + sha + "\n        with:\n          script: |\n            const pr = await github.rest.pulls.get({})\n            core.setOutput('head', pr.data.head.sha)\n            core.setOutput('sha', pr.data.base.sha)\n", ""},
	} {
		text := take(tt.on, tt.step)
		switch {
		case name == "returned":
			text = strings.Replace(text, "outputs.sha", "outputs.result", 1)
		case strings.HasPrefix(name, "exported"):
			text = strings.Replace(text, "steps.x.outputs.sha", "env.SHA_OF", 1)
		}
		got := only(lines(scan(t, gatetest.Write(t, map[string]string{".github/workflows/w.yml": text}))), "dangerous-trigger")
		if tt.want == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || !strings.HasSuffix(got[0], tt.want) {
			t.Errorf("%s: %v, want %s", name, got, tt.want)
		}
	}
}
