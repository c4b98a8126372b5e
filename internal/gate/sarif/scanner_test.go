package sarif

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

var _ gate.Scanner = (*Scanner)(nil)

// sources are the files that the samples are about.
func sources(t *testing.T) string {
	r := newRepository(t)
	r.write("src/db.go", "package src\n\nvar password = 1\nvar h = 2\nvar q = 3\n")
	r.write("src/web.go", "package src\nvar in = 1\n\tx := 2\nexec()\n")
	r.write("web/a b.js", "let x = 1\n")
	r.write("Dockerfile", "FROM debian\nRUN echo $a\n")
	return r.dir
}

// TestSamples proves GP-GATE-11 with files of the shape that each tool writes.
func TestSamples(t *testing.T) {
	dir := sources(t)
	tests := []struct {
		file, name, version, covered string
		want                         []report.Finding
	}{
		{"codeql.sarif", "codeql", "2.23.1", "2 results of 1 run", []report.Finding{
			{Rule: "go/sql-injection", Severity: report.High, Rated: "security-severity 8.8 of codeql", Message: "This query depends on a user-provided value.",
				At: report.Location{Path: "src/db.go", Line: 5, Column: 12}, Fix: "# Database query built from user-controlled sources Use prepared statements."},
			{Rule: "go/useless-assignment-to-local", Severity: report.Low, Message: "This definition of x is never used.", At: report.Location{Path: "src/web.go", Line: 3, Column: 2}},
		}},
		{"semgrep.sarif", "semgrep-oss", "1.136.0", "1 result of 1 run", []report.Finding{
			{Rule: "go.lang.security.audit.dangerous-exec-command", Severity: report.High, Message: "Detected non-static command inside Command. Audit the input.", At: report.Location{Path: "src/web.go", Line: 3, Column: 2}, Link: "https://semgrep.dev/r/go.lang.security.audit.dangerous-exec-command"},
		}},
		{"eslint.sarif", "eslint", "9.30.0", "2 results of 1 run", []report.Finding{
			{Rule: "no-eval", Severity: report.Medium, Message: "eval can be harmful. (the tool places it outside of this repository: file:///somewhere/else/x.js) (suppressed by eslint; only a waiver of the repository is accepted here)", Link: "https://eslint.org/docs/latest/rules/no-eval"},
			{Rule: "no-unused-vars", Severity: report.High, Message: "'x' is assigned a value but never used.", At: report.Location{Path: "web/a b.js", Line: 1, Column: 5}, Link: "https://eslint.org/docs/latest/rules/no-unused-vars"},
		}},
		{"hadolint.sarif", "hadolint", "2.12.0", "2 results of 1 run", []report.Finding{
			{Rule: "DL3006", Severity: report.Medium, Message: "Always tag the version of an image explicitly", At: report.Location{Path: "Dockerfile", Line: 1, Column: 1}},
			{Rule: "SC2086", Severity: report.Low, Message: "Double quote to prevent globbing and word splitting.", At: report.Location{Path: "Dockerfile", Line: 2, Column: 1}},
		}},
		{"gosec.sarif", "gosec", "2.22.4", "1 result of 1 run", []report.Finding{
			{Rule: "G401", Severity: report.High, Message: "Use of weak cryptographic primitive", At: report.Location{Path: "src/db.go", Line: 4, Column: 2}, Fix: "Use of weak cryptographic primitive Severity: MEDIUM Confidence: HIGH"},
		}},
		{"snyk.sarif", "snykcode", "1.0.0", "1 result of 1 run", []report.Finding{
			{Rule: "go/HardcodedPassword", Severity: report.Medium, Message: "Do not hardcode passwords in code. Found hardcoded password used in here.", At: report.Location{Path: "src/db.go", Line: 3, Column: 5}, Fix: "Details Do not hardcode passwords."},
		}},
	}
	for _, test := range tests {
		t.Run("GP-GATE-11 "+test.file, func(t *testing.T) {
			text := sample(t, test.file)
			all, err := Read(written(t, text, dir))
			if err != nil {
				t.Fatal(err)
			}
			var res gate.Result
			printed := gatetest.Printed(t, func() { res, err = all[0].Scan(t.Context(), gate.Input{Dir: dir}) })
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(all[0].Name(), all[0].Version(), res.Covered, res.Compared, printed); got != fmt.Sprint(test.name, test.version, test.covered, false, "") {
				t.Error(got)
			}
			if diff := cmp.Diff(test.want, res.Findings, cmpopts.IgnoreFields(report.Finding{}, "Fingerprint")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			// GP-GATE-7: what the tool embeds of the source is never shown.
			if strings.Contains(fmt.Sprintf("%+v", res), "snippet-secret-value") {
				t.Error("a snippet is shown")
			}
		})
	}
}

// TestRoundTrip: what goldenpath writes can be handed in.
func TestRoundTrip(t *testing.T) {
	rep := &report.Report{Name: "security-gate", Findings: []report.Finding{
		{Rule: "B", Severity: report.High, Status: report.New, Message: "m", Fix: "do", At: report.Location{Path: "a b/ü#?.go", Line: 3, Column: 4}, Fingerprint: "f", Tools: []string{"trivy"}},
		{Rule: "C", Severity: report.Note, Status: report.Waived, Message: "of all", Waiver: "until 2030", Tools: []string{"trivy"}},
		{Rule: "D", Severity: report.Critical, Message: "colon", At: report.Location{Path: "c:/x.go"}, Tools: []string{"trivy"}},
	}}
	var b bytes.Buffer
	if err := rep.WriteSARIF(&b, "trivy"); err != nil {
		t.Fatal(err)
	}
	all, err := Read(written(t, b.String(), ""))
	if err != nil || all[0].Name() != "trivy-imported" {
		t.Fatalf("%v: %v", all, err)
	}
	dir := t.TempDir()
	res, err := all[0].Scan(t.Context(), gate.Input{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Finding{
		{Rule: "B", Severity: report.High, Rated: "security-severity 8.0 of trivy-imported", Message: "m. Fix: do", Fix: "do", At: report.Location{Path: "a b/ü#?.go", Line: 3, Column: 4}},
		{Rule: "D", Severity: report.Critical, Rated: "security-severity 9.5 of trivy-imported", Message: "colon", At: report.Location{Path: "c:/x.go", Line: 1}},
	}
	if diff := cmp.Diff(want, res.Findings, cmpopts.IgnoreFields(report.Finding{}, "Fingerprint")); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"CodeQL": "codeql", "Semgrep OSS": "semgrep-oss", "Snyk Open Source": "snyk-open-source", "  C++ / Check  ": "c-check",
		"gitleaks": "gitleaks-imported", "Gitleaks!": "gitleaks-imported", "OSV Scanner": "osv-scanner-imported", "TRIVY": "trivy-imported", "actionlint": "actionlint-imported", "Goldenpath workflow": "goldenpath-workflow-imported",
		"a\x1b[31m\n::error::": "a-31m-error", "трубка": cleanName("трубка"), strings.Repeat("long ", 100): "long-long-long-long-long-long-long-long",
	} {
		got := cleanName(name)
		if got != want || len(got) > 60 || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || got == "" {
			t.Errorf("%q is %q, not %q", name, got, want)
		}
	}
	if cleanName("трубка") == cleanName("лампа") {
		t.Error("two tools of one name")
	}
}

// TestRunsOfOneTool: CodeQL writes a run for each language.
func TestRunsOfOneTool(t *testing.T) {
	text := `{"version":"2.1.0","runs":[
		{"tool":{"driver":{"name":"CodeQL","version":"1"}},"results":[` + at("b.go", `"startLine":1`) + `]},
		{"tool":{"driver":{"name":"Other"}},"results":[]},
		{"tool":{"driver":{"name":"codeql","version":"2"}},"results":[` + at("a.go", `"startLine":1`) + "," + at("b.go", `"startLine":1`) + `]}]}`
	all, err := Read(written(t, text, ""))
	if err != nil || len(all) != 2 || all[0].Name() != "codeql" || all[0].Version() != "1, 2" || all[1].Name() != "other" || all[1].Version() != "unknown" {
		t.Fatalf("%v: %v", all, err)
	}
	res, err := all[0].Scan(t.Context(), gate.Input{Dir: t.TempDir(), Exclude: []string{"none"}})
	if err != nil || len(res.Findings) != 2 || res.Covered != "3 results of 2 runs" || res.Findings[0].At.Path != "a.go" {
		t.Errorf("%+v: %v", res, err)
	}
	res, err = all[0].Scan(t.Context(), gate.Input{Dir: t.TempDir(), Exclude: []string{"b.go"}})
	if err != nil || len(res.Findings) != 1 || res.Covered != "3 results of 2 runs, 2 of them in excluded paths" {
		t.Errorf("%+v: %v", res, err)
	}
	res, err = all[1].Scan(t.Context(), gate.Input{Dir: t.TempDir()})
	if err != nil || len(res.Findings) != 0 || res.Covered != "0 results of 1 run" {
		t.Errorf("%+v: %v", res, err)
	}
}

// TestOrderDecidesNothing: the same results in another order are the same
// findings, with the same fingerprints.
func TestOrderDecidesNothing(t *testing.T) {
	dir := sources(t)
	var results []string
	for i := range 6 {
		results = append(results, at("src/db.go", fmt.Sprintf(`"startLine":%d`, i%3+3)), at("src/web.go", fmt.Sprintf(`"startLine":%d`, i%4+1)))
	}
	results = append(results, strings.Replace(at("src/db.go", `"startLine":3`), `"ruleId"`, `"level":"error","ruleId"`, 1))
	want := must(t, one("", strings.Join(results, ",")), gate.Input{Dir: dir})
	slices.Reverse(results)
	if diff := cmp.Diff(want, must(t, one("", strings.Join(results, ",")), gate.Input{Dir: dir})); diff != "" {
		t.Error(diff)
	}
	seen := map[string]bool{}
	for _, f := range want {
		seen[f.Fingerprint] = true
	}
	if len(want) != 7 || len(seen) != len(want) || want[0].Severity != report.High {
		t.Errorf("%d findings, %d fingerprints: %+v", len(want), len(seen), want[0])
	}
}
