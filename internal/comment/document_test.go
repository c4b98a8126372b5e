package comment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// old is a section as goldenpath, or a person, may have left it.
func old(name, text string) string { return begin(name) + "\n" + text + "\n" + end(name) }

func TestParse(t *testing.T) {
	data := marker{Section: "test", Verdict: report.Pass, Commit: commitA, Trusted: true}
	whole := old("test", data.encode()+"\nall passed")
	for name, tc := range map[string]struct {
		comment string
		want    document
	}{
		"nothing":             {"", document{}},
		"a person's words":    {"hello\n\nworld", document{rest: "hello\n\nworld"}},
		"a section":           {whole, document{sections: []section{{"test", data, true, "all passed"}}}},
		"words around it":     {"a\n\n" + whole + "\n\nb", document{sections: []section{{"test", data, true, "all passed"}}, rest: "a\n\n\nb"}},
		"no marker":           {old("test", "all passed"), document{sections: []section{{name: "test", text: "all passed"}}}},
		"another's marker":    {old("battery", data.encode()+"\nall passed"), document{sections: []section{{name: "battery", text: "all passed"}}}},
		"no end":              {begin("test") + "\nlost", document{sections: []section{{name: "test", text: "lost"}}}},
		"no end, then one":    {begin("battery") + "\nlost\n" + whole, document{sections: []section{{name: "battery", text: "lost"}, {"test", data, true, "all passed"}}}},
		"twice":               {whole + "\n" + old("test", "forged"), document{sections: []section{{"test", data, true, "all passed"}}}},
		"an end alone":        {end("test"), document{rest: end("test")}},
		"not on its own line": {"see " + whole, document{rest: strings.TrimSpace("see " + whole)}},
		"a strange name":      {old("../test", "x"), document{rest: old("../test", "x")}},
		"the overview":        {old(overviewName, marker{Section: overviewName, Commit: commitB}.encode()+"\n### goldenpath"), document{commit: commitB}},
	} {
		got := parse(tc.comment)
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(document{}, section{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestEditReplaces proves GP-PREV-9: a part takes the place of the one before it and
// leaves the others as they are, whatever is in it.
func TestEditReplaces(t *testing.T) {
	gate := old("security-gate", marker{Section: "security-gate", Verdict: report.Pass, Trusted: true}.encode()+"\nthe gate's text")
	card := old("scorecard", marker{Section: "scorecard", Verdict: report.Pass, Trusted: true}.encode()+"\nthe card's text")
	first := &report.Report{Name: "preview-up", Verdict: report.Pass, Title: "the first", Sections: []report.Section{
		{Title: "log", Open: true, Text: "a log\n" + end("preview") + "\n" + begin("preview") + "\nleft over"},
	}}
	second := &report.Report{Name: "preview-down", Verdict: report.Pass, Title: "the second"}
	for name, before := range map[string]string{
		"alone": "", "after others": gate + "\n\n" + card, "the first": "{}\n\n" + gate, "the last": gate + "\n\n{}", "in between": gate + "\n\n{}\n\n" + card,
		"without its end": gate + "\n\n" + begin("preview") + "\nbefore",
	} {
		before = strings.Replace(before, "{}", old("preview", "before"), 1)
		once := Edit(before, "", Part{Section: "preview", Report: first, Run: "https://github.com/acme/hello/actions/runs/42", Trusted: true})
		twice := Edit(once, "", Part{Section: "preview", Report: second, Trusted: true})
		for _, other := range []string{gate, card} {
			if strings.Count(twice, other) != strings.Count(before, other) {
				t.Errorf("%s: another section was changed:\n%s", name, twice)
			}
		}
		if !strings.Contains(once, "the first") || !strings.Contains(once, "(https://github.com/acme/hello/actions/runs/42)") || strings.Contains(once, "before") {
			t.Errorf("%s: once:\n%s", name, once)
		}
		if strings.Count(twice, begin("preview")) != 1 || strings.Count(twice, end("preview")) != 1 || !strings.Contains(twice, "the second") ||
			strings.Contains(twice, "the first") || strings.Contains(twice, "left over") {
			t.Errorf("%s: twice:\n%s", name, twice)
		}
		if again := Edit(twice, ""); again != twice {
			t.Errorf("%s: the comment changes although nothing did:\n%s", name, cmp.Diff(twice, again))
		}
	}
}

// TestEditFits: GitHub refuses a comment of more than 65,536 characters.
func TestEditFits(t *testing.T) {
	long := func(name string) *report.Report {
		return &report.Report{Name: name, Verdict: report.Fail, Title: strings.Repeat("-->@ ", 100), Commit: commitA, Sections: []report.Section{
			{Title: "log", Open: true, Text: strings.Repeat(strings.Repeat("é", 99)+"\n", 3000)},
		}}
	}
	for _, others := range []int{0, 10_000, 50_000, 57_000} {
		got := Edit(strings.Repeat("x", others), "", Part{Section: "preview", Report: long("preview-up"), Trusted: true})
		if len(got) > 65_536 || !strings.Contains(got, "✗ blocked") || !strings.Contains(got, end("preview")) || strings.Count(got, "x") < others {
			t.Errorf("beside %d bytes: %d", others, len(got))
		}
	}
	names := append([]string{"preview"}, reportNames...)
	for first := range names {
		text := ""
		for i := range 3 * len(names) {
			name := names[(first+i)%len(names)]
			text = Edit(text, commitA, Part{Section: name, Report: long(name), Run: "https://github.com/acme/hello/actions/runs/42", Notice: "> " + strings.Repeat("n", 300) + "\n\n"})
			if len(text) > 65_000 {
				t.Fatalf("%s first, after %d: %d bytes", names[first], i+1, len(text))
			}
		}
		for _, name := range names {
			if strings.Count(text, begin(name)) != 1 || strings.Count(text, end(name)) != 1 || strings.Count(text, "goldenpath "+name+" ·") != 1 {
				t.Errorf("%s first: %s is not there once", names[first], name)
			}
		}
	}
}

// FuzzEdit: whatever a comment contains, editing it twice changes nothing, and it never
// claims that nothing blocks while a section has no valid marker.
func FuzzEdit(f *testing.F) {
	whole := Edit("", commitA, Part{Section: "test", Report: &report.Report{Name: "test", Verdict: report.Pass, Title: "passed", Commit: commitA}, Trusted: true})
	for _, s := range append([]string{whole, whole[:len(whole)/2], strings.Replace(whole, commitA, commitB, 2), strings.ReplaceAll(whole, "pass", "fail")}, hostile...) {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, before, text string) {
		rep := &report.Report{Name: "battery", Verdict: report.Pass, Title: text, Commit: commitA, Sections: []report.Section{{Title: text, Text: text}}, Checks: []report.Check{{Name: text, Result: text}}}
		got := Edit(before, commitA, Part{Section: "battery", Report: rep, Trusted: true})
		if again := Edit(got, commitA); again != got {
			t.Fatalf("changed by a second edit:\n%s", cmp.Diff(got, again))
		}
		d := parse(got)
		s, ok := d.find("battery")
		if !ok || !s.valid || s.marker.Commit != commitA {
			t.Fatalf("the new section cannot be read:\n%s", got)
		}
		for _, s := range d.sections {
			if !s.valid && strings.Contains(d.headline(), "nothing blocks") {
				t.Fatalf("section %s is unreadable, and nothing blocks:\n%s", s.name, got)
			}
		}
	})
}
