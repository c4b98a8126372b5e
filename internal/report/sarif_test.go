package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// sarifLog is what GitHub reads of a SARIF file.
type sarifLog struct {
	Schema  string `json:"$schema"`
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []struct {
					ID, Name, HelpURI    string
					ShortDescription     struct{ Text string }
					FullDescription      struct{ Text string }
					Help                 struct{ Text, Markdown string }
					DefaultConfiguration struct{ Level string }
					Properties           map[string]any
				}
			}
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			Level               string
			Message             struct{ Text string }
			PartialFingerprints map[string]string
			Locations           []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine, StartColumn int }
				}
			}
		}
	}
}

// readSARIF holds a file to the schema of SARIF 2.1.0 and to what GitHub asks
// for beyond it.
func readSARIF(t *testing.T, r *Report, tool string) sarifLog {
	t.Helper()
	text := written(t, func(w io.Writer) error { return r.WriteSARIF(w, tool) })
	doc, err := sarif.FromString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(); err != nil {
		t.Errorf("is not valid: %.2000v", err)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.HasSuffix(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatalf("version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name == "" || run.Results == nil || len(run.Results) > sarifResults {
		t.Errorf("tool %q, %d results", run.Tool.Driver.Name, len(run.Results))
	}
	seen := map[string]bool{}
	for _, rule := range run.Tool.Driver.Rules {
		if rule.ID == "" || seen[rule.ID] || rule.ShortDescription.Text == "" {
			t.Errorf("rule %q is nameless, double or says nothing", rule.ID)
		}
		seen[rule.ID] = true
		if len(rule.Name) > 255 || rule.Name == "" || rule.FullDescription.Text == "" || len(rule.FullDescription.Text) > 1024 || len(rule.ShortDescription.Text) > 1024 || rule.Help.Text == "" || rule.Help.Markdown == "" {
			t.Errorf("rule %q is not described: %+v", rule.ID, rule)
		}
		if rule.HelpURI != "" && SafeLink(rule.HelpURI) == "" {
			t.Errorf("rule %q links to %q", rule.ID, rule.HelpURI)
		}
		checkPage(t, rule.Help.Markdown)
		if tags, _ := rule.Properties["tags"].([]any); len(tags) < 2 || len(tags) > 10 || tags[0] != "security" {
			t.Errorf("rule %q has the tags %v", rule.ID, tags)
		}
		if l := rule.DefaultConfiguration.Level; l != "error" && l != "warning" && l != "note" {
			t.Errorf("rule %q has the level %q", rule.ID, l)
		}
		if s := rule.Properties["security-severity"]; s != "9.5" && s != "8.0" && s != "5.5" && s != "2.0" && s != "0.0" {
			t.Errorf("rule %q has security-severity %v", rule.ID, s)
		}
	}
	hashes := map[string]bool{}
	for _, res := range run.Results {
		if key := res.RuleID + " " + res.PartialFingerprints["primaryLocationLineHash"]; hashes[key] || len(key) < len(res.RuleID)+3 || len(key) > len(res.RuleID)+80 {
			t.Errorf("the fingerprint of %q is empty, too long or double", key)
		} else {
			hashes[key] = true
		}
		if res.RuleIndex < 0 || res.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[res.RuleIndex].ID != res.RuleID {
			t.Errorf("rule %q has index %d", res.RuleID, res.RuleIndex)
		}
		if res.Message.Text == "" || len(res.Message.Text) > sarifMessage || res.Message.Text != singleLine(res.Message.Text) {
			t.Errorf("message %q", res.Message.Text)
		}
		if res.Level != "error" && res.Level != "warning" && res.Level != "note" {
			t.Errorf("level %q", res.Level)
		}
		if len(res.PartialFingerprints) == 0 || len(res.Locations) != 1 {
			t.Errorf("%q has fingerprints %v and locations %v", res.RuleID, res.PartialFingerprints, res.Locations)
			continue
		}
		at := res.Locations[0].PhysicalLocation
		if u, err := url.Parse(at.ArtifactLocation.URI); err != nil || at.ArtifactLocation.URI == "" || u.Scheme != "" || u.Host != "" || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("place %q: %v", at.ArtifactLocation.URI, err)
		}
		if at.Region.StartLine < 1 {
			t.Errorf("line %d", at.Region.StartLine)
		}
	}
	return log
}

// TestSARIFIsValid proves the SARIF of GP-GATE-10.
func TestSARIFIsValid(t *testing.T) {
	for name, r := range reports() {
		for _, tool := range []string{"", "trivy", "no such tool"} {
			t.Run(name+"/"+tool, func(t *testing.T) {
				log := readSARIF(t, r, tool)
				if tool == "no such tool" && len(log.Runs[0].Results) != 0 {
					t.Error("results of another tool")
				}
			})
		}
	}
	for _, s := range hostiles {
		readSARIF(t, everywhere(s), "")
	}
}

func TestSARIFResults(t *testing.T) {
	r := &Report{Name: "security-gate", Findings: []Finding{
		{Rule: "B", Severity: Low, Blocking: true, Message: "m", Fix: "do", At: Location{Path: "a b/ü#?.go", Line: 3, Column: 4}, Fingerprint: "f"},
		{Rule: "A", Severity: "unheard of", Status: New, Message: "m", At: Location{Path: "c:/x.go", Column: 9}},
		{Rule: "B", Severity: Critical, Status: Known, Message: "m", At: Location{Path: "x.go", Line: -1}},
		{Rule: "", Severity: Note, Status: Waived, Message: " ", Waiver: "until 2026-12-21"},
		{Rule: "B", Severity: High, Status: Waived, Blocking: true, Message: "m"},
	}}
	run := readSARIF(t, r, "").Runs[0]
	type result struct {
		Rule, Level, Message, URI string
		Index, Line, Column       int
	}
	var got []result
	for _, res := range run.Results {
		at := res.Locations[0].PhysicalLocation
		got = append(got, result{res.RuleID, res.Level, res.Message.Text, at.ArtifactLocation.URI, res.RuleIndex, at.Region.StartLine, at.Region.StartColumn})
	}
	want := []result{
		{"B", "note", "m. Fix: do", "a%20b/%C3%BC%23%3F.go", 0, 3, 4},
		{"A", "error", "m", "./c:/x.go", 1, 1, 0},
		{"B", "error", "m", "x.go", 0, 1, 0},
		{"B", "error", "m", ".", 0, 1, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	severities := map[string]any{}
	for _, rule := range run.Tool.Driver.Rules {
		severities[rule.ID] = rule.Properties["security-severity"]
	}
	if diff := cmp.Diff(map[string]any{"A": "9.5", "B": "9.5"}, severities); diff != "" {
		t.Errorf("the worst of each rule (-want +got):\n%s", diff)
	}
	if got := run.Results[0].PartialFingerprints["primaryLocationLineHash"]; got != "f:1" {
		t.Errorf("fingerprint %q", got)
	}
}

func TestFingerprintSurvivesMoves(t *testing.T) {
	f := Finding{Rule: "R", Message: "m", At: Location{Path: "a", Line: 3}}
	moved := f
	moved.At.Line = 30
	other := f
	other.At.Path = "b"
	if fingerprint(f) != fingerprint(moved) || fingerprint(f) == fingerprint(other) {
		t.Error("fingerprint")
	}
}

func TestSARIFIsBounded(t *testing.T) {
	r := &Report{}
	for i := range sarifResults + 100 {
		r.Findings = append(r.Findings, Finding{Rule: fmt.Sprint("R", i%50), Severity: High, Message: "m", At: Location{Path: "x"}})
	}
	text := written(t, func(w io.Writer) error { return r.WriteSARIF(w, "") })
	if n := strings.Count(text, `"ruleId"`); n != sarifResults {
		t.Errorf("%d results", n)
	}
}
