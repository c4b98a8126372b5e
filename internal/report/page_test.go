package report

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// whole is the page of a run that ended in production, with a soak and findings.
func whole() Page {
	run := &Report{
		Name: "run", Subject: "where2eat", Commit: commit, Digest: digest, Verdict: Pass, Reason: "completed",
		Title: "3f9c2d1 is in production, all 9 stages in 1 m 31 s", Started: began, Seconds: 91.4,
		Outputs: []Output{{"release", "2026.11.21-3"}, {"url", "https://where2eat.example.com"}},
	}
	p := Page{Report: run}
	for i, s := range []struct {
		name, result string
		took         float64
	}{
		{"validate", "configuration is valid, commit is checked out", 0.1}, {"test", "3 checks passed", 6.7}, {"package", "image packed, linux/amd64", 4.2},
		{"security-gate", "nothing blocks, 28 known, 1 waived", 2.9}, {"preview", "answered", 1.1}, {"battery", "12 tests passed", 2.4},
		{"staging", "release 2026.11.21-2 runs at http://127.0.0.1:22501", 0.9}, {"production", "release 2026.11.21-3 runs at https://where2eat.example.com", 1.2},
		{"soak", "release 2026.11.21-3 passed its soak: 120 samples in 60.0 s: availability 99.17 %, errors 0.83 %, p95 48 ms", 60.1},
	} {
		c := Check{Name: s.name, State: OK, Result: s.result, Seconds: s.took}
		if s.name == "production" {
			c.Link = "https://where2eat.example.com"
		}
		run.Checks = append(run.Checks, c)
		part := &Report{Name: s.name, Commit: commit, Verdict: Pass, Reason: "passed", Title: s.result, Started: began, Seconds: s.took, Checks: []Check{{Name: s.name, State: OK, Result: s.result, Note: "evidence is signed", Seconds: s.took}}}
		if s.name == "soak" {
			curve := &Curve{For: 60, Limit: 250, Budget: 1.2, Spent: 83}
			for i := range 120 {
				q := Point{At: float64(i) / 2, Slowest: 20 + 18*math.Abs(math.Sin(float64(i)/7)) + float64(i%5), Taken: 1}
				if i == 77 {
					q.Slowest, q.Bad = 188, 1
				}
				curve.Add(q)
			}
			part.SetData(map[string]any{"curve": curve})
		}
		p.Parts = append(p.Parts, Part{Name: s.name, Report: part, File: fmt.Sprintf("%02d-%s.json", i+1, s.name)})
	}
	for i := range 26 {
		run.Findings = append(run.Findings, Finding{Rule: "KSV-0014", Severity: High, Status: Known, Message: "Container 'where2eat' should set readOnlyRootFilesystem to true", At: Location{Path: fmt.Sprintf("charts/where2eat/templates/deployment-%02d.yaml", i), Line: 12}, Tools: []string{"trivy"}})
	}
	run.Findings = append(run.Findings,
		Finding{Rule: "GO-2026-5970", Severity: Medium, Status: Known, Message: "Infinite loop on invalid input in golang.org/x/text", At: Location{Path: "go.mod", Line: 17}, Package: "pkg:golang/golang.org/x/text@0.3.7"},
		Finding{Rule: "GO-2026-5971", Severity: Low, Status: Known, Message: "Panic on invalid input", At: Location{Path: "go.mod", Line: 9}},
		Finding{Rule: "CVE-2022-32149", Severity: High, Status: Waived, Message: "Denial of service", At: Location{Path: "go.mod", Line: 17}, Waiver: "until 2026-12-21 by @acme/where2eat"})
	run.Sort()
	run.SetData(map[string]any{
		"end": End{Environment: "production", Address: "https://where2eat.example.com", Release: "2026.11.21-3", Replaced: "2026.11.19-2", Rollback: "goldenpath rollback --environment production --reason 'WHY'"},
		"story": Story{
			Message: "Votes may be changed until the evening", Author: "Ann Miller", Branch: "main", Since: "2026.11.19-2 (831d879)", More: 2,
			Changes: []Change{{commit, "Votes may be changed until the evening", "Ann Miller"}, {strings.Repeat("a", 40), "The list of restaurants is sorted by distance", "Bob Özdemir"}, {strings.Repeat("b", 40), "Update golang.org/x/net to 0.33.0", "dependabot[bot]"}},
			Logs:    []Log{{"test", "test/unit.log"}, {"test", "test/vet.log"}},
		},
	})
	return p
}

