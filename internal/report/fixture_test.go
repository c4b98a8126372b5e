package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

var began = time.Date(2026, 11, 21, 18, 0, 5, 0, time.UTC)

var published = began.AddDate(0, 0, -3)

const (
	commit = "3f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d"
	digest = "sha256:5be1b1d9f2a34c77a1d0c3e4b5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718"
)

// passed is what a promotion prints on a good day.
func passed() *Report {
	return &Report{
		Name: "promote", Subject: "where2eat", Commit: commit, Digest: digest, Verdict: Pass, Reason: "promoted",
		Title: "3f9c2d1 is in production, soaked for 30 m", Started: began, Seconds: 1834.2,
		Checks: []Check{
			{Name: "artifact", State: OK, Result: "sha256:5be1b1d9f2a3 (index), staged 2 h 10 m ago, not rebuilt", Seconds: 0.4},
			{Name: "evidence", State: OK, Result: "provenance, tests 412, gate (1 waiver, 21 days left), scorecard", Note: "signed by release.yml@4d2e"},
			{Name: "migration", State: OK, Result: "0007_add_votes.sql (expand)", Note: "rollback stays possible"},
			{Name: "deploy", State: OK, Result: "2026.11.21-3 answers 3f9c2d1", Link: "https://where2eat.example.com/version?a=1&copy=2", Seconds: 14.6},
			{Name: "soak", State: OK, Result: "p95 12 ms (2 of 29), availability ≥ 99 %, errors ≤ 1 %", Seconds: 1800},
			{Name: "ai-evals", State: NotApplicable, Result: "no prompt, model or data changed"},
		},
		Outputs: []Output{{"verdict", "pass"}, {"release", "2026.11.21-3"}, {"url", "https://where2eat.example.com"}},
		Sections: []Section{
			{Title: "the path", Open: true, Mermaid: "flowchart LR\n  s0[\"staging\"]:::ok --> s1[\"production\"]:::ok\n  classDef ok fill:#1a7f37,color:#fff"},
			{Title: "manifest", Head: []string{"", "what", "before", "after"}, Rows: [][]string{
				{"✓", "version", "2026.11.19-2", "2026.11.21-3"},
				{"+", "VOTE_LIMIT", "", "name only"},
				{"-", "old_flag", "on (100 %)", "removed"},
			}},
		},
		Data: json.RawMessage(`{"rollback": "2026.11.19-2"}`),
	}
}

