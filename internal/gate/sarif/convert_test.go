package sarif

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// described is a file whose driver has rule R with members, and one result.
func described(rule, res string) string {
	return `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T","globalMessageStrings":{"global":{"text":"of all"}},"rules":[{"id":"other"},{"id":"R","guid":"g"` + rule + `}]},
		"extensions":[{"name":"E","guid":"e","rules":[{"id":"R","defaultConfiguration":{"level":"error"}}]}]},"results":[{` + res + `}],
		"invocations":[{"executionSuccessful":true,"ruleConfigurationOverrides":[{"descriptor":{"id":"R"},"configuration":{"level":"error"}}]}]}]}`
}

// TestSeverity proves where the severity of GP-GATE-11 is from.
func TestSeverity(t *testing.T) {
	const level = `,"defaultConfiguration":{"level":"note"}`
	score := func(s string) string { return `,"properties":{"security-severity":` + s + `}` }
	for _, test := range []struct{ rule, result, want, rated string }{
		{"", `"ruleId":"unheard of"`, "medium", ""},
		{"", `"ruleId":"R"`, "medium", ""},
		{"", `"ruleId":"R","level":"error"`, "high", ""},
		{"", `"ruleId":"R","level":"warning"`, "medium", ""},
		{"", `"ruleId":"R","level":"note"`, "low", ""},
		{"", `"ruleId":"R","level":"none"`, "note", ""},
		{level, `"ruleId":"R"`, "low", ""},
		{level, `"ruleId":"R/part/of"`, "low", ""},
		{level, `"ruleIndex":1`, "low", ""},
		{level, `"rule":{"index":1}`, "low", ""},
		{level, `"rule":{"id":"R"}`, "low", ""},
		{level, `"rule":{"guid":"g"}`, "low", ""},
		{level, `"ruleId":"R","ruleIndex":-1`, "low", ""},
		{level, `"ruleId":"R","level":"error"`, "high", ""},
		{level, `"ruleId":"R","kind":"fail"`, "low", ""},
		{level, `"ruleId":"R","kind":"open"`, "note", ""},
		{level, `"ruleId":"R","kind":"review","level":"error"`, "high", ""},
		{level, `"ruleId":"R","rule":{"toolComponent":{"index":0}}`, "high", ""},
		{level, `"ruleId":"R","ruleIndex":0,"rule":{"toolComponent":{"index":0}}`, "high", ""},
		{level, `"ruleId":"R","rule":{"toolComponent":{"name":"E"}}`, "high", ""},
		{level, `"ruleId":"R","rule":{"toolComponent":{"guid":"e"}}`, "high", ""},
		{level, `"ruleId":"R","rule":{"toolComponent":{"name":"T"}}`, "low", ""},
		{level, `"ruleId":"R","rule":{"toolComponent":{"name":"unheard of"}}`, "medium", ""},
		{level, `"ruleId":"R","provenance":{"invocationIndex":0}`, "high", ""},
		{level, `"ruleId":"R","provenance":{"invocationIndex":-1}`, "low", ""},
		{score(`"10"`), `"ruleId":"R"`, "critical", "10.0"},
		{score(`"9.0"`), `"ruleId":"R","level":"note"`, "critical", "9.0"},
		{score(`8.99`), `"ruleId":"R"`, "high", "9.0"},
		{score(`"7"`), `"ruleId":"R"`, "high", "7.0"},
		{score(`"6.9"`), `"ruleId":"R","level":"error"`, "medium", "6.9"},
		{score(`4`), `"ruleId":"R"`, "medium", "4.0"},
		{score(`3.9`), `"ruleId":"R"`, "low", "3.9"},
		{score(`"0.1"`), `"ruleId":"R"`, "low", "0.1"},
		{score(`"0.0"`), `"ruleId":"R"`, "note", "0.0"},
		{score(`"0.0"`), `"ruleId":"R"` + score(`"9.8"`), "critical", "9.8"},
	} {
		got := must(t, described(test.rule, test.result+`,"message":{"text":"m"}`), gate.Input{Dir: t.TempDir()})[0]
		want := test.rated
		if want != "" {
			want = "security-severity " + want + " of t"
		}
		if string(got.Severity) != test.want || got.Rated != want {
			t.Errorf("GP-GATE-11 %s | %s: %s, %q", test.rule, test.result, got.Severity, got.Rated)
		}
	}
}

