package gitleaks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zricethezav/gitleaks/v8/detect/codec"
)

// TestShortcuts: what is looked at in windows and without decoding finds all that
// the library finds in the whole text, in the source of gitleaks' own tests and
// ours.
func TestShortcuts(t *testing.T) {
	d, err := newDetector(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	texts := seeds()
	for _, pattern := range []string{"*.go", "../*/*.go", "../../report/*.go", "../../../go.sum", "../../../.github/workflows/*.yml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(b))
		}
	}
	hits := 0
	for _, text := range texts {
		hits += same(t, d, text)
	}
	if hits < 10 {
		t.Errorf("only %d hits: the texts prove nothing", hits)
	}
}

func FuzzShortcuts(f *testing.F) {
	d, err := newDetector(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 1<<14 {
			same(t, d, text)
		}
	})
}

// same compares with the library over the whole text.
func same(t *testing.T, d *detector, text string) int {
	t.Helper()
	collect := func(look func(func(secret))) []string {
		var all []string
		look(func(s secret) { all = append(all, fmt.Sprintf("%s:%d:%d:%s", s.rule, s.line, s.column, s.mark())) })
		slices.Sort(all)
		return slices.Compact(all)
	}
	p := piece{path: "a.txt", line: 1, text: text}
	whole := collect(func(add func(secret)) {
		p.hits(t.Context(), d.text, func(s secret) {
			if !d.own.has(s.rule) {
				add(s)
			}
		})
	})
	ours := collect(func(add func(secret)) { d.look(t.Context(), p, add) })
	for _, hit := range whole {
		if !slices.Contains(ours, hit) {
			t.Errorf("lost %s in %q", hit, text[:min(len(text), 300)])
		}
	}
	if _, segments := codec.NewDecoder().Decode(text, nil); len(segments) > 0 && len(encodedParts(text)) == 0 {
		t.Errorf("not taken for encoded: %q", text[:min(len(text), 300)])
	}
	return len(whole)
}

func seeds() []string {
	value := "q7Kd93" + "hZx81LmPw02Tv"
	return []string{
		"api_key = " + value + "\n", "x\nAPI-KEY:\n  '" + value + "'\n", `"secretToken"=>"` + value + `",`, "token=" + value, "my.auth || `" + value + "`",
		"passwd ?= " + value + "\\n", "key, " + strings.Repeat("a9Z", 60) + "\ncreds:" + value + ";", "credential=====" + value + " ",
		"a = " + strings.Repeat("4a6f", 20), "U+0041 U+0042", `\u0041\u0042pi_key`, "%41%42 key%3D" + value, strings.Repeat("deadbeef", 4) + "c2VjcmV0X3ZhbHVlX2lzX2hlcmU=",
		"c2VjcmV0X3ZhbHVlX2lzX2hlcmVfNzc=", "to\u212aen = " + value, "api" + strings.Repeat(" ", 20) + "'''=" + value + "'", "access\n:=\n" + value + "\n",
		token, "x = \"" + token + "\" # token: " + value + "\n",
	}
}
