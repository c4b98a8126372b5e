package report

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestFindingsOfOneRule proves GP-GATE-17 (NEWCOMER 1): findings of one rule are shown
// together with one fix. What a surface leaves out is counted, and the JSON report and
// the page have all of them.
func TestFindingsOfOneRule(t *testing.T) {
	r := &Report{Name: "run", Verdict: Fail}
	for i := range 28 {
		r.Findings = append(r.Findings, Finding{Rule: "KSV-0014", Severity: High, Status: New, Blocking: true, Message: "root file system is not read-only", At: Location{Path: fmt.Sprintf("k8s/%02d.yaml", i), Line: 7}, Fix: "set readOnlyRootFilesystem"})
	}
	r.Findings = append(r.Findings, Finding{Rule: "KSV-0014", Severity: High, Status: Known, Message: "known", At: Location{Path: "old.yaml"}})
	log := written(t, r.WriteLog)
	for want, times := range map[string]int{
		"k8s/": 4, "and 24 more of this rule: see security-gate.json\n": 1, "fix: set readOnlyRootFilesystem": 1, "root file system": 1, "old.yaml": 0,
	} {
		if n := strings.Count(log, want); n != times {
			t.Errorf("%q appears %d times in the log, want %d:\n%s", want, n, times, log)
		}
	}
	summary := written(t, func(w io.Writer) error { return r.WriteSummary(w, SummaryBudget) })
	for want, times := range map[string]int{"**28 findings must be fixed**": 1, "also in 27 more places": 1, "17 more of this rule are in the JSON report": 1, "**Fix**": 1} {
		if n := strings.Count(summary, want); n != times {
			t.Errorf("%q appears %d times in the summary, want %d:\n%s", want, n, times, summary)
		}
	}
	page := written(t, Page{Report: r}.WriteHTML)
	for _, f := range r.Findings {
		if !strings.Contains(page, f.At.Path) {
			t.Errorf("the page lacks %s", f.At.Path)
		}
	}
	if n := strings.Count(page, "<b>Fix</b>"); n != 1 {
		t.Errorf("the page has the fix %d times", n)
	}
}

// TestGroups: what blocks, a secret that was removed, and a file that is not used are not
// mixed with findings of the same rule for which the opposite holds.
func TestGroups(t *testing.T) {
	groups := GroupFindings([]Finding{
		{Rule: "a", Blocking: true, Secret: SecretPresent}, {Rule: "b"}, {Rule: "a", Blocking: true, Secret: SecretPresent},
		{Rule: "a", Blocking: true, Secret: SecretRemoved}, {Rule: "a"}, {Rule: "b", Unused: "not used"}, {Rule: "b"},
	})
	var got []string
	for _, g := range groups {
		got = append(got, fmt.Sprint(g.First().Rule, len(g.Findings)))
	}
	if want := "a2 b2 a1 a1 b1"; strings.Join(got, " ") != want {
		t.Errorf("groups %v, want %s", got, want)
	}
}
