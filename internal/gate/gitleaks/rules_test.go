package gitleaks

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	digits   = "0123456789"
	lowers   = "abcdefghijklmnopqrstuvwxyz"
	uppers   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	wordless = lowers + uppers + digits
)

var alphabets = map[string]string{
	"a": wordless, "l": lowers + digits, "u": uppers + digits, "d": digits, "h": "0123456789abcdef", "b": wordless + "+/",
	"w": wordless + "_-", "A": uppers + "234567", "B": wordless, "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "g": "0123456789abcdef", "2": "abcdefghijklmnopqrstuvwxyz234567", "x": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
}

var hole = regexp.MustCompile(`<([a-z0-9AB]):(\d+)>`)

// filled returns a template with made-up characters. The same seed gives the same text.
func filled(template string, seed int) string {
	h := fnv.New64a()
	fmt.Fprint(h, template)
	random := rand.New(rand.NewPCG(h.Sum64(), uint64(seed)))
	return hole.ReplaceAllStringFunc(template, func(s string) string {
		m := hole.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabets[m[1]][random.IntN(len(alphabets[m[1]]))]
		}
		if m[1] == "g" {
			return filled("<h:8>-<h:4>-4<h:3>-8<h:3>-<h:12>", seed)
		}
		if m[1] == "B" {
			return base64.StdEncoding.EncodeToString(out)
		}
		if m[1] == "2" && strings.Contains(template, "SU<2") {
			return strings.ToUpper(string(out))
		}
		return string(out)
	})
}

// seen returns the rules that recognise something in a file.
func seen(t *testing.T, d *detector, path, text string) []string {
	t.Helper()
	if path == "" {
		path = "src/settings.txt"
	}
	var rules []string
	body, binary := decode([]byte(text))
	d.look(t.Context(), piece{path: path, line: 1, text: string(body), binary: binary}, func(s secret) {
		if !slices.Contains(rules, s.rule) {
			rules = append(rules, s.rule)
		}
	})
	return rules
}

// TestRules proves GP-GATE-1 (D15): each rule of ours recognises a secret and leaves
// alone what only resembles it.
func TestRules(t *testing.T) {
	d, err := shared.rules()
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, s := range slices.Concat(samples, fileSamples) {
		tested[s.rule] = true
		for seed := range 20 {
			leak := filled(s.leak, seed)
			if got := seen(t, d, s.path, leak); !slices.Contains(got, s.rule) {
				t.Errorf("%s: found %v in %q", s.rule, got, leak)
				break
			}
			if got := seen(t, d, s.path, filled(s.harmless, seed)); s.harmless != "" && slices.Contains(got, s.rule) {
				t.Errorf("%s: found in %q", s.rule, filled(s.harmless, seed))
				break
			}
		}
	}
	rules, err := allRules()
	if err != nil {
		t.Fatal(err)
	}
	for id := range maps.Keys(rules.tokens) {
		if _, ok := rules.files[id]; ok || !tested[id] {
			t.Errorf("%s has no sample, or is twice", id)
		}
	}
	for id := range rules.files {
		if !tested[id] {
			t.Errorf("%s has no sample", id)
		}
	}
	for id := range tested {
		if _, ok := rules.library.Rules[id]; ok {
			t.Errorf("%s is also a rule of gitleaks", id)
		}
	}
}
