package actionlint

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// Syntax that is newer than actionlint is not reported, but the target of $/ and the
// expressions after a translated one are checked.
func TestNewerThanActionlint(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
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
	if want := "2 workflows (newer syntax: 6 uses translated, 4 messages dropped)"; res.Covered != want {
		t.Errorf("covered %q, want %q", res.Covered, want)
	}
}

// Syntax that GitHub added in 2026 is not reported.
func TestPlatform(t *testing.T) {
	called := "on:\n  workflow_call:\n    inputs: {x: {type: string, required: true}}\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n"
	for name, text := range map[string]string{
		"port of a service":     "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    services: {db: {image: mysql, ports: [3306]}}\n    steps: [{run: 'echo ${{ job.services.db.ports[3306] }}'}]\n",
		"action of an old Node": steps("push", "      - uses: actions/checkout@v3\n"),
		"$/ in a step":          steps("push", "      - uses: $/actions/x\n"),
		"$/ in a job":           "on: push\npermissions: {}\njobs:\n  a:\n    uses: $/.github/workflows/called.yml\n    with: {x: y}\n",
		"job.workflow_*":        steps("push", "      - run: echo \"${{ job.workflow_ref }} ${{ job.workflow_sha }} ${{ job.workflow_repository }} ${{ job.workflow_file_path }}\"\n"),
		"cache-mode of a job":   "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    cache-mode: write-only\n    steps: [{run: make}]\n",
		"cache-mode of a call":  "on: push\npermissions: {}\njobs:\n  a:\n    cache-mode: none\n    uses: $/.github/workflows/called.yml\n    with: {x: y}\n",
		"queue of the workflow": "on: push\npermissions: {}\nconcurrency: {group: a, queue: max}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
		"queue of a job":        "on: push\npermissions: {}\njobs:\n  a:\n    concurrency: {group: a, queue: max}\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
		"services":              "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    services: {r: {image: redis, command: --save 60 1, entrypoint: redis-server}}\n    steps: [{run: make}]\n",
		"new scopes":            "on: push\npermissions: {artifact-metadata: write, attestations: write, code-quality: write, models: read, vulnerability-alerts: read}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
		"no deployment":         "on: push\npermissions: {}\njobs:\n  a:\n    environment: {name: x, deployment: false}\n    runs-on: ubuntu-26.04\n    steps: [{run: make}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": text, ".github/workflows/called.yml": called, "actions/x/action.yml": "name: x\ndescription: x\nruns: {using: composite, steps: [{uses: $/actions/x}]}\n"})
			if res := scan(t, dir); len(res.Findings)+len(res.Missing) > 0 {
				t.Errorf("%+v %+v", res.Findings, res.Missing)
			}
		})
	}
}
