package comment

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// passed is a section with a trusted pass of commit A.
func passed(name string) section {
	return section{name: name, valid: true, marker: marker{Section: name, Verdict: report.Pass, Title: "passed", Commit: commitA, Trusted: true}}
}

// TestHeadline: nothing blocks only if every section has a trusted result for the
// current commit.
func TestHeadline(t *testing.T) {
	with := func(name string, change func(*section)) section {
		s := passed(name)
		change(&s)
		return s
	}
	stale := func(s *section) { s.marker.Commit = commitB }
	fails := func(s *section) { s.marker.Verdict = report.Fail }
	for name, tc := range map[string]struct {
		sections []section
		want     string
	}{
		"all pass":                   {[]section{passed("preview"), passed("test")}, "✓ nothing blocks"},
		"one warns":                  {[]section{with("test", func(s *section) { s.marker.Verdict = report.Warn })}, "✓ nothing blocks"},
		"one was skipped":            {[]section{passed("test"), with("battery", func(s *section) { s.marker.Verdict = report.Skip })}, "✓ nothing blocks"},
		"only the preview":           {[]section{passed("preview")}, "✓ preview · no other check has reported yet"},
		"the preview was removed":    {[]section{with("preview", func(s *section) { s.marker.Verdict, s.marker.Commit = report.Skip, "" })}, "– preview · no other check has reported yet"},
		"one fails":                  {[]section{passed("test"), with("battery", fails)}, "✗ blocked · 1 of 2 must be fixed"},
		"path-43 an earlier commit":  {[]section{passed("test"), with("battery", stale)}, "? incomplete · no result yet from 1 of 2"},
		"an earlier commit failed":   {[]section{with("test", func(s *section) { fails(s); stale(s) })}, "? incomplete · no result yet from 1 of 1"},
		"no valid marker":            {[]section{passed("test"), with("battery", func(s *section) { s.valid = false })}, "? incomplete · no result yet from 1 of 2"},
		"fails, and an earlier one":  {[]section{with("test", fails), with("battery", stale)}, "✗ blocked · 1 of 2 must be fixed"},
		"of a fork":                  {[]section{passed("test"), with("battery", func(s *section) { s.marker.Trusted = false })}, "? not verified · reported by a run of the pull request's own code"},
		"of a fork, and it blocks":   {[]section{with("test", func(s *section) { fails(s); s.marker.Trusted = false })}, "✗ blocked · 1 of 1 must be fixed"},
		"of a fork, earlier commit":  {[]section{with("test", func(s *section) { stale(s); s.marker.Trusted = false })}, "? incomplete · no result yet from 1 of 1"},
		"a section without a commit": {[]section{with("test", func(s *section) { s.marker.Commit = "" })}, "✓ nothing blocks"},
	} {
		d := document{commit: commitA, sections: tc.sections}
		if got, want := d.headline(), "### goldenpath · "+tc.want+" · commit `aaaaaaa`"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	d := document{sections: []section{passed("test")}}
	if got := d.headline(); got != "### goldenpath · ? incomplete · no result yet from 1 of 1" {
		t.Errorf("the head is unknown: %s", got)
	}
}

// TestOverview proves GP-PREV-9: a person reads first whether something blocks, and
// where the preview is.
func TestOverview(t *testing.T) {
	comment := "a person's own words"
	for _, p := range []Part{
		{Section: "security-gate", Trusted: true, Run: "https://github.com/o/r/actions/runs/7", Report: &report.Report{Name: "security-gate", Subject: "shop", Verdict: report.Fail, Reason: "findings", Title: "1 new finding | <b>high</b>", Commit: commitA}},
		{Section: "battery", Notice: "> Reported by a fork.\n\n", Report: &report.Report{Name: "battery", Verdict: report.Pass, Reason: "passed", Title: "3 checks passed", Commit: commitA, Seconds: 2.5}},
		{Section: "test", Trusted: true, Report: &report.Report{Name: "test", Verdict: report.Pass, Title: "9 passed", Commit: commitB}},
		{Section: "preview", Trusted: true, Report: &report.Report{Name: "preview-up", Verdict: report.Warn, Reason: "ready", Title: "pr-12 is ready at http://pr-12.example.com", Commit: commitA, Seconds: 134,
			Checks:  []report.Check{{Name: "budget", State: report.OK, Result: "0.031 USD an hour"}},
			Outputs: []report.Output{{Name: "url", Value: "http://pr-12.example.com"}, {Name: "expires", Value: "2026-11-24T18:00:00Z"}}}},
	} {
		comment = Edit(comment, commitA, p)
	}
	want := begin(overviewName) + "\n" + marker{Section: overviewName, Commit: commitA}.encode() + `
### goldenpath · ✗ blocked · 1 of 4 must be fixed · commit ` + "`aaaaaaa`" + `

**To do**

- security-gate: 1 new finding \| &lt;b&gt;high&lt;/b&gt;

| | check | result | |
|---|---|---|---|
| ! | preview | [` + "`http://pr-12.example.com`](http://pr-12.example.com) · ready in 2 m 14 s · ends Tue 24 Nov 18:00 UTC | 0.031 USD an hour" + ` |
| ✗ | security | 0 must be fixed, 0 other new, 0 known, 0 waived | 1 new finding \| &lt;b&gt;high&lt;/b&gt; · [run](https://github.com/o/r/actions/runs/7) |
| ✓ | battery | 3 checks passed · reported by an untrusted run | 2.5 s |
| ? | test | no result for ` + "`aaaaaaa` yet; for `bbbbbbb` it was: ✓ 9 passed" + ` |  |
` + end(overviewName) + "\n"
	if !strings.HasPrefix(comment, want) {
		t.Errorf("%s\nwant the beginning\n%s", comment, want)
	}
	if !strings.HasSuffix(comment, "a person's own words") {
		t.Errorf("a person's words are lost: %s", comment)
	}
	fixed := Edit(comment, commitA, Part{Section: "security-gate", Trusted: true, Report: &report.Report{Name: "security-gate", Verdict: report.Pass, Title: "nothing blocks", Commit: commitA}})
	if !strings.Contains(fixed, "### goldenpath · ? incomplete · no result yet from 1 of 4") {
		t.Error(fixed)
	}
	// A person edits the comment: what cannot be read is unknown.
	edited := Edit(strings.Replace(fixed, `"section":"battery"`, `"section":"x"`, 1), commitA)
	if !strings.Contains(edited, "| ? | battery | no readable result; see below |  |") || strings.Contains(edited, "### goldenpath · ✓") {
		t.Error(edited)
	}
}

// TestOverviewHidesNothing: a title that has neither the address nor room for it, an
// address that is not safe, and a verdict that does not exist.
func TestOverviewHidesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		rep  report.Report
		want string
	}{
		"the address is not in the title": {report.Report{Verdict: report.Pass, Title: "ready", Outputs: []report.Output{{Name: "url", Value: "https://p.example"}}}, "| ✓ | preview | [`https://p.example`](https://p.example) · ready |  |"},
		"an unsafe address":               {report.Report{Verdict: report.Pass, Title: "ready", Outputs: []report.Output{{Name: "url", Value: "javascript:alert(1)"}}}, "| ✓ | preview | ready |  |"},
		"an unknown verdict":              {report.Report{Verdict: "PASS", Title: "ready"}, "| ? | preview | no readable result; see below |  |"},
		"a long title":                    {report.Report{Verdict: report.Pass, Title: strings.Repeat("a", 2*maxTitle)}, strings.Repeat("a", maxResult-1) + "… |"},
	} {
		tc.rep.Name = "preview-up"
		if got := Edit("", commitA, Part{Section: "preview", Report: &tc.rep, Trusted: true}); !strings.Contains(got, tc.want) {
			t.Errorf("%s: want %s in\n%s", name, tc.want, got)
		}
	}
}
