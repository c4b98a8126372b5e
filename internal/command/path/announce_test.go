package path

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Of the preview's section.
var sectionBegin, sectionEnd = begin("preview"), end("preview")

// TestSection proves GP-PREV-9: a section takes the place of the one before it and
// leaves the others as they are, whatever is in it.
func TestSection(t *testing.T) {
	const gate = "<!-- goldenpath-section: gate -->\nnothing blocks\n<!-- goldenpath-end: gate -->"
	const card = "<!-- goldenpath-section: card -->\nready\n<!-- goldenpath-end: card -->"
	first := &report.Report{Name: "preview-up", Verdict: report.Pass, Title: "the first", Sections: []report.Section{
		{Title: "what was seen", Open: true, Text: "a log\n" + sectionEnd + "\n" + sectionBegin + "\nleft over"},
	}}
	second := &report.Report{Name: "preview-down", Verdict: report.Pass, Title: "the second"}
	for name, old := range map[string]string{
		"alone": "", "after others": gate + "\n\n" + card, "the first": "{}\n\n" + gate, "the last": gate + "\n\n{}", "in between": gate + "\n\n{}\n\n" + card,
		"without its end": gate + "\n\n" + sectionBegin + "\nlost",
	} {
		old = strings.Replace(old, "{}", sectionBegin+"\nbefore\n"+sectionEnd, 1)
		once := strings.TrimSpace(section(old, part{name: "preview", rep: first, run: "https://github.com/acme/hello/actions/runs/42"}))
		// GitHub keeps no blanks around a comment.
		twice := strings.TrimSpace(section(once, part{name: "preview", rep: second}))
		for _, other := range []string{gate, card} {
			if strings.Contains(old, other) != strings.Contains(twice, other) || strings.Count(twice, other) > 1 {
				t.Errorf("%s: another section is not left alone:\n%s", name, twice)
			}
		}
		if !strings.Contains(once, "the first") || !strings.Contains(once, "(https://github.com/acme/hello/actions/runs/42)") || strings.Contains(once, "before") {
			t.Errorf("%s: once:\n%s", name, once)
		}
		if strings.Count(twice, sectionBegin) != 1 || strings.Count(twice, sectionEnd) != 1 || !strings.Contains(twice, "the second") ||
			strings.Contains(twice, "the first") || strings.Contains(twice, "left over") || strings.Contains(twice, "lost") {
			t.Errorf("%s: twice:\n%s", name, twice)
		}
	}
}

// TestSectionFits: a comment that is too long is refused by GitHub.
func TestSectionFits(t *testing.T) {
	long := &report.Report{Name: "preview-up", Verdict: report.Fail, Title: "not ready", Sections: []report.Section{
		{Title: "what was seen", Open: true, Text: strings.Repeat(strings.Repeat("é", 99)+"\n", 3000)},
	}}
	for _, others := range []int{0, 10_000, 50_000, 57_000} {
		got := section(strings.Repeat("x", others), part{name: "preview", rep: long})
		if len(got) > 65_536 || !strings.Contains(got, "not ready") || !strings.Contains(got, sectionEnd) || strings.Count(got, "x") < others {
			t.Errorf("beside %d bytes: %d", others, len(got))
		}
	}
}

// TestSectionsFitTogether: whatever comes first, and however often.
func TestSectionsFitTogether(t *testing.T) {
	names := append([]string{"preview"}, tellable...)
	for first := range names {
		said := ""
		for i := range 3 * len(names) {
			long := &report.Report{Name: names[(first+i)%len(names)], Verdict: report.Fail, Title: "not ready", Sections: []report.Section{
				{Title: "what was seen", Open: true, Text: strings.Repeat(strings.Repeat("é", 99)+"\n", 3000)},
			}}
			said = strings.TrimSpace(section(said, part{name: long.Name, rep: long, above: notice(github.PullRequest{Fork: true}, told{from: strings.Repeat("o", 39) + "/" + strings.Repeat("n", 100)}), run: "https://github.com/acme/hello/actions/runs/42"}))
			if len(said) > 65_000 {
				t.Fatalf("%s first, after %d: %d bytes", names[first], i+1, len(said))
			}
		}
		for _, name := range names {
			if strings.Count(said, begin(name)) != 1 || strings.Count(said, end(name)) != 1 || strings.Count(said, "not ready") != len(names) {
				t.Errorf("%s first: %s is not there once", names[first], name)
			}
		}
	}
}
