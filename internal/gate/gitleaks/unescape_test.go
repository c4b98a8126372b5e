package gitleaks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestEscaped proves GP-GATE-1: what is found in a source file is found in a notebook
// that has the same source, in a log and in a fixture, once and in its line.
func TestEscaped(t *testing.T) {
	quoted := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	notebook := func(line string) string {
		return "{\n \"cells\": [\n  {\n   \"source\": [\n    " + quoted("import x\n") + ",\n    " + quoted(line+"\n") + "\n   ]\n  }\n ]\n}\n"
	}
	npm, word := filled("npm_<a:36>", 1), filled("<a:32>", 1)
	for name, test := range map[string]struct {
		path, text string
		want       []string
	}{
		"a token in a notebook":    {"a.ipynb", notebook("c = Client(\"" + npm + "\")"), []string{"npm-access-token a.ipynb:6"}},
		"at the begin of a line":   {"a.ipynb", notebook("a = \"x\"\n" + npm), []string{"npm-access-token a.ipynb:6"}},
		"a value with a name":      {"a.ipynb", notebook("api_key = \"" + word + "\""), []string{"generic-api-key a.ipynb:6"}},
		"a log of JSON":            {"a.log", quoted(map[string]string{"log": quoted(map[string]string{"password": word})}) + "\n", []string{"generic-api-key a.log:1"}},
		"a log of logs":            {"a.json", quoted(map[string]string{"m": quoted(map[string]string{"log": quoted(map[string]string{"password": word})})}), []string{"generic-api-key a.json:1"}},
		"a token in source code":   {"a.js", "f('{\\'k\\': \\'" + npm + "\\'}')\n", []string{"npm-access-token a.js:1"}},
		"a word in source code":    {"a.js", "f(\"{\\\"api_key\\\": \\\"" + word + "\\\"}\")\n", []string{}},
		"found without reading":    {"a.json", "x\n" + quoted("t = \""+token+"\"\n") + "\n", []string{"github-pat a.json:2"}},
		"a key in a JSON document": {"a.json", quoted(map[string]string{"say": "\"x\"", "key": private}) + "\n", []string{"private-key a.json:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit(map[string]string{test.path: test.text})
			if diff := cmp.Diff(test.want, where(r.scan(gate.Input{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWrapped proves GP-GATE-1: a token in base64 is found wherever the line ends.
func TestWrapped(t *testing.T) {
	for _, width := range []int{20, 60, 64, 76} {
		for _, before := range []int{40, 44, 47, 50, 51, 52} {
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + "\nV=" + token + "\n"))
			var lines []string
			for len(text) > width {
				lines, text = append(lines, text[:width]), text[width:]
			}
			r := newRepo(t)
			r.commit(map[string]string{"a.txt": "data:\n  " + strings.Join(append(lines, text), "\n  ") + "\nend\n"})
			got := where(r.scan(gate.Input{}))
			if len(got) != 1 || !strings.HasPrefix(got[0], "github-pat a.txt:") {
				t.Errorf("width %d, after %d characters: %v", width, before, got)
			}
		}
	}
	if got := wrapped(strings.Repeat("MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n", 3)); len(got) != 0 {
		t.Errorf("a certificate is text: %v", got)
	}
}

// TestOnce: a secret that is read in two ways is one finding.
func TestOnce(t *testing.T) {
	var code strings.Builder
	for line := range strings.Lines(private) {
		fmt.Fprintf(&code, "\t%q +\n", line)
	}
	value := base64.StdEncoding.EncodeToString([]byte(filled("<a:36>", 1)))
	r := newRepo(t)
	r.commit(map[string]string{
		"k.go":   "package a\n\nvar k = \"\" +\n" + code.String() + "\t\"\"\n",
		"s.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: some\ndata:\n  something: " + value + "\n",
	})
	if diff := cmp.Diff([]string{"private-key k.go:4", "kubernetes-secret-yaml s.yaml:6"}, where(r.scan(gate.Input{}))); diff != "" {
		t.Error(diff)
	}
}
