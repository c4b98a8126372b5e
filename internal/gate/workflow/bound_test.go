package workflow

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// A file beyond the limits is reported as not checked (GP-GATE-1: no scanner fails
// silently).
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
				res := scan(t, gatetest.Write(t, map[string]string{file: text}))
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

// TestConditionsEnd: conditions that read each other take a bounded time.
func TestConditionsEnd(t *testing.T) {
	text := "on: pull_request_target\npermissions: {}\nenv:\n"
	for layer := range 20 {
		next := fmt.Sprintf("env.v%d", (layer+1)%20)
		text += fmt.Sprintf("  v%d: ${{ (%s) == %s || case(%s, %s, %s) }}\n", layer, strings.Repeat(next+" && ", 200)+next, next, next, next, next)
	}
	text += "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{if: env.v0, run: gh pr checkout 1}]\n"
	if got := found(t, "dangerous-trigger", text); len(got) != 1 {
		t.Error(got)
	}
}

// TestUnread: a part that GitHub rejects is not reported as clean.
func TestUnread(t *testing.T) {
	const action = "name: a\ndescription: a\nruns: {using: composite, steps: []}\n"
	ok := steps("push", "      - run: make\n")
	for name, tt := range map[string]struct{ file, text, missing, found, covered string }{
		"one document":           {".github/workflows/w.yml", "---\n" + ok + "---\n", "", "", "1 workflow"},
		"two documents":          {".github/workflows/w.yml", ok + "---\n" + ok, "keep one document", "", "1 workflow"},
		"two, and not YAML":      {".github/workflows/w.yml", ok + "---\na: [\n", "keep one document", "", "1 workflow"},
		"two actions":            {"action.yml", action + "---\n" + action, "keep one document", "", "1 action"},
		"something else":         {"chart/action.yaml", "kind: A\n---\nkind: B\n", "", "", ""},
		"a key twice":            {"action.yml", action + "runs: {using: composite, steps: []}\n", "", "action.yml:1 syntax-check high", ""},
		"a key twice in a step":  {"action.yml", "name: a\ndescription: a\nruns: {using: composite, steps: [{run: a, run: b, shell: sh}]}\n", "", "action.yml:1 syntax-check high", ""},
		"nothing":                {".github/workflows/w.yml", "", "", "", "1 workflow without a job that could be parsed"},
		"Dependabot, not YAML":   {".github/dependabot.yml", "version: [\n", "correct the syntax", "", ""},
		"Dependabot, too nested": {".github/dependabot.yml", "a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "make the file smaller", "", ""},
	} {
		res := scan(t, gatetest.Write(t, map[string]string{tt.file: tt.text}))
		remedy := ""
		for _, g := range res.Missing {
			remedy += g.Remedy
		}
		if !strings.HasPrefix(remedy, tt.missing) || (remedy == "") != (tt.missing == "") || strings.Join(lines(res), " ") != tt.found || res.Covered != tt.covered {
			t.Errorf("%s: %q %q %v", name, remedy, res.Covered, lines(res))
		}
	}
}

func TestRemedyOfALink(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{"a/README.md": ""})
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "a", "action.yml")); err != nil {
		t.Skip(err)
	}
	in := gate.Input{Dir: dir, Files: []gate.File{{Path: "a/action.yml", Link: true}}}
	if res, err := (Scanner{}).Scan(t.Context(), in); err != nil || len(res.Missing) != 1 || !strings.Contains(res.Missing[0].Remedy, "a regular file") {
		t.Errorf("%+v %v", res, err)
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

// Every context that actionlint warns of is a finding of ours as well.
func TestSupersetOfActionlint(t *testing.T) {
	var each func(prefix string, m *actionlint.UntrustedInputMap)
	each = func(prefix string, m *actionlint.UntrustedInputMap) {
		path := prefix + m.Name
		for _, c := range m.Children {
			each(path+".", c)
		}
		if len(m.Children) > 0 {
			return
		}
		dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", "      - run: echo \"${{ "+path+" }}\"\n")})
		if got := only(lines(scan(t, dir)), "script-injection"); len(got) != 1 || !strings.HasSuffix(got[0], " high") {
			t.Errorf("%s: %v", path, got)
		}
	}
	for _, m := range actionlint.BuiltinUntrustedInputs {
		each("", m)
	}
}