// TestWhatCounts: only goldenpath's waivers make a result not count.
func TestWhatCounts(t *testing.T) {
	for members, want := range map[string]int{
		`"kind":"pass"`: 0, `"kind":"notApplicable"`: 0, `"kind":"informational"`: 0, `"kind":"fail"`: 1, `"kind":"open"`: 1, `"kind":"review"`: 1,
		`"baselineState":"absent"`: 0, `"baselineState":"unchanged"`: 1, `"baselineState":"updated"`: 1, `"baselineState":"new"`: 1,
		`"suppressions":[{"kind":"external","status":"accepted"}]`: 1, `"suppressions":[]`: 1, `"level":"none"`: 1,
	} {
		res, err := scan(t, one("", `{"message":{"text":"m"},`+members+`}`), gate.Input{Dir: t.TempDir()})
		if err != nil || len(res.Findings) != want || res.Covered != "1 result of 1 run" {
			t.Errorf("%s: %+v: %v", members, res, err)
		}
		if want == 1 && strings.Contains(res.Findings[0].Message, "suppressed") != strings.Contains(members, `s":[{`) {
			t.Errorf("%s: %s", members, res.Findings[0].Message)
		}
	}
}

func TestMessages(t *testing.T) {
	long := strings.Repeat("ü", 3000)
	for _, test := range []struct{ rule, result, message, fix string }{
		{``, `"message":{"text":"a\n\n b\tc"}`, "a b c", ""},
		{``, `"message":{"text":"see [here](1) and [there](https://example.com/x)"}`, "see here and there", ""},
		{``, `"message":{"text":"{0} of {1} {2} {{x}}","arguments":["one","two"]}`, "one of two {2} {x}", ""},
		{``, `"message":{"text":"in {{ template }} {0}"}`, "in {{ template }} {0}", ""},
		{``, `"message":{"markdown":"# Title\n\n**Do** not use [eval](http://example.com), use ` + "`x`" + `"}`, "Title Do not use eval, use x", ""},
		{`,"messageStrings":{"default":{"text":"use of {0}"}}`, `"message":{"id":"default","arguments":["eval"]}`, "use of eval", ""},
		{`,"messageStrings":{"default":{"markdown":"*use*"}}`, `"message":{"id":"default"}`, "*use*", ""},
		{``, `"message":{"id":"global"}`, "of all", ""},
		{`,"shortDescription":{"text":"short"}`, `"message":{"id":"none"}`, "short", ""},
		{`,"fullDescription":{"text":"full"}`, `"message":{"text":" "}`, "full", ""},
		{``, `"message":{}`, "R", ""},
		{``, `"other":1`, "R", ""},
		{`,"help":{"text":"do\nthis"}`, `"message":{"text":"m"}`, "m", "do this"},
		{`,"help":{"markdown":"**do**"}`, `"message":{"text":"m"}`, "m", "do"},
		{`,"help":{"text":"do this"}`, `"message":{"text":"m"},"fixes":[{"artifactChanges":[]},{"description":{"text":"do that"}}]`, "m", "do that"},
		{`,"help":{"text":"m"}`, `"message":{"text":"m"}`, "m", ""},
		{``, `"message":{"text":"` + long + `"}`, long[:maxMessage-4] + "…", ""},
		{`,"help":{"text":"` + long + `"}`, `"message":{"text":"m"}`, "m", long[:maxFix-4] + "…"},
		{``, `"message":{"text":"\u001b[31mred\u0000"}`, "\ufffd[31mred\ufffd", ""},
	} {
		got := must(t, described(test.rule, `"ruleId":"R",`+test.result), gate.Input{Dir: t.TempDir()})[0]
		if got.Message != test.message || got.Fix != test.fix {
			t.Errorf("%.100s:\n%q\n%q\nfix %q", test.result, got.Message, test.message, got.Fix)
		}
	}
}

