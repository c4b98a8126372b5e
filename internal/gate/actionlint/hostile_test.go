package actionlint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// What is too large for those who read it after us is said to be unread (GP-GATE-1:
// no scanner fails silently).
func TestBounds(t *testing.T) {
	bomb := "on: push\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("x%d: &x%d [%s*x%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*x%d, ", i), 9), i)
	}
	deepEnv := ""
	for level := range 5 {
		for i := range 40 {
			all := ""
			for k := range 40 {
				all += fmt.Sprintf("${{ env.v%d_%d }}", level+1, k)
			}
			deepEnv += fmt.Sprintf("  v%d_%d: %s\n", level, i, all)
		}
	}
	for name, text := range map[string]string{
		"5 MB":       steps("push", "      - run: "+strings.Repeat("x", 5<<20)+"\n"),
		"deep":       "on: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "\n",
		"blocks":     strings.Repeat("- ", 5000) + "a\n",
		"aliases":    bomb,
		"a loop":     "on: push\nx: &x [*x]\n",
		"expression": steps("push", "      - run: echo ${{ "+strings.Repeat("(", 30_000)+" }}\n"),
		"unclosed":   steps("push", "      - run: echo ${{ "+strings.Repeat("!", 30_000)+"\n"),
		"condition":  steps("push", "      - if: "+strings.Repeat("(", 30_000)+"\n        run: make\n"),
		"needs":      needs(),
		"variables":  "on: push\nenv:\n" + deepEnv + "permissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ env.v0_0 }}\n",
	} {
		for _, file := range []string{".github/workflows/w.yml", "action.yml"} {
			if file == "action.yml" && (name == "variables" || name == "needs") {
				continue
			}
			t.Run(name+" "+filepath.Base(file), func(t *testing.T) {
				res := scan(t, write(t, map[string]string{file: text}))
				if len(res.Missing) == 0 && len(res.Findings) == 0 {
					t.Errorf("neither a gap nor a finding: %+v", res)
				}
				for _, g := range res.Missing {
					if g.What == "" || g.Why == "" || g.Remedy == "" || len(g.Why) > 300 {
						t.Errorf("%+v", g)
					}
				}
			})
		}
	}
}

// needs are layers of jobs, each of which waits for all of the layer below.
func needs() string {
	text := "on: pull_request\njobs:\n"
	for layer := range 12 {
		for i := range 12 {
			text += fmt.Sprintf("  j%d_%d:\n    runs-on: self-hosted\n    steps: [{run: make}]\n    needs: [", layer, i)
			for k := range 12 {
				if layer > 0 {
					text += fmt.Sprintf("j%d_%d, ", layer-1, k)
				}
			}
			text += "]\n"
		}
	}
	return text
}

// A reference leads actionlint nowhere outside the repository, and to no device.
func TestReferencesStayInside(t *testing.T) {
	outside := write(t, map[string]string{"x/action.yml": "name: [\n", "w.yml": "on: [\n"})
	dir := write(t, map[string]string{
		"actions/ok/action.yml": "name: ok\ndescription: ok\ninputs: {a: {description: a}}\nruns: {using: composite, steps: []}\n",
		".github/workflows/a.yml": "on: push\npermissions: {}\njobs:\n  a:\n    uses: ./../../../../../../../../dev/zero\n  b:\n    uses: ./.github/workflows/link.yml\n  c:\n    runs-on: ubuntu-latest\n    steps:\n" +
			"      - uses: ./actions/link\n      - uses: ./../../../../../../../../dev\n      - uses: $/../../../../../../dev\n      - {uses: ./actions/ok, with: {b: 1}}\n      - uses: \"./actions/l\\x69nk\"\n",
		".github/workflows/b.yml": "on: push\npermissions: {}\njobs:\n  a:\n    uses: \"./\\x2e./../../../../../../../dev/zero\"\n",
	})
	for link, to := range map[string]string{"actions/link": filepath.Join(outside, "x"), ".github/workflows/link.yml": "/dev/zero"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan gate.Result, 1)
	go func() {
		res, _ := Scanner{}.Scan(context.Background(), inputOf(t, dir))
		done <- res
	}()
	select {
	case res := <-done:
		var gaps []string
		for _, g := range res.Missing {
			gaps = append(gaps, g.What)
		}
		if diff := cmp.Diff([]string{".github/workflows/a.yml", ".github/workflows/b.yml"}, gaps); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(fmt.Sprint(res), outside) {
			t.Errorf("%+v", res)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it reads what does not end")
	}
}

func TestReferenceOutOfTheRepository(t *testing.T) {
	dir := write(t, map[string]string{
		".github/workflows/a.yml": steps("push", "      - uses: ./actions/link\n      - uses: ./../beside\n      - run: echo ${{ github.evnt }}\n"),
		"actions/x/action.yml":    "runs: {using: composite, steps: []}\n",
	})
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "actions/link")); err != nil {
		t.Fatal(err)
	}
	res := scan(t, dir)
	if len(res.Missing) != 1 || res.Missing[0].What != "./actions/link in .github/workflows/a.yml" {
		t.Errorf("%+v", res.Missing)
	}
	if diff := cmp.Diff([]string{"a.yml:10 expression medium"}, lines(res)); diff != "" {
		t.Error(diff)
	}
}

