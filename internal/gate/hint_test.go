package gate

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestWaiverHint: a hint is a file of waivers that is refused until a person has
// filled it in, and then accepted; outside text in it stays text.
func TestWaiverHint(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s, ok := waiverHint([]report.Finding{
		{Rule: "CVE-2026-1", Package: "pkg:npm/a@1", Blocking: true, At: report.Location{Path: "package-lock.json"}},
		{Rule: "DS-0002", Blocking: true, At: report.Location{Path: "a: b}\nwaivers: [x]/Dockerfile"}},
		{Rule: "DS-0002", Blocking: true, At: report.Location{Path: "a: b}\nwaivers: [x]/Dockerfile"}},
		{Rule: "DS-0002", Blocking: true, Fingerprint: "6f1c", At: report.Location{Path: "f\r\ng"}},
		{Rule: "DS-0026", At: report.Location{Path: "Dockerfile"}},
	}, now)
	if !ok {
		t.Fatal("no hint")
	}
	_, err := parseWaivers("w.yml", []byte(s.Text), WaiverMaxAge, now)
	if err == nil || strings.Count(err.Error(), "missing reason") != 3 || strings.Count(err.Error(), "missing owner") != 3 || strings.Contains(err.Error(), "YAML") {
		t.Fatalf("unfilled: %v\n%s", err, s.Text)
	}
	filled := strings.NewReplacer("…", "looked at and harmless", `owner: ""`, `owner: "@ann"`).Replace(s.Text)
	waivers, err := parseWaivers("w.yml", []byte(filled), WaiverMaxAge, now)
	if err != nil || len(waivers) != 3 || waivers[0].ID != "CVE-2026-1" || !waivers[1].matches(report.Finding{Rule: "DS-0002", At: report.Location{Path: "a: b}\nwaivers: [x]/Dockerfile"}}) {
		t.Errorf("filled: %+v, %v\n%s", waivers, err, filled)
	}
	if _, ok := waiverHint([]report.Finding{{Rule: "x"}}, now); ok {
		t.Error("a hint where nothing blocks")
	}
}