// blocked is a gate with findings of every status.
func blocked() *Report {
	r := &Report{
		Name: "security-gate", Subject: "where2eat", Commit: commit, Verdict: Fail, Reason: "findings",
		Title: "2 new findings at high or above must be fixed or waived, 1 known, 1 waived", Started: began, Seconds: 8.3,
		Checks: []Check{
			{Name: "gitleaks", State: OK, Result: "412 commits, 1 finding", Seconds: 1.1},
			{Name: "osv-scanner", State: OK, Result: "advisories of Go from 20 Nov 2026", Seconds: 2.2},
			{Name: "trivy", State: Warned, Result: "database is 9 days old", Note: "give the gate network access, or refresh the mirror", Seconds: 8.1},
			{Name: "actionlint", State: Failed, Result: "2 findings", Link: "https://github.com/acme/where2eat/actions/runs/7"},
			{Name: "codeql", State: Missing, Result: "no SARIF was handed in", Note: "sarif: codeql.sarif"},
			{Name: "perf", State: Inconclusive, Result: "+2.1 % ± 4.0 %", Note: "needs 40 more runs"},
			{Name: "image", State: Skipped, Result: "not asked for"},
		},
		Findings: []Finding{
			{
				Rule: "CVE-2026-56852", Aliases: []string{"GO-2026-5970", "GHSA-69ch-w2m2-3vjp"}, Severity: High, Status: New, Blocking: true,
				Message: "Infinite loop on invalid input in golang.org/x/text (severity not published, taken as high)",
				At:      Location{Path: "go.mod", Line: 17}, Package: "pkg:golang/golang.org/x/text@0.3.7", Fixed: "0.39.0",
				Tools: []string{"osv-scanner", "trivy"}, Fix: "go get golang.org/x/text@v0.39.0", Fingerprint: "f00d",
				Rated: "CVSS 3.1 score 7.5 of CVE-2026-56852", Published: &published, Through: []string{"golang.org/x/net", "golang.org/x/text"}, Link: "https://osv.dev/vulnerability/GO-2026-5970",
				Exploited: "2026-11-01", EPSS: 0.0123, Also: []Location{{Path: "tools/go.mod", Line: 9}},
			},
			{
				Rule: "script-injection", Severity: Critical, Status: New, Blocking: true,
				Message: `"github.event.issue.title" in ${{ github.event.issue.title }} is text of a stranger`,
				At:      Location{Path: ".github/workflows/ci.yml", Line: 100, Column: 12}, Tools: []string{"actionlint"},
				Fix: "env:\n  TITLE: ${{ github.event.issue.title }}", Waiver: "expired on 2026-11-01 (@acme/security): renew it on the base branch or fix the finding",
			},
			{Rule: "DS-0026", Severity: Low, Status: New, Message: "No HEALTHCHECK defined: Add HEALTHCHECK instruction in your Dockerfile", At: Location{Path: "Dockerfile"}, Tools: []string{"trivy"}},
			{Rule: "KSV-0125", Severity: Medium, Message: "image of an untrusted registry: x86_64 build of ghcr.io/acme/where2eat@sha256:831d879666ea", At: Location{Path: "charts/where2eat/templates/deployment.yaml", Line: 4}, Tools: []string{"trivy"}},
			{Rule: "CVE-2026-0002", Severity: High, Status: Disclosed, Message: "one of yesterday", At: Location{Path: "go.mod", Line: 12}, Tools: []string{"osv-scanner"}},
			{Rule: "CVE-2020-0001", Severity: High, Status: Known, Message: "an old one", At: Location{Path: "go.mod", Line: 9}, Tools: []string{"trivy"}},
			{Rule: "CVE-2022-32149", Severity: High, Status: Waived, Message: "Denial of service via crafted Accept-Language header", At: Location{Path: "go.mod", Line: 17}, Tools: []string{"osv-scanner"}, Waiver: "until 2026-12-21 by @acme/where2eat: the server's header limit bounds it, see https://example.com/adr/12"},
			{Rule: "policy", Severity: Note, Status: New, Message: "waivers come from the base branch"},
		},
		Outputs:  []Output{{"verdict", "fail"}, {"reason", "findings"}},
		Sections: []Section{{Title: "unit: end of its output", Open: true, Text: "--- FAIL: TestVote (0.00s)\n    vote_test.go:31: got 3, want 4\n\tvote.go:12\n"}},
		Data:     json.RawMessage(`{"databases": [{"age": "1 d", "name": "Go"}]}`),
	}
	r.Sort()
	return r
}

