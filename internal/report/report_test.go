package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWorst(t *testing.T) {
	for _, test := range []struct {
		states []State
		want   Verdict
	}{
		{nil, Skip},
		{[]State{Skipped, NotApplicable}, Skip},
		{[]State{Skipped, OK, NotApplicable}, Pass},
		{[]State{OK, Warned, OK}, Warn},
		{[]State{Inconclusive}, Warn},
		{[]State{Warned, Failed}, Fail},
		{[]State{OK, Missing}, Fail},
		{[]State{OK, "passed"}, Fail},
		{[]State{OK, ""}, Fail},
	} {
		var checks []Check
		for _, s := range test.states {
			checks = append(checks, Check{State: s})
		}
		if got := Worst(checks); got != test.want {
			t.Errorf("Worst(%q) = %s, want %s", test.states, got, test.want)
		}
	}
}

func TestSeverity(t *testing.T) {
	for i, s := range Severities {
		for j, other := range Severities {
			if s.AtLeast(other) != (i <= j) {
				t.Errorf("%s at least %s: %v", s, other, s.AtLeast(other))
			}
		}
	}
	if !Severity("catastrophic").AtLeast(Critical) || !Severity("").AtLeast(Critical) {
		t.Error("a severity that is not known is taken lightly")
	}
}

