package commandtest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// placeholder stands for a commit in documents. A release replaces those of goldenpath.
const placeholder = "<commit SHA>"

var (
	commitID     = regexp.MustCompile(`@[0-9a-f]{40} # v\d`)
	calledAction = regexp.MustCompile(`^` + self + `actions/([a-z-]+)@[0-9a-f]{40}$`)
)

// CheckExample checks a YAML block of a document: a configuration must be valid, and a
// workflow must call ours with existing inputs.
func CheckExample(t *testing.T, d Document, b Block) {
	var tree any
	for _, m := range usesLine.FindAllStringSubmatch(b.Text, -1) {
		pin := strings.Replace(m[1], placeholder, strings.Repeat("0", 40), 1)
		if !commitID.MatchString(pin) && !ours.MatchString(m[1]) {
			t.Errorf("%s:%d: uses: %s names neither %s nor a commit, with the version as a comment", d.File, b.Line, m[1], placeholder)
		}
	}
	text := strings.ReplaceAll(b.Text, placeholder, strings.Repeat("0", 40))
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		t.Errorf("%s:%d: %v", d.File, b.Line, err)
		return
	}
	if top, ok := tree.(map[string]any); ok && isConfiguration(top) {
		if top["version"] == nil {
			text = "version: 1\n" + text
		}
		if _, err := config.Parse([]byte(text)); err != nil {
			t.Errorf("%s:%d: %v", d.File, b.Line, err)
		}
	}
	var w Workflow
	if top, ok := tree.(map[string]any); ok && top["on"] != nil && top["jobs"] != nil {
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Errorf("%s:%d: %v", d.File, b.Line, err)
		}
	}
	checkUses(t, d, b, tree)
}

// isConfiguration: a .goldenpath.yml, or a part of its top.
func isConfiguration(top map[string]any) bool {
	for _, key := range []string{"app", "artifact", "checks", "battery", "preview", "environments", "gate", "scorecard", "flags", "llm", "notify"} {
		if top[key] != nil {
			return true
		}
	}
	return false
}

// checkUses finds what calls a workflow or an action of ours, at any depth.
func checkUses(t *testing.T, d Document, b Block, node any) {
	switch node := node.(type) {
	case []any:
		for _, n := range node {
			checkUses(t, d, b, n)
		}
	case map[string]any:
		uses, _ := node["uses"].(string)
		with, _ := node["with"].(map[string]any)
		secrets, _ := node["secrets"].(map[string]any)
		granted, stated := node["permissions"].(map[string]any)
		if m := called.FindStringSubmatch(uses); m != nil {
			w := ReadWorkflow(t, ".github/workflows", m[1])
			if w.On.Call == nil {
				t.Fatalf("%s:%d: %s cannot be called", d.File, b.Line, w.File)
			}
			exist(t, d, b, uses, with, w.On.Call.Inputs, node["with"] != nil || len(node) > 1)
			exist(t, d, b, uses, secrets, w.On.Call.Secrets, node["secrets"] != nil)
			for scope, need := range needs(t, w) {
				if have, _ := granted[scope].(string); stated && level(have) < level(need) {
					t.Errorf("%s:%d: %s asks for %s: %s", d.File, b.Line, uses, scope, need)
				}
			}
		}
		if m := calledAction.FindStringSubmatch(uses); m != nil {
			exist(t, d, b, uses, with, ReadAction(t, m[1]).Inputs, true)
		}
		for _, n := range node {
			checkUses(t, d, b, n)
		}
	}
}

// exist asserts that what is given is declared, and, where the example is whole,
// that what is required is given.
func exist(t *testing.T, d Document, b Block, uses string, given map[string]any, declared Ordered[Input], whole bool) {
	for name := range given {
		if _, ok := declared.Values[name]; !ok {
			t.Errorf("%s:%d: %s has no %s", d.File, b.Line, uses, name)
		}
	}
	for name, in := range declared.Values {
		if _, ok := given[name]; in.Required && whole && !ok {
			t.Errorf("%s:%d: %s requires %s", d.File, b.Line, uses, name)
		}
	}
}
