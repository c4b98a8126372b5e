package runtime

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

func ask(t *testing.T, policy map[string]string) (gate.Result, error) {
	t.Helper()
	return scan(t.Context(), t, &Scanner{Sources: []Source{{Manifests: "deploy"}}, Policy: "policy"}, with(policy, map[string]string{
		"deploy/a.yaml": pod("a", "") + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
	}))
}

// GP-GATE-12: the rules of a repository follow the conventions of conftest.
func TestPolicy(t *testing.T) {
	for name, tt := range map[string]struct {
		rego string
		want []string
	}{
		"deny":           {"package main\ndeny contains msg if {\n\tinput.kind == \"Pod\"\n\tmsg := sprintf(\"no %s\", [input.kind])\n}", []string{"high main.deny deploy/a.yaml:1 Pod/a: no Pod"}},
		"import rego.v1": {"package main\nimport rego.v1\ndeny contains \"x\" if input.kind == \"Pod\"", []string{"high main.deny deploy/a.yaml:1 Pod/a: x"}},
		"before OPA 1":   {"package main\ndeny[msg] { input.kind == \"ConfigMap\"; msg := \"x\" }", []string{"high main.deny deploy/a.yaml:13 ConfigMap/c: x"}},
		"warn_":          {"package a.b\nwarn_names contains \"x\" if input.metadata.name == \"c\"", []string{"medium a.b.warn_names deploy/a.yaml:13 ConfigMap/c: x"}},
		"object": {"package main\nviolation contains {\"msg\": \"x\", \"id\": \"no-pods\", \"severity\": \"CRITICAL\", \"fix\": \"y\"} if input.kind == \"Pod\"",
			[]string{"critical no-pods deploy/a.yaml:1 Pod/a: x"}},
		"array":            {"package main\ndeny := [\"x\", \"y\"] if input.kind == \"Pod\"", []string{"high main.deny deploy/a.yaml:1 Pod/a: x", "high main.deny deploy/a.yaml:1 Pod/a: y"}},
		"boolean":          {"package main\ndefault deny := false\ndeny if input.kind == \"Pod\"", []string{"high main.deny deploy/a.yaml:1 Pod/a: violates main.deny"}},
		"string":           {"package main\ndeny := \"x\" if input.kind == \"Pod\"", []string{"high main.deny deploy/a.yaml:1 Pod/a: x"}},
		"undefined":        {"package main\ndeny contains input.spec.nothing.at.all", []string{}},
		"two bodies":       {"package main\ndeny contains \"x\" if input.kind == \"Pod\"\ndeny contains \"y\" if input.kind == \"Pod\"", []string{"high main.deny deploy/a.yaml:1 Pod/a: x", "high main.deny deploy/a.yaml:1 Pod/a: y"}},
		"name with a dash": {"package a[\"b-c\"]\ndeny contains \"x\" if input.kind == \"Pod\"", []string{"high a[\"b-c\"].deny deploy/a.yaml:1 Pod/a: x"}},
		"print and a function": {"package main\ndenied(x) if x == \"Pod\"\ndeny contains \"x\" if {\n\tprint(\"secret\", input)\n\tdenied(input.kind)\n}",
			[]string{"high main.deny deploy/a.yaml:1 Pod/a: x"}},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			res, err := ask(t, map[string]string{"policy/x/a.rego": tt.rego, "policy/a_test.rego": "package main\nbroken {", "policy/data.json": "{"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(res)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// GP-GATE-12: a mistake in the policy is an error, not a pass.
func TestPolicyRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ rego, want string }{
		"network":    {"package main\ndeny contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://example.com\"})", "policy/a.rego:2:22 undefined function http.send (a policy has no access"},
		"names":      {"package main\ndeny contains net.lookup_ip_addr(\"example.com\")", "undefined function net.lookup_ip_addr"},
		"host":       {"package main\ndeny contains opa.runtime().env.PATH", "undefined function opa.runtime"},
		"schema":     {"package main\ndeny contains \"x\" if json.match_schema({}, {\"$ref\": \"http://example.com\"})[0]", "undefined function json.match_schema"},
		"syntax":     {"package main\ndeny contains if {", "policy/a.rego:2:"},
		"recursion":  {"package main\ndeny contains x if some x in deny", "policy/a.rego:2:1 rule data.main.deny is recursive"},
		"unsafe":     {"package main\ndeny contains x if y", "unsafe"},
		"nothing":    {"package main\nallow := true", "would check nothing"},
		"no package": {"deny := true", "package"},
		"empty":      {"", "policy/a.rego"},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			if _, err := ask(t, map[string]string{"policy/a.rego": tt.rego}); !usage(err, tt.want) {
				t.Error(err)
			}
		})
	}
	t.Run("no file GP-GATE-12", func(t *testing.T) {
		if _, err := ask(t, map[string]string{"policy/a_test.rego": "package main\ndeny := true"}); !usage(err, "policy has no .rego file") {
			t.Error(err)
		}
	})
	t.Run("a link GP-GATE-12", func(t *testing.T) {
		if _, err := ask(t, map[string]string{"other/a.rego": "package main\ndeny := true", "policy": "-> other"}); err == nil {
			t.Error("followed")
		}
	})
	for name, rego := range map[string]string{
		"conflict":        "package main\ndeny := x if some x in [\"a\", \"b\"]",
		"failing builtin": "package main\ndeny contains \"x\" if to_number(input.kind) == 1",
		"no message":      "package main\ndeny contains {\"id\": \"x\"}",
		"number":          "package main\ndeny contains 1",
		"severity":        "package main\ndeny contains {\"msg\": \"x\", \"severity\": \"huge\"}",
		"wrong type":      "package main\ndeny contains {\"msg\": 1}",
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			if _, err := ask(t, map[string]string{"policy/a.rego": rego}); err == nil || !strings.HasPrefix(err.Error(), "cannot evaluate rule main.deny on ") {
				t.Error(err)
			}
		})
	}
}

// GP-GATE-6: the Rego of the base applies, whatever the pull request changes in it.
func TestPolicyOfTheBase(t *testing.T) {
	base := write(t, map[string]string{"policy/a.rego": "package main\ndeny contains \"of the base\" if input.kind == \"Pod\""})
	s := &Scanner{Sources: []Source{{Manifests: "deploy"}}, Policy: "policy", PolicyDir: base}
	res, err := scan(t.Context(), t, s, map[string]string{"deploy/a.yaml": pod("a", ""), "policy/a.rego": "package main\ndeny contains \"x\" if false"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"high main.deny deploy/a.yaml:1 Pod/a: of the base"}, lines(res)); diff != "" {
		t.Error(diff)
	}
}
