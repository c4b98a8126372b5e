package actionlint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const sha = "11bd71901bbe5b1630ceea73d27597364c9af683"

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// inputOf is what the gate hands to the scanner for a folder.
func inputOf(t *testing.T, dir string, exclude ...string) gate.Input {
	t.Helper()
	files, err := gate.Walk(context.Background(), dir, exclude)
	if err != nil {
		t.Fatal(err)
	}
	selected, _ := Scanner{}.Select(files, nil)
	return gate.Input{Dir: dir, Files: selected, Exclude: exclude}
}

func scan(t *testing.T, dir string, exclude ...string) gate.Result {
	t.Helper()
	res, err := Scanner{}.Scan(context.Background(), inputOf(t, dir, exclude...))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// lines lists findings as "path:line rule severity".
func lines(res gate.Result) []string {
	out := []string{}
	for _, f := range res.Findings {
		out = append(out, fmt.Sprintf("%s:%d %s %s", filepath.Base(f.At.Path), f.At.Line, f.Rule, f.Severity))
	}
	return out
}

// steps is a workflow with minimal permissions and one job of these steps.
func steps(event, text string) string {
	return "name: ci\non: " + event + "\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + text
}

func TestChecks(t *testing.T) {
	for name, tt := range map[string]struct {
		workflow string
		want     []string
	}{
		"clean": {steps("push", "      - uses: actions/checkout@"+sha+" # v4\n      - uses: ./actions/x\n      - run: true\n"), nil},
		"unpinned": {steps("push", "      - uses: actions/checkout@v4\n      - uses: docker://alpine:3\n      - uses: someone/thing/sub@main\n"+
			"      - uses: docker://alpine@sha256:"+strings.Repeat("0a", 32)+"\n"),
			[]string{"w.yml:8 unpinned-uses medium", "w.yml:9 unpinned-image high", "w.yml:10 unpinned-uses high"}},
		"unpinned workflow": {"on: push\npermissions: {}\njobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@v1\n",
			[]string{"w.yml:5 unpinned-uses high"}},
		"script injection": {steps("pull_request", "      - run: echo ${{ github.event.pull_request.title }}\n"),
			[]string{"w.yml:8 script-injection high"}},
		"unknown key": {steps("push", "      - run: true\n        shel: bash\n"), []string{"w.yml:9 syntax-check high"}},
		"no YAML":     {"on: push\njobs: {\n", []string{"w.yml:2 syntax-check high"}},
		"empty":       {"", []string{"w.yml:1 syntax-check high"}},
		"wrong type":  {steps("push", "      - run: echo ${{ github.evnt }}\n"), []string{"w.yml:8 expression medium"}},
		"write-all": {"on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: ubuntu-latest\n    permissions: write-all\n    steps: [{run: echo}]\n",
			[]string{"w.yml:2 excessive-permissions high", "w.yml:6 excessive-permissions high"}},
		"no permissions": {"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    permissions: {}\n    steps: [{run: echo}]\n  b:\n    runs-on: ubuntu-latest\n    steps: [{run: echo}]\n",
			[]string{"w.yml:7 excessive-permissions medium"}},
		"target, head": {steps("pull_request_target", "      - uses: actions/checkout@"+sha+"\n        with:\n          ref: ${{ github.event.pull_request.head.sha }}\n"),
			[]string{"w.yml:10 dangerous-trigger high"}},
		"target, number": {steps("pull_request_target", "      - uses: actions/checkout@"+sha+"\n        with: {ref: 'refs/pull/${{ github.event.number }}/merge'}\n"),
			[]string{"w.yml:9 dangerous-trigger high"}},
		"target, base": {steps("pull_request_target", "      - uses: actions/checkout@"+sha+"\n      - uses: actions/checkout@"+sha+"\n        with: {ref: '${{ github.base_ref }}'}\n"), nil},
		"target, gh":   {steps("pull_request_target", "      - run: gh pr checkout 1\n"), []string{"w.yml:8 dangerous-trigger high"}},
		"target, git": {steps("pull_request_target", "      - env: {N: '${{ github.event.number }}'}\n        run: |\n          git fetch origin pull/$N/head\n"),
			[]string{"w.yml:10 dangerous-trigger high"}},
		"run": {steps("{workflow_run: {workflows: [ci]}}", "      - uses: actions/checkout@"+sha+"\n        with:\n          repository: ${{ github.event.workflow_run.head_repository.full_name }}\n"),
			[]string{"w.yml:10 dangerous-trigger high"}},
		"pull_request, head": {steps("pull_request", "      - uses: actions/checkout@"+sha+"\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{".github/workflows/w.yml": tt.workflow, "actions/x/action.yml": "name: x\ndescription: x\nruns: {using: composite, steps: []}\n"})
			res := scan(t, dir)
			if diff := cmp.Diff(append([]string{}, tt.want...), lines(res)); diff != "" {
				t.Errorf("%s\n%+v", diff, res.Findings)
			}
			for _, f := range res.Findings {
				if f.Fix == "" || f.Message == "" || strings.Contains(f.Message, "\n") || strings.Contains(f.Message, dir) {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// What GitHub has learned since the last release of actionlint is no finding, but
// what $/ refers to is checked.
func TestNewerThanActionlint(t *testing.T) {
	dir := write(t, map[string]string{
		".github/workflows/w.yml": `on: push
permissions: {vulnerability-alerts: read, code-quality: read}
concurrency: {group: a, queue: max}
jobs:
  a:
    runs-on: ubuntu-latest
    outputs: {sha: "${{ job.workflow_sha }}"}
    steps:
      - uses: $/actions/x
        with: {wrong: 1}
      - uses: "$/actions/x"
      - run: echo ${{ job.workflow_ref }} ${{ github.head_ref }}
      - run: echo ${{ job.nothing }}
  b:
    needs: [a, c]
    cache-mode: read
    uses: $/.github/workflows/called.yml
    with: {x: "${{ needs.c.outputs.url }}"}
  c:
    uses: $/.github/workflows/missing.yml
`,
		".github/workflows/called.yml": "on:\n  workflow_call:\n    inputs: {x: {type: string, required: true}}\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: echo}]\n",
		"actions/x/action.yml":         "name: x\ndescription: x\ninputs: {right: {description: r}}\nruns: {using: composite, steps: []}\n",
	})
	want := []string{"w.yml:10 action medium", "w.yml:12 script-injection high", "w.yml:13 expression medium", "w.yml:20 workflow-call medium"}
	res := scan(t, dir)
	if diff := cmp.Diff(want, lines(res)); diff != "" {
		t.Errorf("%s\n%+v", diff, res.Findings)
	}
}

func TestActions(t *testing.T) {
	dir := write(t, map[string]string{
		"action.yml":                   "name: a\ndescription: a\nruns:\n  using: docker\n  image: docker://alpine:3\n",
		"actions/b/action.yaml":        "runs:\n  using: composite\n  steps:\n    - uses: actions/setup-go@v5\n    - uses: $/actions/c\n    - run: true\n",
		".github/actions/c/action.yml": "runs: [\n",
		"docs/action.yml":              "runs: {steps: [{uses: o/r@v1}]}\n",
	})
	res := scan(t, dir)
	want := []string{"action.yml:1 syntax-check high", "action.yml:5 unpinned-image high", "action.yaml:4 unpinned-uses medium", "action.yml:1 unpinned-uses high"}
	if diff := cmp.Diff(want, lines(res)); diff != "" || res.Covered != "3 actions" {
		t.Errorf("%s\n%s %+v", diff, res.Covered, res.Findings)
	}
}

// A repository must not be able to loosen the gate.
func TestRepositoryCannotLoosen(t *testing.T) {
	dir := write(t, map[string]string{
		".github/workflows/w.yml": strings.Replace(steps("pull_request", "      - run: echo ${{ github.head_ref }}\n"), "ubuntu-latest", "our-own", 1),
		".github/actionlint.yaml": "self-hosted-runner: {labels: [our-own]}\npaths: {'**/*.yml': {ignore: ['.*']}}\n",
	})
	if diff := cmp.Diff([]string{"w.yml:6 self-hosted-runner low", "w.yml:8 script-injection high"}, lines(scan(t, dir))); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(dir, ".github/actionlint.yaml"), []byte("["), 0o644); err != nil {
		t.Fatal(err)
	}
	if res, err := (Scanner{}).Scan(context.Background(), inputOf(t, dir)); err == nil {
		t.Errorf("a broken configuration: no error, but %+v", res)
	}
}

func TestNothingToScan(t *testing.T) {
	if diff := cmp.Diff(gate.Result{Findings: []report.Finding{}}, scan(t, write(t, map[string]string{"sub/.github/workflows/w.yml": "x"}))); diff != "" {
		t.Error(diff)
	}
}

func TestExcludeAndSymlink(t *testing.T) {
	dir := write(t, map[string]string{".github/workflows/w.yml": "", "actions/x/action.yml": "["})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, ".github/workflows/p.yml")); err != nil {
		t.Fatal(err)
	}
	res := scan(t, dir, "actions/", ".github/workflows/w.yml")
	if diff := cmp.Diff(gate.Result{Findings: []report.Finding{}}, res); diff != "" {
		t.Error(diff)
	}
}

func TestNothingPrinted(t *testing.T) {
	dir := write(t, map[string]string{".github/workflows/w.yml": "on: push\n", ".github/workflows/v.yml": steps("push", "      - uses: a@v1\n")})
	if got := gatetest.Printed(t, func() { scan(t, dir) }); got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestVersion(t *testing.T) {
	if got := (Scanner{}).Version(); got != "v1.7.12" && got != "unknown" {
		t.Error(got)
	}
}
