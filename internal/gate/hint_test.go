package gate

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestWaiverHint proves GP-GATE-5 (NEWCOMER 1): what the report prints as waivers is
// accepted as it is; outside text in it stays text.
func TestWaiverHint(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	findings := []report.Finding{
		{Rule: "CVE-2026-1", Package: "pkg:npm/a@1", Blocking: true, At: report.Location{Path: "package-lock.json"}},
		{Rule: "DS-0002", Blocking: true, At: report.Location{Path: "a: b}\nwaivers: [x]/Dockerfile"}},
		{Rule: "DS-0002", Blocking: true, At: report.Location{Path: "a: b}\nwaivers: [x]/Dockerfile"}},
		{Rule: "DS-0002", Blocking: true, Fingerprint: "6f1c", At: report.Location{Path: "f\r\ng"}},
		{Rule: "github-pat", Blocking: true, Secret: report.SecretPresent, Fingerprint: "github-pat:it's.env:1", At: report.Location{Path: "it's.env", Line: 1}},
		{Rule: "DS-0026", At: report.Location{Path: "Dockerfile"}},
	}
	sections, ok := waiverHint(findings, Hint{Owner: "Ann Lee", Then: "commit it, and run again"}, now)
	if !ok || len(sections) != 2 {
		t.Fatalf("%+v", sections)
	}
	want := `# Fix the findings first. To accept them until a date, run this, then commit it, and run again:
# The id of a rule waives the rule in that file, also for later findings. The fingerprint of a finding, from the JSON report (--report FILE), waives only it.
security-gate waive CVE-2026-1 DS-0002 6f1c --owner 'Ann Lee' --reason 'to be fixed by 2026-12-21' --until 2026-12-21
# 1 secret is in the files: revoke and rotate first. --all does not waive secrets in the files; name each one that is harmless:
security-gate waive 07f57c0796ce7f3bcba4aabac1e80720 --owner 'Ann Lee' --reason 'to be fixed by 2026-12-21' --until 2026-12-21
# A secret stays in the history when its line is removed. After revoking it, take it out of the branch (git rebase --interactive), or waive it.
`
	if sections[0].Text != want {
		t.Errorf("command:\n%s", sections[0].Text)
	}
	waivers, err := parseWaivers("w.yml", []byte(sections[1].Text), WaiverMaxAge, now)
	if err != nil || len(waivers) != 4 {
		t.Fatalf("%+v, %v\n%s", waivers, err, sections[1].Text)
	}
	for _, f := range findings[:5] {
		n := 0
		for i := range waivers {
			if waivers[i].Holds(f, now) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d waivers cover %+v", n, f)
		}
	}
	if _, ok := waiverHint([]report.Finding{{Rule: "x"}}, Hint{}, now); ok {
		t.Error("a hint where nothing blocks")
	}
}

// TestWaiverOfSecret proves GP-GATE-5 (D4): the proposed waiver of a secret, in the files
// or only in the history, does not cover another secret of the same rule in the same file.
func TestWaiverOfSecret(t *testing.T) {
	for _, kind := range []string{report.SecretPresent, report.SecretPossible, report.SecretRemoved} {
		one := report.Finding{Rule: "github-pat", Secret: kind, Fingerprint: "github-pat:a.env:1", At: report.Location{Path: "a.env"}}
		two := one
		two.Fingerprint = "github-pat:a.env:2"
		if w := WaiverOf(one); !w.matches(one) || w.matches(two) {
			t.Errorf("%s: %+v", kind, w)
		}
	}
}

// TestWaiverHintOfMany: a short policy limits the date, and many findings are waived at
// once.
func TestWaiverHintOfMany(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	var many []report.Finding
	for i := range 60 {
		many = append(many, report.Finding{Rule: "KSV-00" + string(rune('A'+i%26)), Blocking: true, At: report.Location{Path: "k8s/" + strings.Repeat("x", i+1) + ".yaml"}})
	}
	sections, _ := waiverHint(many, Hint{Longest: 7 * 24 * time.Hour}, now)
	if !strings.Contains(sections[0].Text, "security-gate waive --all --owner @me --reason 'to be fixed by 2026-11-28' --until 2026-11-28\n") {
		t.Errorf("command:\n%s", sections[0].Text)
	}
	waivers, err := parseWaivers("w.yml", []byte(sections[1].Text), 7*24*time.Hour, now)
	if err != nil || len(waivers) != 25 || !strings.Contains(sections[1].Text, "# and 35 more") {
		t.Errorf("%d waivers, %v\n%s", len(waivers), err, sections[1].Text)
	}
}
