package gate

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

func statuses(findings []report.Finding) string {
	var out []string
	for _, f := range findings {
		out = append(out, string(f.Status))
	}
	return strings.Join(out, " ")
}

// TestBaselineApply proves GP-GATE-17 (NEWCOMER 1): what a repository had before the gate
// is known, except secrets in the files and exploited vulnerabilities.
func TestBaselineApply(t *testing.T) {
	fresh := func() []report.Finding {
		return []report.Finding{
			{Rule: "DS-0002", Status: report.New, Fingerprint: "a"},
			{Rule: "DS-0002", Status: report.New, Fingerprint: "a"},
			{Rule: "github-pat", Status: report.New, Fingerprint: "b", Secret: report.SecretPresent},
			{Rule: "github-pat", Status: report.Known, Fingerprint: "c", Secret: report.SecretPresent},
			{Rule: "github-pat", Status: report.New, Fingerprint: "d", Secret: report.SecretRemoved},
			{Rule: "CVE-1", Status: report.Disclosed, Fingerprint: "e", Package: "pkg:npm/a@1", Exploited: "2026-01-01"},
			{Rule: "CVE-2", Status: report.Disclosed, Fingerprint: "f", Package: "pkg:npm/a@1"},
		}
	}
	secret := func(fingerprint string) string {
		return ID(report.Finding{Secret: report.SecretRemoved, Fingerprint: fingerprint})
	}
	all := []Accepted{{"DS-0002", "", "a", 1}, {"github-pat", "", secret("b"), 1}, {"github-pat", "", secret("d"), 1}}
	for name, test := range map[string]struct {
		baseline Baseline
		want     string
	}{
		"none":               {Baseline{}, "new new new known new disclosed disclosed"},
		"the first run":      {Baseline{First: true}, "known known new new known new disclosed"},
		"not released":       {Baseline{Unreleased: true}, "new new new new new new disclosed"},
		"a file":             {Baseline{Accepted: all}, "known new new known known disclosed disclosed"},
		"a file, unreleased": {Baseline{Unreleased: true, Accepted: all}, "known new new new known new disclosed"},
	} {
		findings := fresh()
		test.baseline.apply(findings, nil)
		if got := statuses(findings); got != test.want {
			t.Errorf("%s: %s\nwant %s", name, got, test.want)
		}
	}
}

// TestRemovedSecret: who accepts a secret that only the history has does not accept its
// return to the files. A secret that was removed is accepted as it was in the files.
func TestRemovedSecret(t *testing.T) {
	inFiles := report.Finding{Rule: "github-pat", Status: report.New, Fingerprint: "github-pat:a.yaml:0a1b", Secret: report.SecretPossible}
	removed := inFiles
	removed.Fingerprint, removed.Secret = OnlyHistory+inFiles.Fingerprint, report.SecretRemoved
	for name, test := range map[string]struct {
		accepted, found report.Finding
		want            bool
	}{
		"in the files": {inFiles, inFiles, true}, "in the history": {removed, removed, true},
		"then removed": {inFiles, removed, true}, "then back": {removed, inFiles, false},
	} {
		found := []report.Finding{test.found}
		Baseline{Accepted: []Accepted{{test.accepted.Rule, "", ID(test.accepted), 1}}}.apply(found, nil)
		if got := found[0].Status == report.Known; got != test.want {
			t.Errorf("%s: in the baseline %v", name, got)
		}
		w := Waiver{Fingerprint: ID(test.accepted)}
		if got := w.matches(test.found); got != test.want {
			t.Errorf("%s: waived %v", name, got)
		}
		found, base := []report.Finding{test.found}, []report.Finding{test.accepted}
		markKnown(found, base, nil, nil)
		if got := found[0].Status == report.Known; got != test.want {
			t.Errorf("%s: in the base %v", name, got)
		}
	}
}

// TestBaselineFile: what is written is read again, is the same each time, and has no
// text of a finding.
func TestBaselineFile(t *testing.T) {
	findings := []report.Finding{
		{Rule: "DS-0002", Message: "secret text", Fingerprint: "b", At: report.Location{Path: "Dockerfile", Line: 3}},
		{Rule: "DS-0002", Message: "secret text", Fingerprint: "b", At: report.Location{Path: "Dockerfile", Line: 9}},
		{Rule: "KSV-0001", Fingerprint: "a", At: report.Location{Path: "a \"b\".yaml"}},
		{Rule: "KSV-0001", Fingerprint: "w", Status: report.Waived},
		{Rule: "github-pat", Fingerprint: "s", Secret: report.SecretPresent},
		{Rule: "CVE-1", Fingerprint: "k", Exploited: "2026-01-01"},
	}
	entries, refused := NewBaseline(findings)
	if len(entries) != 2 || len(refused) != 2 {
		t.Fatalf("%+v, %+v", entries, refused)
	}
	var b bytes.Buffer
	if err := WriteBaseline(&b, entries); err != nil {
		t.Fatal(err)
	}
	want := "{\"version\": 1, \"findings\": [\n  {\"rule\":\"DS-0002\",\"path\":\"Dockerfile\",\"fingerprint\":\"b\",\"count\":2},\n  {\"rule\":\"KSV-0001\",\"path\":\"a \\\"b\\\".yaml\",\"fingerprint\":\"a\",\"count\":1}\n]}\n"
	if b.String() != want {
		t.Errorf("%s\nwant %s", b.String(), want)
	}
	got, err := parseBaseline(b.Bytes())
	if err != nil || !slices.Equal(got, entries) {
		t.Errorf("%+v, %v", got, err)
	}
	var empty bytes.Buffer
	if err := WriteBaseline(&empty, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := parseBaseline(empty.Bytes()); err != nil || len(got) != 0 {
		t.Errorf("empty: %+v, %v", got, err)
	}
}

// TestBaselineFileMistakes: a mistake names the file and the way out.
func TestBaselineFileMistakes(t *testing.T) {
	for text, says := range map[string]string{
		"":                                 "baseline.json:1:1 ",
		"{\n\"version\": 1,\n!":            "baseline.json:3:1 ",
		`{"version": 2, "findings": []}`:   "version must be 1",
		`{"version": 1, "waivers": []}`:    "unknown field",
		`{"version": 1, "findings": []} x`: "after its end",
		`{"version": 1, "findings": [{"rule": "a", "fingerprint": "", "count": 1}]}`:  "entry 1 needs",
		`{"version": 1, "findings": [{"rule": "a", "fingerprint": "b", "count": 0}]}`: "entry 1 needs",
	} {
		if _, err := parseBaseline([]byte(text)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "write the file again with security-gate baseline") {
			t.Errorf("%q: %v", text, err)
		}
	}
	dir := t.TempDir()
	if got, err := ReadBaseline(dir); got != nil || err != nil {
		t.Errorf("no file: %v, %v", got, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, ".goldenpath"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, BaselineFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadBaseline(dir); err == nil {
		t.Error("a link out of the repository is read")
	}
}