// Labels name runners; a pattern for everything names none (GP-GATE-6).
func TestLabels(t *testing.T) {
	for pattern, silenced := range map[string]bool{
		"our-own": true, "our-*": true, "ubuntu-lates": true,
		"*": false, "**": false, "?*": false, "[a-z]*": false, "[!u]*": false, "o*": false, "ubuntu-*": false, "ubu*": false, "macos-1*": false, `\u*`: false, "[": false,
	} {
		label := "our-own"
		if strings.HasPrefix(pattern, "ub") || strings.HasPrefix(pattern, `\u`) {
			label = "ubuntu-lates"
		}
		if strings.HasPrefix(pattern, "mac") {
			label = "macos-1"
		}
		dir := write(t, map[string]string{
			".github/workflows/w.yml": strings.Replace(steps("push", "      - run: make\n"), "ubuntu-latest", label, 1),
			".github/actionlint.yml":  fmt.Sprintf("self-hosted-runner: {labels: ['%s']}\n", pattern),
		})
		if got := len(only(lines(scan(t, dir)), "runner-label")) == 0; got != silenced {
			t.Errorf("%s: silenced %v", pattern, got)
		}
	}
}

// A configuration without config-variables forbids none.
func TestVariables(t *testing.T) {
	for config, want := range map[string]int{"{}\n": 0, "config-variables: null\n": 0, "config-variables: [OTHER]\n": 1, "config-variables: []\n": 1} {
		dir := write(t, map[string]string{".github/workflows/w.yml": steps("push", "      - run: echo ${{ vars.ONE }}\n"), ".github/actionlint.yaml": config})
		if got := lines(scan(t, dir)); len(got) != want {
			t.Errorf("%s: %v", config, got)
		}
	}
}

func TestConfigurationIsAFile(t *testing.T) {
	dir := write(t, map[string]string{".github/workflows/w.yml": steps("push", "      - run: make\n")})
	if err := os.Symlink("/dev/zero", filepath.Join(dir, ".github/actionlint.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := (Scanner{}).Scan(context.Background(), inputOf(t, dir)); err == nil || !strings.Contains(err.Error(), "actionlint.yaml") {
		t.Error(err)
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

// Nothing below the folder but the files it is given is read.
func TestOnlySelectedFiles(t *testing.T) {
	dir := write(t, map[string]string{".github/workflows/a.yml": "[", ".github/workflows/b.yml": "["})
	res, err := Scanner{}.Scan(context.Background(), gate.Input{Dir: dir, Files: []gate.File{{Path: ".github/workflows/b.yml"}, {Path: "x.go"}}})
	if diff := cmp.Diff([]string{"b.yml:1 syntax-check high"}, lines(res)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// Every context that actionlint warns of is a finding of ours: its own warning is
// left out.
func TestSupersetOfActionlint(t *testing.T) {
	var walk func(prefix string, m *actionlint.UntrustedInputMap)
	walk = func(prefix string, m *actionlint.UntrustedInputMap) {
		path := prefix + m.Name
		for _, c := range m.Children {
			walk(path+".", c)
		}
		if len(m.Children) > 0 {
			return
		}
		dir := write(t, map[string]string{".github/workflows/w.yml": steps("push", "      - run: echo \"${{ "+path+" }}\"\n")})
		if got := only(lines(scan(t, dir)), "script-injection"); len(got) != 1 || !strings.HasSuffix(got[0], " high") {
			t.Errorf("%s: %v", path, got)
		}
	}
	for _, m := range actionlint.BuiltinUntrustedInputs {
		walk("", m)
	}
}

// What GitHub has learned in 2026, with its own syntax.
func TestPlatform(t *testing.T) {
	called := "on:\n  workflow_call:\n    inputs: {x: {type: string, required: true}}\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n"
	for name, text := range map[string]string{
		"$/ in a step":          steps("push", "      - uses: $/actions/x\n"),
		"$/ in a job":           "on: push\npermissions: {}\njobs:\n  a:\n    uses: $/.github/workflows/called.yml\n    with: {x: y}\n",
		"job.workflow_*":        steps("push", "      - run: echo \"${{ job.workflow_ref }} ${{ job.workflow_sha }} ${{ job.workflow_repository }} ${{ job.workflow_file_path }}\"\n"),
		"cache-mode of a job":   "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    cache-mode: write-only\n    steps: [{run: make}]\n",
		"cache-mode of a call":  "on: push\npermissions: {}\njobs:\n  a:\n    cache-mode: none\n    uses: $/.github/workflows/called.yml\n    with: {x: y}\n",
		"queue of the workflow": "on: push\npermissions: {}\nconcurrency: {group: a, queue: max}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
		"queue of a job":        "on: push\npermissions: {}\njobs:\n  a:\n    concurrency: {group: a, queue: max}\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
		"new scopes":            "on: push\npermissions: {artifact-metadata: write, attestations: write, code-quality: write, models: read, vulnerability-alerts: read}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
		"no deployment":         "on: push\npermissions: {}\njobs:\n  a:\n    environment: {name: x, deployment: false}\n    runs-on: ubuntu-26.04\n    steps: [{run: make}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{".github/workflows/w.yml": text, ".github/workflows/called.yml": called, "actions/x/action.yml": "name: x\ndescription: x\nruns: {using: composite, steps: [{uses: $/actions/x}]}\n"})
			if res := scan(t, dir); len(res.Findings)+len(res.Missing) > 0 {
				t.Errorf("%+v %+v", res.Findings, res.Missing)
			}
		})
	}
}