func TestSort(t *testing.T) {
	r := &Report{Findings: []Finding{
		{Rule: "note", Severity: Note}, {Rule: "b", Severity: High, At: Location{Path: "a", Line: 2}}, {Rule: "a", Severity: High, At: Location{Path: "a", Line: 2}},
		{Rule: "line 1", Severity: High, At: Location{Path: "a", Line: 1}}, {Rule: "blocks", Severity: Low, Blocking: true}, {Rule: "unknown", Severity: "?"}, {Rule: "critical", Severity: Critical, At: Location{Path: "z"}},
	}}
	r.Sort()
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Rule)
	}
	if diff := cmp.Diff([]string{"blocks", "unknown", "critical", "line 1", "a", "b", "note"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestOutputsAndCounts(t *testing.T) {
	r := blocked()
	r.Set("url", "a")
	r.Set("url", "b")
	if got := r.Output("url"); got != "b" || len(r.Outputs) != 3 {
		t.Errorf("outputs %v", r.Outputs)
	}
	if got := r.Output("no such"); got != "" {
		t.Errorf("got %q", got)
	}
	if r.Blocking() != 2 || r.Count(Known) != 1 || r.Count(Waived) != 1 {
		t.Errorf("blocking %d known %d waived %d", r.Blocking(), r.Count(Known), r.Count(Waived))
	}
}

// TestBlockingIsNeverHidden: a finding that blocks is on every surface,
// whatever its status says.
func TestBlockingIsNeverHidden(t *testing.T) {
	for _, s := range []Status{New, Known, Waived, "", "other"} {
		for _, blocking := range []bool{true, false} {
			r := &Report{Name: "security-gate", Verdict: Fail, Checks: []Check{{Name: "x", State: Failed}}, Findings: []Finding{
				{Rule: "CVE-1", Severity: High, Status: s, Blocking: blocking, Message: "m", Tools: []string{"trivy"}},
			}}
			for name, write := range surfaces(r) {
				got := written(t, write)
				if quiet := !blocking && (s == Known || s == Waived) && (name == "log" || name == "annotations.txt") || !blocking && s == Waived && name == "sarif"; !quiet && strings.Count(got, "CVE-1") == 0 {
					t.Errorf("status %q, blocking %v: not in %s", s, blocking, name)
				}
				if strings.HasSuffix(name, ".md") && strings.Count(got, "CVE-1") != 1 {
					t.Errorf("status %q, blocking %v: shown %d times in %s", s, blocking, strings.Count(got, "CVE-1"), name)
				}
			}
			if got := written(t, r.WriteAnnotations); blocking != strings.HasPrefix(got, "::error ") {
				t.Errorf("status %q, blocking %v: %s", s, blocking, got)
			}
		}
	}
}

// TestNoVerdict: words that are not known, and reports of nothing, pass for
// nothing.
func TestNoVerdict(t *testing.T) {
	for _, v := range []Verdict{"", "passed"} {
		r := &Report{Verdict: v, Checks: []Check{{Name: "c", State: State(v)}}}
		for name, write := range surfaces(r) {
			got := written(t, write)
			if strings.Contains(got, "✓") {
				t.Errorf("verdict %q passes in %s:\n%s", v, name, got)
			}
			if want := "no verdict"; (name == "log" || strings.HasSuffix(name, ".md") || name == "html") && !strings.Contains(got, want) {
				t.Errorf("verdict %q in %s:\n%s", v, name, got)
			}
		}
	}
}

func TestSections(t *testing.T) {
	for _, test := range []struct {
		name    string
		section Section
		want    string
		log     string
	}{
		{"nothing", Section{Title: "t", Open: true}, "", ""},
		{"blank lines", Section{Title: "t", Open: true, Text: "\n\n"}, "", ""},
		{"no title", Section{Open: true, Text: "x"}, "```text\nx\n```\n", "\n  x\n"},
		{"head alone", Section{Title: "t", Open: true, Head: []string{"a", "b"}}, "**t**\n\n| a | b |\n|---|---|\n", "t\n  a b\n"},
		{"rows alone", Section{Title: "t", Open: true, Rows: [][]string{{"1"}, {"1", "2"}}}, "**t**\n\n|  |  |\n|---|---|\n| 1 |  |\n| 1 | 2 |\n", "t\n  1\n  1 2\n"},
		{"folded", Section{Title: "a <b>", Text: "x\ty\r\n  z"}, "<details><summary>a &lt;b&gt;</summary>\n\n```text\nx    y\n  z\n```\n\n</details>\n", "a <b>\n  x    y\n    z\n"},
		{"fence in text", Section{Title: "t", Open: true, Text: "````"}, "**t**\n\n`````text\n````\n`````\n", "t\n  ````\n"},
		{"picture too large", Section{Title: "t", Open: true, Mermaid: strings.Repeat("x", maxMermaid+1)}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if b, ok := test.section.block(); ok {
				got, _ = b.fit(1 << 20)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Markdown (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.log, test.section.log()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for s, want := range map[float64]string{0: "", 0.04: "", 0.3: "0.3 s", 99.94: "99.9 s", 134: "2 m 14 s", 7200: "120 m 0 s"} {
		if got := Duration(s); got != want {
			t.Errorf("%v seconds are %q, want %q", s, got, want)
		}
	}
	for in, want := range map[string]string{commit: "3f9c2d1", "3f9": "3f9", "": "", "äöüßäöüß": "äöüßäöü", "\x00\xff": "��"} {
		if got := shortCommit(in); got != want {
			t.Errorf("shortCommit(%q) = %q, want %q", in, got, want)
		}
	}
	for l, want := range map[Location]string{{}: "repository", {Path: " "}: "repository", {Path: "a"}: "a", {Path: "a", Line: 3}: "a:3", {Path: "a", Line: 3, Column: 4}: "a:3:4", {Path: "a", Column: 4}: "a", {Path: "a", Line: -1}: "a"} {
		if got := l.String(); got != want {
			t.Errorf("%#v is %q, want %q", l, got, want)
		}
	}
}

func ExampleReport_WriteLog() {
	r := &Report{Verdict: Pass, Title: "ready in 14.6 s", Checks: []Check{{Name: "lease", State: OK, Result: "generation 4", Seconds: 1.9}}}
	var b strings.Builder
	_ = r.WriteLog(&b)
	fmt.Print(b.String())
	// Output:
	//   ✓ lease        generation 4  1.9 s
	// pass · ready in 14.6 s
}
