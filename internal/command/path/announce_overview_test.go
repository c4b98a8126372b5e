package path

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestArranged: a person reads first whether something blocks, and where the preview
// is (GP-PREV-9).
func TestArranged(t *testing.T) {
	comment := "a person's own words"
	for _, p := range []part{
		{name: "security-gate", rep: &report.Report{Name: "security-gate", Subject: "shop", Verdict: report.Fail, Reason: "findings", Title: "1 new finding | <b>high</b>", Commit: "3f9c2d1aaaaaaaaaaaaa"}},
		{name: "battery", rep: &report.Report{Name: "battery", Verdict: report.Pass, Reason: "passed", Title: "3 checks passed"}, above: notTrusted + "of a fork.\n\n"},
		{name: "preview", rep: &report.Report{Name: "preview-up", Verdict: report.Warn, Reason: "ready", Title: "pr-12 is ready at http://pr-12.example.com",
			Checks: []report.Check{{Name: "preview", State: report.OK, Result: "http://pr-12.example.com", Link: "http://pr-12.example.com"}}}},
	} {
		comment = arranged(section(comment, p))
	}
	want := `<!-- goldenpath-section: overview -->
### goldenpath · ✗ blocked · 1 of 3 must be fixed

| | check | result |
|---|---|---|
| ! | preview | pr-12 is ready at [http://pr-12.example.com](http://pr-12.example.com) |
| ✗ | security-gate | `
	if !strings.HasPrefix(comment, want) {
		t.Errorf("%s\nwant the beginning\n%s", comment, want)
	}
	if n := strings.Count(comment, begin(overviewName)); n != 1 {
		t.Errorf("%d overviews", n)
	}
	if !strings.HasSuffix(comment, "a person's own words") {
		t.Errorf("somebody's words are lost: %s", comment)
	}
	if strings.Contains(comment, "<b>") {
		t.Error("HTML in the overview")
	}
	if again := arranged(comment); again != comment {
		t.Errorf("it changes when nothing does:\n%s", again)
	}
	if !strings.Contains(comment, "| ✓ | battery | 3 checks passed · says a run that was not made with trusted code |") {
		t.Errorf("a fork's word looks like ours:\n%s", comment)
	}
	// What blocks no more.
	comment = arranged(section(comment, part{name: "security-gate", rep: &report.Report{Name: "security-gate", Verdict: report.Pass, Title: "nothing blocks"}}))
	if !strings.Contains(comment, "### goldenpath · not verified · made with the code of the pull request\n") {
		t.Error(comment)
	}
}

func TestArrangedByHand(t *testing.T) {
	for _, text := range []string{"", "words", begin("preview") + " and no end", end("preview") + begin("preview")} {
		if got := arranged(text); got != text {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := row(strings.Repeat("a", mostTitle+1)); got != "see below" {
		t.Error(got)
	}
	if got, want := row(`a|b\|c\\|d`), `a\|b\|c\\\|d`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
