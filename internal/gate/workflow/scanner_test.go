package workflow

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
		"script injection": {steps("pull_request_target", "      - run: echo ${{ github.event.pull_request.title }}\n"),
			[]string{"w.yml:8 script-injection high"}},
		"not YAML": {"on: push\njobs: {\n", nil},
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
		"target, git": {steps("pull_request_target", "      - env: {N: '${{ github.event.number }}'}\n        run: |\n          git fetch origin pull/$N/head\n          git checkout FETCH_HEAD\n"),
			[]string{"w.yml:10 dangerous-trigger high"}},
		"run": {steps("{workflow_run: {workflows: [ci]}}", "      - uses: actions/checkout@"+sha+"\n        with:\n          repository: ${{ github.event.workflow_run.head_repository.full_name }}\n"),
			[]string{"w.yml:10 dangerous-trigger high"}},
		"pull_request, head": {steps("pull_request", "      - uses: actions/checkout@"+sha+"\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": tt.workflow, "actions/x/action.yml": "name: x\ndescription: x\nruns: {using: composite, steps: []}\n"})
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

func TestActions(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
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

// A repository cannot loosen the gate.
func TestRepositoryCannotLoosen(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
		".github/workflows/w.yml": strings.Replace(steps("pull_request_target", "      - run: echo ${{ github.head_ref }}\n"), "ubuntu-latest", "our-own", 1),
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
	if diff := cmp.Diff(gate.Result{Findings: []report.Finding{}}, scan(t, gatetest.Write(t, map[string]string{"sub/.github/workflows/w.yml": "x"}))); diff != "" {
		t.Error(diff)
	}
}

func TestExcludeAndSymlink(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": "", "actions/x/action.yml": "["})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, ".github/workflows/p.yml")); err != nil {
		t.Fatal(err)
	}
	res := scan(t, dir, "actions/", ".github/workflows/w.yml")
	if diff := cmp.Diff(gate.Result{Findings: []report.Finding{}}, res); diff != "" {
		t.Error(diff)
	}
}

func TestNothingPrinted(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": "on: push\n", ".github/workflows/v.yml": steps("push", "      - uses: a@v1\n")})
	if got := gatetest.Printed(t, func() { scan(t, dir) }); got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestSelect(t *testing.T) {
	tree := []gate.File{
		{Path: ".github/actionlint.yaml"}, {Path: ".github/workflows/a.yml"}, {Path: ".github/workflows/sub/b.yml"}, {Path: ".github/workflows/c.md"},
		{Path: "action.yml"}, {Path: "main.go"}, {Path: "node_modules/x/action.yml"}, {Path: "web/.github/node_modules/x/action.yml"}, {Path: "x/y/action.yaml"}, {Path: "x/y/my-action.yaml"},
	}
	all := []string{".github/actionlint.yaml", ".github/workflows/a.yml", "action.yml", "x/y/action.yaml"}
	for _, tt := range []struct {
		changed gate.Changes
		want    []string
	}{
		{nil, all},
		{gate.Changes{}, nil},
		{gate.Changes{"main.go": true, ".github/workflows/sub/b.yml": true}, nil},
		{gate.Changes{"x/y/action.yaml": true}, all},
		{gate.Changes{".github/actionlint.yml": true}, all}, // it is gone
		{gate.Changes{".github/workflows/gone.yaml": true}, all},
		{gate.Changes{"gone/action.yml": true}, all},
	} {
		files, ok := Scanner{}.Select(tree, tt.changed)
		var got []string
		for _, f := range files {
			got = append(got, f.Path)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want != nil) {
			t.Errorf("%v: %v\n%s", tt.changed, ok, diff)
		}
	}
	if files, ok := (Scanner{}).Select(tree[5:6], nil); ok || files != nil {
		t.Errorf("%v", files)
	}
}

// A folder is parsed once for all scanners.
func TestReaderShares(t *testing.T) {
	dir, other := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", "")}), t.TempDir()
	r := &Reader{}
	read := func(dir string) *Tree {
		t.Helper()
		tree, err := r.Read(t.Context(), inputOf(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	first := read(dir)
	if read(dir) != first || read(other) == first {
		t.Error("one tree for each folder is expected")
	}
	if err := os.WriteFile(filepath.Join(dir, ".github/workflows/v.yml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if read(dir) == first {
		t.Error("other files of the same folder are another tree")
	}
}

func TestReaderDoesNotKeepErrors(t *testing.T) {
	in := inputOf(t, gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", "")}))
	r := &Reader{}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Read(ended, in); err == nil {
		t.Error("a cancelled read has no error")
	}
	if tree, err := r.Read(t.Context(), in); err != nil || len(tree.Workflows()) != 1 {
		t.Errorf("%v", err)
	}
}

// GP-GATE-13: the configurations of Dependabot and pre-commit.
func TestOtherConfigurations(t *testing.T) {
	update := func(more string) string {
		return "version: 2\nupdates:\n  - package-ecosystem: npm\n    directory: /\n    schedule: {interval: daily}\n" + more
	}
	for name, tt := range map[string]struct {
		path, text string
		want       []string
	}{
		"no cooldown":       {".github/dependabot.yml", update(""), []string{"dependabot.yml:3 dependabot-cooldown low"}},
		"short cooldown":    {".github/dependabot.yaml", update("    cooldown: {default-days: 2}\n"), []string{"dependabot.yaml:6 dependabot-cooldown low"}},
		"cooldown":          {".github/dependabot.yml", update("    cooldown: {default-days: 7}\n"), nil},
		"security only":     {".github/dependabot.yml", update("    open-pull-requests-limit: 0\n"), nil},
		"code":              {".github/dependabot.yml", update("    cooldown: {default-days: 7}\n    insecure-external-code-execution: allow\n"), []string{"dependabot.yml:7 dependabot-execution medium"}},
		"code with secrets": {".github/dependabot.yml", update("    cooldown: {default-days: 7}\n    registries: [ours]\n    insecure-external-code-execution: allow\n"), []string{"dependabot.yml:8 dependabot-execution high"}},
		"elsewhere":         {"docs/dependabot.yml", update(""), nil},
		"hooks":             {".pre-commit-config.yaml", "repos:\n  - repo: http://example.com/x\n  - repo: https://example.com/y\n  - repo: local\n  - repo: git://example.com/z\n", []string{".pre-commit-config.yaml:2 insecure-url-scheme medium", ".pre-commit-config.yaml:5 insecure-url-scheme medium"}},
	} {
		res := scan(t, gatetest.Write(t, map[string]string{tt.path: tt.text}))
		if diff := cmp.Diff(append([]string{}, tt.want...), lines(res)); diff != "" || len(res.Missing) > 0 {
			t.Errorf("%s: %s %v", name, diff, res.Missing)
		}
	}
	res := scan(t, gatetest.Write(t, map[string]string{".github/dependabot.yml": "updates: [\n"}))
	if len(res.Missing) != 1 || len(res.Findings) != 0 {
		t.Errorf("a file that cannot be read is clean: %+v", res)
	}
}
