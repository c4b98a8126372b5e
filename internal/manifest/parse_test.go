package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// GP-GATE-12: objects are what the cluster would make of the text.
func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []Object
	}{
		"empty":         {"", nil},
		"only comments": {"# nothing\n---\n---\n", nil},
		"two documents": {"a: 1\n---\n# more\nb: [yes, 'yes', 0x10, 1.5, null, .inf, 2020-01-01]\n", []Object{
			{File: "f", Line: 1, Map: map[string]any{"a": int64(1)}},
			{File: "f", Line: 4, Map: map[string]any{"b": []any{true, "yes", int64(16), 1.5, nil, ".inf", "2020-01-01"}}},
		}},
		"anchors and merges": {"x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x\n", []Object{{File: "f", Line: 1, Map: map[string]any{
			"x": map[string]any{"a": int64(1), "b": int64(2)}, "y": map[string]any{"a": int64(1), "b": int64(3)}, "z": map[string]any{"a": int64(1), "b": int64(2)},
		}}}},
		"list": {"kind: PodList\napiVersion: v1\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n", []Object{
			{File: "f", Line: 4, Map: map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "a"}}},
			{File: "f", Line: 5, Map: map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "b"}}},
		}},
		"JSON that is not YAML": {"\n{\"a\": \"\\ud83d\\ude00\"}\n{\"b\": 2}", []Object{
			{File: "f", Line: 2, Map: map[string]any{"a": "😀"}}, {File: "f", Line: 3, Map: map[string]any{"b": int64(2)}},
		}},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			got, err := Parse("f", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].node = nil
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Object{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// GP-GATE-12: what cannot be read as the cluster does is an error, and shows no
// value.
func TestParseRefuses(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += string(i) + ": &" + string(i) + " [" + strings.Repeat("*"+string(i-1)+", ", 10) + "]\n"
	}
	for name, tt := range map[string]struct{ text, want string }{
		"no YAML":             {"a: [", "did not find"},
		"scalar":              {"hunter2", "found a string"},
		"list of scalars":     {"kind: List\nitems: [hunter2]", "found a string"},
		"nodes by alias":      {bomb, "more than 1048576 values"},
		"bytes by alias":      {"a: &a '" + strings.Repeat("x", 1<<20) + "'\nb: [" + strings.Repeat("*a, ", 100) + "]", "bytes with all aliases"},
		"cycle":               {"a: &a [*a, *a]", "contains itself"},
		"deep":                {strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "levels"},
		"large":               {strings.Repeat("#", maxText+1), "more than"},
		"tag":                 {"a: !!python/object hunter2", "tag"},
		"wrong value of tag":  {"a: !!int hunter2", "not a valid !!int"},
		"glued separator":     {"kind: Pod\n---a: b\nkind: ConfigMap\n", "line 2: tools read text after --- differently"},
		"map as a key":        {"? {a: b}\n: c", "cannot be a key"},
		"merge of a string":   {"<<: hunter2", "accepts only maps"},
		"alias of nothing":    {"a: *b", "unknown anchor"},
		"JSON and then not":   {`{"a": 1} x`, "did not find"},
		"JSON that is a list": {`[1, "hunter2"]`, "found a list"},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			got, err := Parse("f.yaml", []byte(tt.text))
			if err == nil {
				t.Fatalf("read as %v", got)
			}
			if s := err.Error(); !strings.HasPrefix(s, "cannot parse f.yaml: ") || !strings.Contains(s, tt.want) || strings.Contains(s, "hunter2") {
				t.Error(s)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		good, "kind: List\nitems: [{kind: Pod, spec: {containers: [null, 1, {image: 2}]}}]", "a: &a [*a]", "<<: [{a: b}, {}]\n---\nx",
		`{"kind":"CronJob","apiVersion":"batch/v1","spec":{"jobTemplate":{"spec":{"template":{"spec":"\ud83d"}}}}}{}`,
		"apiVersion: v1\nkind: ClusterRole\nrules: [a, {verbs: {}, apiGroups: [1]}]", "spec: {a: [{spec: {containers: [{}]}}]}", "? ''\n: {spec: {containers: []}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		objects, err := Parse("f.yaml", text)
		if err != nil {
			return
		}
		for _, v := range Check(objects) {
			if v.Rule == "" || v.Message == "" || v.Severity == "" || v.Object == "" {
				t.Errorf("%+v", v)
			}
		}
	})
}
