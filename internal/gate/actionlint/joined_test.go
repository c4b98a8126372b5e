package actionlint

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// A fact that both tools report is one finding that names both. A fact that only one
// of them reports is a finding of that tool.
func TestJoined(t *testing.T) {
	const ours, theirs = workflow.Name, "actionlint"
	for name, tt := range map[string]struct {
		workflow string
		want     map[string][]string
	}{
		"script": {steps("issues", "      - run: echo ${{ github.event.issue.title }}\n"), map[string][]string{
			"w.yml:8 script-injection high": {ours, theirs},
		}},
		"block scalar": {steps("issues", "      - run: |\n          make\n          echo ${{ github.event.issue.title }}\n"), map[string][]string{
			"w.yml:10 script-injection high": {ours, theirs},
		}},
		"quoted": {steps("issues", "      - run: 'make ${{ github.event.issue.title }}'\n"), map[string][]string{
			"w.yml:8 script-injection high": {ours, theirs},
		}},
		"only compared": {steps("pull_request", "      - run: echo ${{ github.head_ref == 'main' }}\n"), map[string][]string{}},
		"compared beside another": {steps("pull_request_target", "      - run: echo ${{ github.event.pull_request.title }} ${{ github.head_ref == 'main' }}\n"), map[string][]string{
			"w.yml:8 script-injection high": {ours, theirs},
		}},
		"compared before another": {steps("pull_request_target", "      - run: echo ${{ github.head_ref == 'main' }} ${{ github.event.pull_request.title }}\n"), map[string][]string{
			"w.yml:8 script-injection high": {ours},
		}},
		"through a variable": {steps("issues", "      - run: echo ${{ env.T }}\n        env: {T: '${{ github.event.issue.title }}'}\n"), map[string][]string{
			"w.yml:8 script-injection high": {ours},
		}},
		"password of a container": {"on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: {image: 'x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', credentials: {username: u, password: swordfish}}\n    steps: [{run: make}]\n", map[string][]string{
			"w.yml:6 hardcoded-credentials high": {ours, theirs},
		}},
		"password of a login": {steps("push", "      - {uses: docker/login-action@"+sha+", with: {username: u, password: swordfish}}\n"), map[string][]string{
			"w.yml:8 hardcoded-credentials high": {ours},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": tt.workflow})
			files, err := gate.Walk(t.Context(), dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			shared := &workflow.Reader{}
			rep, _, err := gate.Run(t.Context(), gate.Options{
				Input:    gate.Input{Dir: dir, Files: files},
				Scanners: []gate.Scanner{workflow.Scanner{Reader: shared}, Scanner{Reader: shared}},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]string{}
			for _, f := range rep.Findings {
				got[lines(gate.Result{Findings: []report.Finding{f}})[0]] = f.Tools
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s\n%+v", diff, rep.Findings)
			}
		})
	}
}

// A warning that is left out because its text is only compared is counted in the row.
func TestOnlyCompared(t *testing.T) {
	for run, want := range map[string]string{
		"echo ${{ github.head_ref == 'main' }}":                    "1 workflow (1 warning about text that is only compared dropped)",
		"echo ${{ !github.head_ref }} ${{ job.workflow_ref }}":     "1 workflow (newer syntax: 1 use translated; 1 warning about text that is only compared dropped)",
		"echo ${{ github.head_ref == 'main' && github.head_ref }}": "1 workflow",
	} {
		res := scan(t, gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("pull_request", "      - run: "+run+"\n")}))
		if res.Covered != want {
			t.Errorf("%s: covered %q, want %q, %+v", run, res.Covered, want, res.Findings)
		}
	}
}

// Each tool has its own row, and a joined finding counts in both.
func TestRows(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
		".github/workflows/w.yml": steps("issues", "      - run: echo ${{ github.event.issue.title }}\n      - run: echo ${{ github.evnt }}\n"),
		"action.yml":              "runs: {using: composite, steps: [{uses: o/r@v1}]}\n",
	})
	files, err := gate.Walk(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	shared := &workflow.Reader{}
	rep, _, err := gate.Run(t.Context(), gate.Options{
		Input:    gate.Input{Dir: dir, Files: files},
		Scanners: []gate.Scanner{Scanner{Reader: shared}, workflow.Scanner{Reader: shared}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range rep.Checks {
		got[c.Name] = c.Result
	}
	want := map[string]string{
		"workflows (actionlint)":          "1 must be fixed, 1 not blocking in 1 workflow",
		"workflows (goldenpath-workflow)": "2 must be fixed in 1 workflow and 1 action",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