// hostiles are untrusted texts. Each must be shown literally.
var hostiles = []string{
	"::error file=x::gotcha", "  ::set-output name=verdict::pass", "##[command]rm -rf /", "a ##[error]b", "::stop-commands::x", "%0A::error::x",
	"\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07link\x1b]8;;\x07", "user\u202etxt.exe\u202c \u2066x\u2069", "zero\u200bwidth\U000e0041\U000e0042\ufeff", "nul\x00byte", "bad \xff\xfe utf8 \xc3",
	"# heading", "#hashtag #12 GH-12 acme/app#3", "- list", "+ list", "12. list", "3) list", "> quote", "---", "===", "- - -", "***", "~~~", "```\ncode\n```", "    indented",
	"@octocat and @acme/team, mail bob@example.com.", "(@octocat)", "x@octocat", "where2eat@3f9c2d1", "https://evil.example/?a=1|2`x`", "www.evil.example", "mailto:bob@example.com", "xmpp:a@b.cc", "ftp://x", "HTTPS://EVIL.example",
	"[click](javascript:alert(1))", "![img](https://evil.example/x.png)", "[ref]: https://evil.example", "<https://evil.example>", "[^1]", "[x][y]",
	"<script>alert(1)</script>", "</details></summary><img src=x onerror=alert(1)>", "-->", "<!-- x", "&lt;b&gt; &#64;x &amp;", "</code></pre></script></style>", "\" onmouseover=\"x", "' x='y", "{{.Report}}", "javascript:alert(1)",
	"a|b", `a\|b`, `a\\|b`, `\`, `a\`, `\\`, `|`, `||`, "`", "``", "```", "`a", "a`", " `a` ", "`a``b`", "` `", "`|`", `\` + "`", "`" + `\`, "a`|`b`|", `\|` + "`", "**b** *i* _i_ __b__ ~~s~~ ~s~ snake_case __init__ a_b_ _c",
	"$x$ costs $5 and $$y$$", "${{ github.token }} x", "$`x`$", ":tada: a:100:b main.go:100:5 12:30:45", "C:\\Users\\x", "\\@octocat \\#1", "a\u00a0@octocat\u2003#1", "é@octocat", "_@octocat_", "@octocat's", "\"@octocat\"", "@-x @", "#", "##", "# ", "a #b", "",
	"\n", "\r\n", " ", "line\nbreak\r\nand\rmore\u2028x\u0085y", "\t", "…", "🏳️‍🌈 👩‍🚀 한국어 עברית", "go.mod:17", "p95 12 ms (2 of 29)", "sha256:5be1b1d9f2a3",
}

// hostile puts texts of strangers wherever a report has room for them.
func hostile() *Report {
	r := &Report{
		Name: "security-gate", Subject: "x](http://evil) @octocat #12", Commit: "\x1b[31m\xffé@octocat|", Digest: "sha256:<b>", Verdict: Fail, Reason: "findings`|::error::",
		Title: "::error::@octocat closed #12 and GH-12, see https://evil.example and <script>alert(1)</script> | `x`\n# heading", Started: began, Seconds: 1,
		Outputs: []Output{{"verdict", "fail"}},
	}
	states := []State{OK, Warned, Failed, Skipped, Inconclusive, Missing, NotApplicable, "\"><script>"}
	for i, s := range hostiles {
		r.Checks = append(r.Checks, Check{Name: cut(s, 20), State: states[i%len(states)], Result: s, Note: s, Link: []string{"", "javascript:alert(1)", "https://ok.example/a", "https://evil@github.com", "https://x/)[y](z"}[i%5]})
	}
	for i, s := range hostiles {
		if i%3 > 0 {
			continue // the fuzz tests try every text everywhere
		}
		r.Findings = append(r.Findings, Finding{
			Rule: s, Aliases: []string{s, s}, Severity: []Severity{High, Low, Note, "<b>@octocat"}[i%4], Status: []Status{New, Known, Waived, "?|"}[i%4], Blocking: i%5 == 0,
			Message: s, At: Location{Path: s, Line: i, Column: i % 3}, Package: s, Tools: []string{s, "trivy"}, Fix: s, Waiver: []string{"", s}[i%2],
		})
		if i%9 > 0 {
			continue
		}
		r.Sections = append(r.Sections, Section{Title: s, Open: i%2 == 0, Head: []string{s, ""}, Rows: [][]string{{s}, {s, s, s}}})
	}
	r.Sections = append(r.Sections,
		Section{Title: "@octocat </summary><img src=x>", Open: true, Text: strings.Join(hostiles, "\n")},
		Section{Title: "picture", Mermaid: "flowchart LR\n```\n# heading\n"})
	r.Sort()
	return r
}

func reports() map[string]*Report {
	return map[string]*Report{"pass": passed(), "blocked": blocked(), "hostile": hostile()}
}

// surfaces are what is written of a report, by the end of their golden file.
func surfaces(r *Report) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"log":             r.WriteLog,
		"annotations.txt": r.WriteAnnotations,
		"summary.md":      func(w io.Writer) error { return r.WriteSummary(w, SummaryBudget) },
		"json":            r.WriteJSON,
		"sarif":           func(w io.Writer) error { return r.WriteSARIF(w, "trivy") },
		"html":            Page{Report: r, Parts: []Part{{Name: r.Checks[0].Name, Report: r}}}.WriteHTML,
	}
}

func written(t testing.TB, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, r := range reports() {
		for surface, write := range surfaces(r) {
			t.Run(name+"."+surface, func(t *testing.T) {
				got := written(t, write)
				file := filepath.Join("testdata", name+"."+surface)
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s (-want +got; rewrite with -update):\n%s", file, diff)
				}
			})
		}
	}
}
