package gitleaks

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestNotSplit proves GP-GATE-14 (N2): strings that belong to different names are not
// one string, and a split secret is reported at its own line.
func TestNotSplit(t *testing.T) {
	open := "glsa_" + "x7Kq2mVb9RtZ4cWn8LpYs6DfHj3GaQe1" + "_0a1b2c3d" // a value may continue after it
	half := len(token) / 2
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"assignments":      {"A=\"one\"\nTOKEN=\"" + token + "\"\nB=\"two\"\n", []string{"github-pat a:2"}},
		"YAML keys":        {"\"a\": \"one\"\n\"token\": \"" + token + "\"\n\"b\": \"two\"\n", []string{"github-pat a:2"}},
		"TOML keys":        {"\"a\" = \"one\"\n\"token\" = \"" + open + "\"\n\"b\" = \"two\"\n", []string{"grafana-service-account-token a:2"}},
		"a shell's array":  {"a=(\n  \"one\"\n  \"" + token + "\"\n  \"two\"\n)\n", []string{"github-pat a:3"}},
		"halves of two":    {"A=\"" + token[:half] + "\"\nB=\"" + token[half:] + "\"\n", []string{}},
		"the second line":  {"x = (\"some text \"\n     \"" + token[:half] + "\"\n     \"" + token[half:] + "\")\n", []string{"github-pat a:2"}},
		"an operator":      {"x = \"some text \" +\n\n", []string{}},
		"Python's escape":  {"x = \"" + token[:half] + "\" \\\n  \"" + token[half:] + "\"\n", []string{"github-pat a:1"}},
		"Visual Basic":     {"x = \"" + token[:half] + "\" & _\n  \"" + token[half:] + "\"\n", []string{"github-pat a:1"}},
		"SQL":              {"x = '" + token[:half] + "'\n  || '" + token[half:] + "'\n", []string{"github-pat a:1"}},
		"assigned by name": {"a := \"one\"\n`" + token + "`\n", []string{"github-pat a:2"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit(map[string]string{"a": test.text})
			if diff := cmp.Diff(test.want, where(r.scan(gate.Input{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
