package report

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

const notice = "_Shortened to fit here; the JSON report is complete._\n"

// crowd has more findings than any surface shows.
func crowd(n int) *Report {
	r := blocked()
	r.Findings = nil
	for i := range n {
		r.Findings = append(r.Findings, Finding{
			Rule: fmt.Sprintf("CVE-2026-%05d", i), Severity: Severities[i%len(Severities)], Status: []Status{New, Known, Waived}[i%3], Blocking: i%3 == 0,
			Message: strings.Repeat("word <b> ", 30), At: Location{Path: fmt.Sprintf("src/file%d.go", i), Line: i}, Tools: []string{"trivy"}, Fix: "upgrade",
		})
	}
	r.Sort()
	return r
}

// giant is one text of a megabyte everywhere: no line break, all of it escaped.
func giant(s string) *Report { return everywhere(strings.Repeat(s, (1<<20)/len(s))) }

func TestBudgets(t *testing.T) {
	reports := map[string]*Report{
		"7,000 findings": crowd(7000),
		"megabytes of &": giant("&"), "megabytes of backticks": giant("`"), "megabytes of pipes": giant("|"), "megabytes of mentions": giant("@octocat "),
		"megabytes of lines": giant("::error::x\n"), "megabytes of zeros": giant("\x00"), "megabytes of expressions": giant("${{ x }} "),
	}
	many := blocked()
	for i := range 20_000 {
		many.Checks = append(many.Checks, Check{Name: fmt.Sprintf("check-%d", i), State: OK, Result: "fine"})
		many.Sections[0].Text += "line of output\n"
	}
	reports["20,000 checks"] = many
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			for surface, budget := range map[string]int{"summary": SummaryBudget, "comment": CommentBudget} {
				var got string
				got = written(t, func(w io.Writer) error { return r.WriteSummary(w, budget) })
				if len(got) > budget {
					t.Errorf("%s of %d bytes", surface, len(got))
				}
				if !strings.Contains(got[:min(200, len(got))], "### goldenpath") {
					t.Errorf("%s without a verdict: %.200s", surface, got)
				}
				checkPage(t, got)
			}
			checkLog(t, "log", written(t, r.WriteLog))
			checkAnnotations(t, written(t, r.WriteAnnotations))
			if log := written(t, r.WriteLog); len(log) > 2<<20 {
				t.Errorf("log of %d bytes", len(log))
			}
			if page := written(t, Page{Report: r}.WriteHTML); len(page) > 20<<20 {
				t.Errorf("page of %d bytes", len(page))
			}
		})
	}
}

// TestCutIsStated: what is left out is said, and what comes later and fits is
// still there.
func TestCutIsStated(t *testing.T) {
	r := blocked()
	r.Findings[1].Message = strings.Repeat("x ", 499)
	r.Sections = []Section{{Title: "long", Open: true, Text: strings.Repeat("line of output\n", 1000)}, {Title: "last", Open: true, Text: "still here"}}
	whole := written(t, func(w io.Writer) error { return r.WriteSummary(w, SummaryBudget) })
	if strings.Contains(whole, notice) || !strings.Contains(whole, "still here") {
		t.Error("the whole page is cut")
	}
	got := written(t, func(w io.Writer) error { return r.WriteSummary(w, 4000) })
	for _, want := range []string{notice, "still here", "**2 findings must be fixed**", "script-injection", "more lines are in the JSON report"} {
		if !strings.Contains(got, want) {
			t.Errorf("without %q:\n%s", want, got)
		}
	}
	checkPage(t, got)
	blocks := r.blocks()
	for budget := range 6000 {
		got := joinBlocks(blocks, budget)
		if len(got) > budget {
			t.Fatalf("%d bytes of %d", len(got), budget)
		}
		if got != whole && budget > len(notice) && !strings.Contains(got, notice) {
			t.Fatalf("a cut at %d is not stated:\n%s", budget, got)
		}
	}
}

func TestManyFindings(t *testing.T) {
	r := crowd(300)
	got := written(t, func(w io.Writer) error { return r.WriteSummary(w, SummaryBudget) })
	for _, want := range []string{"**100 findings must be fixed**", "<summary>80 more must be fixed</summary>", "<summary>100 known: already on the base branch</summary>", "\n50 more are in the JSON report.\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("summary without %q", want)
		}
	}
	if n := strings.Count(got, "<details open>"); n != findingsInFull {
		t.Errorf("%d findings in full", n)
	}
	for _, f := range r.Findings {
		if f.Blocking && !strings.Contains(got, f.Rule) {
			t.Errorf("%s blocks and is not shown", f.Rule)
		}
	}
	if log := written(t, r.WriteLog); !strings.Contains(log, "  and 80 more of 80 other causes: see the JSON report\n") {
		t.Errorf("log does not say what it leaves out:\n%s", log)
	}
	annotations := written(t, r.WriteAnnotations)
	if !strings.Contains(annotations, "::error title=goldenpath::91 more: see the job summary\n") || strings.Count(annotations, "::error ") != 10 {
		t.Errorf("annotations:\n%s", annotations)
	}
}

func TestTenAnnotationsAreTen(t *testing.T) {
	r := &Report{}
	for i := range 10 {
		r.Findings = append(r.Findings, Finding{Rule: fmt.Sprint("r", i), Message: "m", Blocking: true}, Finding{Rule: fmt.Sprint("r", i), Message: "again", Blocking: true})
		r.Findings = append(r.Findings, Finding{Rule: fmt.Sprint("k", i), Message: "m", Severity: Critical, Status: Known}) // not brought by the change
	}
	got := written(t, r.WriteAnnotations)
	if strings.Contains(got, "more") || strings.Count(got, "::error ") != 10 {
		t.Errorf("annotations:\n%s", got)
	}
}

func BenchmarkSummary(b *testing.B) {
	r := crowd(7000)
	for b.Loop() {
		if err := r.WriteSummary(io.Discard, SummaryBudget); err != nil {
			b.Fatal(err)
		}
	}
}
