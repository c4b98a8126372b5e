package actionlint

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

const sha = "11bd71901bbe5b1630ceea73d27597364c9af683"

// inputOf returns what the gate passes to the scanner for a folder.
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

// only keeps the lines of one rule.
func only(all []string, rule string) []string {
	var out []string
	for _, line := range all {
		if strings.Fields(line)[1] == rule {
			out = append(out, line)
		}
	}
	return out
}

func TestChecks(t *testing.T) {
	for name, tt := range map[string]struct {
		workflow string
		want     []string
	}{
		"correct":                 {steps("push", "      - uses: ./actions/x\n      - run: make\n"), nil},
		"not our rule":            {steps("push", "      - uses: actions/checkout@v4\n"), nil},
		"unknown key":             {steps("push", "      - run: make\n        shel: bash\n"), []string{"w.yml:9 syntax-check high"}},
		"not YAML":                {"on: push\njobs: {\n", []string{"w.yml:2 syntax-check high"}},
		"empty":                   {"", []string{"w.yml:1 syntax-check high"}},
		"wrong type":              {steps("push", "      - run: echo ${{ github.evnt }}\n"), []string{"w.yml:8 expression medium"}},
		"input of an action":      {steps("push", "      - {uses: ./actions/x, with: {y: z}}\n"), []string{"w.yml:8 action medium"}},
		"missing input of a call": {"on: push\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/called.yml\n", []string{"w.yml:5 workflow-call medium"}},
		"missing workflow":        {"on: push\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/none.yml\n", []string{"w.yml:5 workflow-call medium"}},
		"runner":                  {strings.Replace(steps("push", "      - run: make\n"), "ubuntu-latest", "our-own", 1), []string{"w.yml:6 runner-label low"}},
		"empty filter":            {"on:\n  push:\n    branches:\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n", []string{"w.yml:3 syntax-check low"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := gatetest.Write(t, map[string]string{
				".github/workflows/w.yml":      tt.workflow,
				".github/workflows/called.yml": "on:\n  workflow_call:\n    inputs: {x: {type: string, required: true}}\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
				"actions/x/action.yml":         "name: x\ndescription: x\nruns: {using: composite, steps: []}\n",
			})
			res := scan(t, dir)
			if diff := cmp.Diff(append([]string{}, tt.want...), lines(res)); diff != "" {
				t.Errorf("%s\n%+v", diff, res.Findings)
			}
			if res.Covered != "2 workflows" {
				t.Errorf("covered %q", res.Covered)
			}
			for _, f := range res.Findings {
				if f.Fix == "" || f.Message == "" || strings.Contains(f.Message, "\n") || strings.Contains(f.Message, dir) {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

func TestNothingPrinted(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": "on: push\n", ".github/workflows/v.yml": steps("push", "      - uses: a@v1\n")})
	if got := gatetest.Printed(t, func() { scan(t, dir) }); got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestVersion(t *testing.T) {
	if got := (Scanner{}).Version(); got != "v1.7.12" && got != "unknown" {
		t.Error(got)
	}
}

// Only the selected files are read.
func TestOnlySelectedFiles(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{".github/workflows/a.yml": "[", ".github/workflows/b.yml": "["})
	res, err := Scanner{}.Scan(context.Background(), gate.Input{Dir: dir, Files: []gate.File{{Path: ".github/workflows/b.yml"}, {Path: "x.go"}}})
	if diff := cmp.Diff([]string{"b.yml:1 syntax-check high"}, lines(res)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
