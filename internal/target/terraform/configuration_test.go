package terraform

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// GP-PREV-11: variables, outputs and backend are found in every form they are
// written in, and OpenTofu's files where OpenTofu reads them.
func TestReadConfiguration(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.tf":                "variable \"a\" {}\nvariable \"b\" {\n  type = number\n  default = null\n}\nresource \"x\" \"y\" {}\n",
		"b.tf.json":           `{"variable": {"c": {"type": "list(string)", "sensitive": true}}, "output": {"url": {"value": "${a.b}"}}}`,
		"c.tf":                "variable \"old\" {}\n",
		"c.tofu":              "variable \"new\" {}\nterraform {\n  required_version = \">= 1.6\"\n  backend \"gcs\" {\n    bucket = \"b\"\n  }\n}\n",
		"d_override.tf":       "variable \"a\" {\n  default = \"x\"\n  sensitive = true\n}\n",
		"terraform.tfvars":    "c = []\n",
		"x.auto.tfvars.json":  `{"new": "1"}`,
		"other.tfvars":        "ignored = 1\n",
		".hidden.tf":          "not parsed",
		"notes.md":            "not parsed",
		".terraform.lock.hcl": "",
	} {
		write(t, filepath.Join(dir, name), content)
	}
	for _, tc := range []struct {
		tofu    bool
		backend string
		names   []string
	}{{true, "gcs", []string{"a", "b", "c", "new"}}, {false, "", []string{"a", "b", "c", "old"}}} {
		c, err := readConfiguration(dir, dir, tc.tofu)
		if err != nil {
			t.Fatal(err)
		}
		want := &configuration{
			variables: map[string]*variable{
				"a": {sensitive: true, file: "a.tf", line: 1}, "b": {kind: "number", file: "a.tf", line: 2},
				"c": {kind: "list(string)", required: true, sensitive: true, file: "b.tf.json", line: 1}, tc.names[3]: {required: true, file: "c.tofu", line: 1},
			},
			outputs: map[string]bool{"url": true}, backend: tc.backend, settings: tc.backend != "", assigned: map[string]bool{"c": true, "new": true}, locked: true,
		}
		if !tc.tofu {
			want.variables["old"].file = "c.tf"
		}
		if diff := cmp.Diff(want, c, cmp.AllowUnexported(configuration{}, variable{})); diff != "" {
			t.Errorf("tofu %v (-want +got):\n%s", tc.tofu, diff)
		}
	}
}

// GP-PREV-10: a file cannot make the parser run out of stack, which would end the
// process.
func TestNesting(t *testing.T) {
	const n = 1<<20 - 30
	for name, content := range map[string]string{
		"brackets.tf": "a = " + strings.Repeat("[", n), "blocks.tf": strings.Repeat("a {\n", n/4), "unary.tf": "a = " + strings.Repeat("! ", n/2), "minus.tf": "a = (" + strings.Repeat("-\n", n/2),
		"conditions.tf": "a = " + strings.Repeat("b?1:", n/4), "directives.tf": `a = "` + strings.Repeat("%{if b}", n/7), "json.tf.json": strings.Repeat(`{"a":`, n/5),
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), content)
		_, err := readConfiguration(dir, dir, false)
		usage(t, err, name, "levels deep")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.tf"), "variable \"a\" {\n sensitive = "+strings.Repeat("b+", n/4)+"b\n type = "+strings.Repeat("b+", n/8)+"b\n}\n")
	if _, err := readConfiguration(dir, dir, false); err != nil {
		t.Error(err)
	}
}

// GP-PREV-11: what Terraform says without -json is read too.
func TestReadProblems(t *testing.T) {
	for text, want := range map[string][]problem{
		"exit status 1\n\nError: Unsupported block type\n\n  on main.tf line 3, in terraform:\n   3: x {}\n\nBlocks of type \"x\" are not expected here.\n\nError: Second\n": {
			{Summary: "Unsupported block type", File: "main.tf", Line: 3, Detail: "3: x {}\nBlocks of type \"x\" are not expected here.\n"}, {Summary: "Second"},
		},
		"exit status 1\n╷\n│ Error: With a frame\n│ \n│ and detail\n╵\n": {{Summary: "With a frame", Detail: "and detail\n"}},
		"exit status 1\n\nThe workspace name \"a b\" is not allowed.\n":  {{Summary: `The workspace name "a b" is not allowed.`}},
		"": nil,
	} {
		if diff := cmp.Diff(want, readProblems(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// FuzzReadConfiguration: GP-PREV-10, whatever a pull request's files hold.
func FuzzReadConfiguration(f *testing.F) {
	f.Add([]byte(app), false)
	f.Add([]byte(`{"variable": {"c": {"type": "list(string)"}}}`), true)
	f.Fuzz(func(t *testing.T, b []byte, json bool) {
		dir, name := t.TempDir(), "a.tf"
		if json {
			name += ".json"
		}
		write(t, filepath.Join(dir, name), string(b))
		_, _ = readConfiguration(dir, dir, false)
	})
}

// FuzzEvents: nothing a provisioner or provider prints breaks the reader.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"a"}}`+"\n"), 3)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole, parts := &events{}, &events{}
		_, _ = whole.Write(b)
		_ = readProblems(string(b))
		for len(b) > 0 {
			n := min(len(b), 1+max(0, cut)%7)
			_, _ = parts.Write(b[:n])
			b = b[n:]
		}
		if diff := cmp.Diff(whole, parts, cmp.AllowUnexported(events{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("in parts (-whole +parts):\n%s", diff)
		}
	})
}
