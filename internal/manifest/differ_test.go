package manifest

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// utf16Of is a text in UTF-16 with a byte order mark.
func utf16Of(text string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

// TestReadsAsTheCluster: GP-GATE-12, kubectl and Helm read a document with
// sigs.k8s.io/yaml. Parse gives the same object, or an error.
func TestReadsAsTheCluster(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		refused bool // although the cluster may accept it
	}{
		"plain":                        {text: "kind: Pod\nspec: {hostPID: true}"},
		"byte order mark":              {text: "\ufeffkind: Pod\nspec: {hostPID: true}"},
		"Windows line breaks":          {text: "kind: Pod\r\nspec:\r\n  hostPID: yes\r\n"},
		"old Mac line breaks":          {text: "kind: Pod\rspec:\r  hostPID: on\r"},
		"flow over lines":              {text: "{kind: Pod, spec: {hostPID:\n true}}"},
		"document end":                 {text: "kind: Pod\n..."},
		"directive":                    {text: "%YAML 1.1\n---\nkind: Pod"},
		"comment behind the separator": {text: "--- # one\nkind: Pod"},
		"equal keys":                   {text: "spec: {hostPID: false, hostPID: true}", refused: true},
		"escaped key":                  {text: `spec: {"host\x50ID": true}`},
		"literal":                      {text: "kind: |-\n  Pod"},
		"folded":                       {text: "kind: >-\n  Pod\n  List"},
		"octal":                        {text: "runAsUser: 010"},
		"octal of YAML 1.2":            {text: "runAsUser: 0o0"},
		"binary number":                {text: "runAsUser: 0b0"},
		"underscores":                  {text: "runAsUser: 1_000"},
		"minus zero":                   {text: "runAsUser: -0"},
		"zero with an exponent":        {text: "runAsUser: 0e0"},
		"zero with a point":            {text: "runAsUser: 0.0"},
		"words of YAML 1.1":            {text: "a: [y, Y, yes, YES, on, On, n, N, no, off, OFF, true, True, TRUE]"},
		"quoted words":                 {text: `a: ["yes", 'no', "on"]`},
		"null in every form":           {text: "a: [~, null, Null, NULL, '']"},
		"tagged string":                {text: "privileged: !!str true"},
		"tagged boolean":               {text: `privileged: !!bool "true"`},
		"tagged word":                  {text: `privileged: !!bool "yes"`, refused: true},
		"merge first":                  {text: "a: &a {privileged: true}\nb: {<<: *a, privileged: false}"},
		"merge of nothing new":         {text: "a: &a {privileged: true}\nb: {x: 1, <<: *a}"},
		"merge behind the key":         {text: "a: &a {privileged: true}\nb: {privileged: false, <<: *a}", refused: true},
		"merge between equal keys":     {text: "a: &a {p: 1}\nb: {p: 2, <<: *a, p: 3}", refused: true},
		"two merge keys":               {text: "a: &a {p: 1}\nb: &b {p: 2}\nc: {<<: *a, <<: *b}", refused: true},
		"two merge keys, apart":        {text: "a: &a {p: 1}\nb: &b {q: 2}\nc: {<<: *a, <<: *b}"},
		"merge behind a null":          {text: "a: &a {p: 1}\nb: {p: null, <<: *a}", refused: true},
		"two merges":                   {text: "a: &a {p: 1}\nb: &b {p: 2}\nc: {<<: [*a, *b]}"},
		"merge of a merge":             {text: "a: &a {p: 1, q: 1}\nb: &b {<<: *a, p: 2}\nc: {<<: *b, q: 3}"},
		"quoted merge":                 {text: "a: {\"<<\": {p: 1}}"},
		"anchor that is set again":     {text: "a: &a 1\nb: &a 2\nc: *a"},
		"alias as a key":               {text: "a: &a hostPID\nspec: {*a : true}"},
		"deep":                         {text: strings.Repeat("{a: ", 90) + "1" + strings.Repeat("}", 90)},
		"emoji":                        {text: "a: \"\\U0001F600\""},
		"tab":                          {text: "a:\n\tb: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			b, theirs := yaml.YAMLToJSON([]byte(tt.text))
			got, err := Parse("f", []byte(tt.text))
			if err != nil || theirs != nil {
				if err == nil {
					t.Errorf("the cluster refuses it (%v), and Parse reads %v", theirs, got)
				} else if theirs == nil && !tt.refused {
					t.Errorf("the cluster reads %s, and Parse refuses it: %v", b, err)
				}
				return
			}
			var want any
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			ours, err := json.Marshal(got[0].Map)
			if err != nil {
				t.Fatal(err)
			}
			var have any
			if err := json.Unmarshal(ours, &have); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUTF16: kubectl finds no --- in UTF-16, so what it would deploy is unknown.
func TestUTF16(t *testing.T) {
	for _, text := range []string{"kind: Pod\nspec: {hostPID: true}\n", "kind: ConfigMap\n---\nkind: Pod\n", "a: 1\n---b: 1\n"} {
		for _, big := range []bool{true, false} {
			if got, err := Parse("f", utf16Of(text, big)); err == nil {
				t.Errorf("%q is read as %v", text, got)
			}
		}
	}
}