// TestHostileText: whatever a file holds, a finding is short, valid and of one
// line.
func TestHostileText(t *testing.T) {
	for _, s := range []string{
		`\u001b[2J\u001b]0;x\u0007`, `\r\n::error file=x::y\n`, `</details><script>alert(1)</script>`, `\u202e\u2066`, `\u0000`, strings.Repeat(`{0}`, 100_000), strings.Repeat(`[x](`, 100_000),
		strings.Repeat(`/`, 100_000), strings.Repeat("`", 100_000), `%s%d%!`, strings.Repeat(`😀`, 10_000),
	} {
		res := fmt.Sprintf(`"ruleId":"R/%s","level":"error","message":{"text":"%[1]s","arguments":["%[1]s%[1]s"]},"partialFingerprints":{"%[1]s":"%[1]s"},
			"locations":[{"physicalLocation":{"artifactLocation":{"uri":"%[1]s","uriBaseId":"%[1]s"},"region":{"snippet":{"text":"%[1]s"}}}}],"fixes":[{"description":{"text":"%[1]s"}}]`, s)
		f := must(t, described(`,"help":{"text":"`+s+`"},"messageStrings":{"`+s+`":{"text":"`+s+`"}}`, res), gate.Input{Dir: t.TempDir()})[0]
		sane(t, f)
	}
}

func sane(t *testing.T, f report.Finding) {
	t.Helper()
	for _, s := range []struct {
		text string
		most int
	}{{f.Rule, maxRule}, {f.Message, maxMessage + 600}, {f.Fix, maxFix}, {f.At.Path, maxPath}, {f.Rated, 100}} {
		if len(s.text) > s.most || !utf8.ValidString(s.text) || strings.ContainsAny(s.text, "\n\r\t\x00\x1b\a") {
			t.Errorf("%d bytes: %.200q", len(s.text), s.text)
		}
	}
	if f.Rule == "" || f.Message == "" || f.Fingerprint == "" || f.At.Line < 0 || f.At.Column < 0 || f.At.Path == "" && f.At.Line > 0 {
		t.Errorf("%+v", f)
	}
}

// FuzzRead reads files, and what it reads it converts.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/*.sarif")
	if err != nil || len(names) < 6 {
		f.Fatal(names, err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(described(`,"properties":{"security-severity":"8"}`, `"ruleId":"R","provenance":{"invocationIndex":0},"message":{"id":"global","arguments":["a"]},"codeFlows":[{"threadFlows":[{"locations":[{"index":0}]}]}]`)))
	f.Add([]byte(one(`"versionControlProvenance":[{"revisionId":"aaaaaaaa","mappedTo":{"uri":"file:///x/"}}],"originalUriBaseIds":{"%SRCROOT%":{"uri":"file:///x/"}}`, at("%61.go", `"startLine":1,"endLine":3`))))
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("a\nb\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parse(text)
		if err != nil {
			if len(err.Error()) > 2000 || len(all) > 0 {
				t.Errorf("%.500v", err)
			}
			return
		}
		for _, s := range all {
			res, err := s.Scan(t.Context(), gate.Input{Dir: dir, Head: strings.Repeat("a", 40)})
			if cleanName(s.Name()) != s.Name() && !strings.HasSuffix(s.Name(), "-imported") || !utf8.ValidString(s.Version()) {
				t.Errorf("%q %q", s.Name(), s.Version())
			}
			if err != nil {
				if len(err.Error()) > 2000 || len(res.Findings) > 0 {
					t.Errorf("%.500v", err)
				}
				continue
			}
			for _, found := range res.Findings {
				sane(t, found)
			}
		}
	})
}