// stopped is the page of a run that the gate stopped.
func stopped() Page {
	p := whole()
	run, gate := p.Report, blocked()
	run.Verdict, run.Reason, run.Title = Fail, "findings", "security-gate: "+gate.Title
	for i := range run.Checks {
		switch {
		case i == 3:
			run.Checks[i].State, run.Checks[i].Result, run.Checks[i].Note = Failed, gate.Title, "trivy: database is 9 days old, give the gate network access, or refresh the mirror"
		case i > 3:
			run.Checks[i] = Check{Name: run.Checks[i].Name, State: Skipped, Result: "not reached"}
		}
	}
	p.Parts = append(slices.Clone(p.Parts[:3]), Part{Name: "security-gate", Report: gate, File: "04-security-gate.json"})
	run.Findings, run.Sections = gate.Findings, append([]Section{{Title: "the path", Open: true, Mermaid: "flowchart LR"}}, gate.Sections...)
	run.Sort()
	run.SetData(map[string]any{"end": End{Next: []string{"fix the findings, or waive them with security-gate waive"}, Log: ".git/goldenpath/runs/3f9c2d1e8a7b/test/unit.log"}, "story": Story{Message: "Votes may be changed until the evening", Author: "Ann Miller", Branch: "votes"}})
	return p
}

// TestRunPages keeps the pages of two runs.
func TestRunPages(t *testing.T) {
	for name, p := range map[string]Page{"run": whole(), "stopped": stopped()} {
		got, file := written(t, p.WriteHTML), filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got; rewrite with -update):\n%s", file, diff)
		}
	}
}

// TestRunPage proves NEWCOMER "What a person sees": the verdict and the address come first,
// then the commit and the way back; the path and the soak are drawn; rules are counted; logs
// are linked.
func TestRunPage(t *testing.T) {
	page := written(t, whole().WriteHTML)
	at := 0
	for _, want := range []string{
		"</head>", "✓ pass", `<a href="https://where2eat.example.com">`, "<code>3f9c2d1</code> Votes may be changed", "Ann Miller", "2026.11.19-2",
		"<pre><code>goldenpath rollback --environment production", "What changed since", "dependabot[bot]", "and 2 more", "<h2>The path</h2>", "<rect x=", "6.7 s",
		"<h2>soak: response times</h2>", "<polyline points=", "120 samples, 1 bad", "83 % of the error budget spent",
		`<span class="count">28</span> known`, `KSV-0014 <span class="count">26</span>`, `<a href="test/unit.log">`, `<a href="04-security-gate.json">`,
	} {
		i := strings.Index(page[at:], want)
		if i < 0 {
			t.Fatalf("%q is not on the page behind the one before it", want)
		}
		at += i
	}
	for _, not := range []string{"<script", "http-equiv=\"refresh\"", "<img", "url(", "@import", "ZgotmplZ", `<th></th>`, "overflow-x: auto"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
	if n := strings.Count(page, digest[7:]); n != 1 || !strings.Contains(page, `title="`+digest+`"`) {
		t.Errorf("the whole digest is %d times on the page", n)
	}
	if fail := written(t, stopped().WriteHTML); strings.Index(fail, "Must be fixed") > strings.Index(fail, "The path") || strings.Contains(fail, `class="address"`) {
		t.Error("a run that was stopped does not begin with what must be fixed, or has an address")
	}
}

// TestPictureOfNonsense: numbers that no soak measures draw nothing.
func TestPictureOfNonsense(t *testing.T) {
	for _, data := range []string{`{}`, `{"curve":null}`, `{"curve":{"points":[]}}`, `{"curve":{"points":[{"at_seconds":1,"slowest_ms":1}]}}`, `{"curve":{"points":[{"at_seconds":0},{"at_seconds":0}]}}`, `{"curve":{"points":[{"at_seconds":-1,"slowest_ms":1},{"at_seconds":2,"slowest_ms":-5}]}}`, `{"curve":{"points":[{"at_seconds":1e300,"slowest_ms":1},{"at_seconds":1e301,"slowest_ms":1e300}]}}`, `[]`} {
		r := &Report{Name: "soak", Data: []byte(data)}
		if got := (Part{Name: "soak", Report: r}).Curve(); got != nil {
			t.Errorf("%s draws %+v", data, got)
		}
	}
}

// TestBreakable: a browser may break an address behind its slashes and a digest anywhere,
// but no word that fits.
func TestBreakable(t *testing.T) {
	for text, want := range map[string]string{
		"a severity & <b>":                    "a severity &amp; &lt;b&gt;",
		"https://where2eat.example.com/a/b/c": "https://<wbr>where2eat.<wbr>example.<wbr>com/<wbr>a/b/<wbr>c",
		strings.Repeat("a", 30):               strings.Repeat("a", 24) + "<wbr>" + strings.Repeat("a", 6),
	} {
		if got := string(breakable(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
