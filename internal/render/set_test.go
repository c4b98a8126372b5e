package render

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// GP-PREV-1: no character of a value has a meaning, and a key leads where it says.
func TestSet(t *testing.T) {
	hostile := "a,b={c}[0]\\,\n--- \n{{ fail \"x\" }}\x1b[31m null\t: '\"&*!|>%@`"
	for name, tt := range map[string]struct {
		set  map[string]any
		want map[string]any
	}{
		"literal":      {map[string]any{"a.b": hostile}, map[string]any{"b": hostile, "list": []any{int64(1), int64(2)}}},
		"still text":   {map[string]any{"a.b": "true", "a.c": "null", "a.list": "12"}, map[string]any{"b": "true", "c": "null", "list": "12"}},
		"typed":        {map[string]any{"a.b": true, "a.list": int64(8080)}, map[string]any{"b": true, "list": int64(8080)}},
		"empty":        {map[string]any{"a.b": ""}, map[string]any{"b": "", "list": []any{int64(1), int64(2)}}},
		"over files":   {map[string]any{"a.file": "set"}, map[string]any{"b": "c", "file": "set", "kept": "file", "list": []any{int64(1), int64(2)}}},
		"dot in name":  {map[string]any{`a.example\.com/x`: "y"}, map[string]any{"b": "c", "example.com/x": "y", "list": []any{int64(1), int64(2)}}},
		"elements":     {map[string]any{"a.list[1].x": "2", "a.list[0]": "1", "a.list[2][0]": "3"}, map[string]any{"b": "c", "list": []any{"1", map[string]any{"x": "2"}, []any{"3"}}}},
		"over a map":   {map[string]any{"a.map": "x"}, map[string]any{"b": "c", "map": "x", "list": []any{int64(1), int64(2)}}},
		"bracket text": {map[string]any{`a.x\[0\]`: "y"}, map[string]any{"b": "c", "x[0]": "y", "list": []any{int64(1), int64(2)}}},
	} {
		t.Run(name+" GP-PREV-1", func(t *testing.T) {
			files := plainChart("{{ .Values.a | toYaml | indent 2 }}\n")
			s := Source{Set: tt.set}
			if name == "over files" {
				s.Values = []string{"v.yaml"}
				files["v.yaml"] = "a: {file: file, kept: file}\n"
			}
			if name == "over a map" {
				files["c/values.yaml"] = "a: {b: c, list: [1, 2]}\n"
				s.Values = []string{"v.yaml"}
				files["v.yaml"] = "a: {map: {x: y}}\n"
			}
			if diff := cmp.Diff(tt.want, text(t, files, s, Release{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// GP-PREV-1: a key that leads nowhere is a mistake, and takes no memory.
func TestSetMistakes(t *testing.T) {
	for key, want := range map[string]string{
		"":                                 "not a valid key",
		"a..b":                             "not a valid key",
		".a":                               "not a valid key",
		"a.":                               "not a valid key",
		"a[":                               "not a valid key",
		"a[-1]":                            "not a valid key",
		"a[1]b":                            "not a valid key",
		"a]":                               "not a valid key",
		`a\`:                               "not a valid key",
		"[0]":                              "not a valid key",
		"a[99999]":                         "not a valid key",
		"a[9999]":                          "larger than 1000",
		"v.x.y":                            "not a map",
		"v.x[0]":                           "not a list",
		"v[0]":                             "not a list",
		strings.Repeat("a", 600):           "longer than 512",
		"a" + strings.Repeat(".a", 40):     "more than 30 levels",
		"a" + strings.Repeat("[1000]", 40): "more than 30 levels",
	} {
		t.Run(fmt.Sprintf("%.20q GP-PREV-1", key), func(t *testing.T) {
			files := with(plainChart("  a: b\n"), map[string]string{"v.yaml": "v: {x: text}\n"})
			_, err := render(t.Context(), t, files, Source{Key: "k", Chart: "c", Values: []string{"v.yaml"}, Set: map[string]any{key: "hunter2"}}, Release{})
			if !usage(err, want) || !usage(err, "k.set: ") || usage(err, "hunter2") {
				t.Error(err)
			}
		})
	}
}
