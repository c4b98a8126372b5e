package report

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	for want, times := range map[string]int{"**28 findings with 1 cause must be fixed**": 1, "also in 27 more places": 1, "17 more of this rule are in the JSON report": 1, "**Fix**": 1} {
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

// GP-GATE-2: the vulnerabilities of one version of a package have one cause and one fix, so
// they are one row, which names all of them.
func TestGroupOfAPackage(t *testing.T) {
	in := func(rule, purl string, s Severity) Finding {
		return Finding{Rule: rule, Package: purl, Severity: s, Blocking: true, Message: "m " + rule, At: Location{Path: "go.mod", Line: 5}, Fix: "go get x@v2 (fixes all 3)", Link: "https://osv.dev/vulnerability/" + rule, Tools: []string{"trivy"}}
	}
	r := &Report{Name: "security-gate", Verdict: Fail, Checks: []Check{{Name: "dependencies", State: Failed}}, Findings: []Finding{
		in("GO-1", "pkg:golang/example.com/x@v1.0.0", Critical), in("GO-2", "pkg:golang/example.com/x@v1.0.0", High), in("GO-3", "pkg:golang/example.com/x@v1.0.0", High),
		in("GO-4", "pkg:golang/example.com/y@v1.0.0", High), in("licence-not-allowed", "pkg:golang/example.com/x@v1.0.0", High),
	}}
	var got []string
	for _, g := range GroupFindings(r.Findings) {
		got = append(got, g.Cause()+" ("+string(g.First().Severity)+")")
	}
	if diff := cmp.Diff([]string{"3 vulnerabilities in example.com/x v1.0.0 (critical)", "GO-4 (high)", "licence-not-allowed (high)"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, write := range surfaces(r) {
		text := written(t, write)
		for _, f := range r.Findings {
			if !strings.Contains(text, f.Rule) {
				t.Errorf("%s is not in %s:\n%s", f.Rule, name, text)
			}
		}
		if n := strings.Count(text, "fixes all 3"); (name == "log" || name == "summary.md" || name == "annotations.txt") && n != 3 {
			t.Errorf("%d fixes in %s:\n%s", n, name, text)
		}
		if name == "log" || name == "summary.md" {
			if n := strings.Count(text, "https://osv.dev/vulnerability/GO-"); n != 4 {
				t.Errorf("%d links in %s:\n%s", n, name, text)
			}
		}
	}
}

// A fix is set as code only if it can be pasted.
func TestFixIsCode(t *testing.T) {
	for fix, want := range map[string]string{
		"go get golang.org/x/net@v0.38.0 (fixes all 2)":                    "**Fix** `go get golang.org/x/net@v0.38.0` (fixes all 2)",
		"npm install a@2, or npm update the packages that depend on it":    "**Fix** `npm install a@2`, or npm update the packages that depend on it",
		"revoke and rotate the secret at its issuer, then remove it":       "**Fix** revoke and rotate the secret at its issuer, then remove it",
		"set permissions: {} or contents: read at the top":                 "**Fix** set permissions: `{}` or contents: read at the top",
		"set env: {T: \"${{ a.b }}\"} in the step, and use \"$T\", quoted": "**Fix** set env: `{T: \"${{ a.b }}\"}` in the step, and use \"`$T`\", quoted",
		"pin it: some/x@<full commit id> # v2":                             "**Fix** pin it: `some/x@<full commit id> # v2`",
		"gone":                                                             "**Fix** gone",
		"env:\n  TITLE: ${{ x }}":                                          "**Fix**\n\n```text\nenv:\n  TITLE: ${{ x }}\n```",
		"update @acme/x to 2 (a mention)":                                  "**Fix** update `@acme/x` to 2 (a mention)",
	} {
		if got := strings.TrimSpace(markdownFix(fix)); got != want {
			t.Errorf("%s:\n%s", fix, got)
		}
	}
}
