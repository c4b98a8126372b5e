package actionlint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// Parallel steps are valid, and what they contain is checked like any step. A step
// that does nothing is still a mistake.
func TestParallelSteps(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("issues", `      - id: srv
        run: ./server
        background: true
      - parallel:
          - run: echo ${{ github.event.issue.title }}
          - parallel:
              - run: echo ${{ job.nothing }}
      - wait: [srv]
      - {wait-all: true, name: x}
      - cancel: srv
      - name: nothing
`)})
	res := scan(t, dir)
	want := []string{"w.yml:12 script-injection high", "w.yml:14 expression medium", "w.yml:18 syntax-check high"}
	if diff := cmp.Diff(want, lines(res)); diff != "" {
		t.Errorf("%s\n%+v", diff, res.Findings)
	}
	if want := "1 workflow (newer syntax: 5 messages dropped)"; res.Covered != want {
		t.Errorf("covered %q, want %q", res.Covered, want)
	}
}

// A key that resembles no other may be newer than actionlint. A misspelled or misplaced
// key is a mistake, and the steps below an unknown key are checked.
func TestUnknownKeys(t *testing.T) {
	job := func(text string) string {
		return "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n" + text + "    steps: [{run: make}]\n"
	}
	for text, want := range map[string][]string{
		job("    hibernate: true\n"):                                          {"w.yml:6 syntax-check medium"},
		job("    timeout-minuets: 5\n"):                                       {"w.yml:6 syntax-check high"},
		job("    branches: [main]\n"):                                         {"w.yml:6 syntax-check high"},
		job("    cancel-timeout-minutes: 5\n"):                                {},
		job("    finally: [{run: 'echo ${{ github.event.issue.title }}'}]\n"): {"w.yml:6 script-injection high", "w.yml:6 syntax-check medium"},
	} {
		res := scan(t, gatetest.Write(t, map[string]string{".github/workflows/w.yml": text}))
		got := lines(res)
		if len(want) == 2 {
			got = []string{only(got, "script-injection")[0], only(got, "syntax-check")[0]}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s%s\n%+v", text, diff, res.Findings)
		}
	}
}

// GitHub runs an action whose inputs have a type:, so its callers are checked.
func TestInputWithType(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
		".github/workflows/w.yml": steps("push", "      - uses: ./act\n      - uses: $/act\n        with: {title: x, titel: y}\n"),
		"act/action.yml":          "name: x\ndescription: x\ninputs:\n  title: {description: x, required: true, type: string}\n  other: {description: x, required: true, default: y}\nruns: {using: composite, steps: []}\n",
	})
	want := []string{`missing input "title" which is required by action "./act"`, `input "titel" is not defined in action "./act"`}
	got := []string{}
	for _, f := range scan(t, dir).Findings {
		got = append(got, f.Message)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Inputs that are deprecated work, and a label's message does not list all labels.
func TestMessages(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
		".github/workflows/w.yml": strings.Replace(steps("push", "      - uses: ./act\n        with: {old: x}\n"), "ubuntu-latest", "big", 1),
		"act/action.yml":          "name: x\ndescription: x\ninputs:\n  old: {description: x, deprecationMessage: use new}\nruns: {using: composite, steps: []}\n",
	})
	res := scan(t, dir)
	if diff := cmp.Diff([]string{"w.yml:6 runner-label low", "w.yml:9 action low"}, lines(res)); diff != "" {
		t.Fatal(diff)
	}
	if got := res.Findings[0].Message; got != `label "big" is unknown` {
		t.Error(got)
	}
	if got := res.Findings[1].Fix; strings.Contains(got, "reject") {
		t.Error(got)
	}
}
