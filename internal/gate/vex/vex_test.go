package vex

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/openvex/go-vex/pkg/vex"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestWrite proves GP-GATE-10 for OpenVEX: a waiver is not a claim that nothing is
// wrong unless it says why.
func TestWrite(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	text := `version: 1
waivers:
  - {id: CVE-2026-1, reason: only the CLI parses what users upload, owner: ann, expires: 2026-12-31, justification: vulnerable_code_not_in_execute_path}
  - {id: CVE-2026-2, purl: pkg:npm/b, reason: we wait for the release, owner: bob, expires: 2026-12-01}
  - {purl: pkg:npm/d, reason: we may use it, owner: bob, expires: 2026-12-01}
  - {rule: DS-0002, path: Dockerfile, reason: it needs port 80, owner: bob, expires: 2026-12-01}
`
	if err := os.WriteFile(filepath.Join(dir, "w.yml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	waivers, err := gate.ReadWaivers(dir, "w.yml", gate.WaiverMaxAge, now)
	if err != nil {
		t.Fatal(err)
	}
	rep := &report.Report{Subject: "shop", Commit: "3f9c2d1", Findings: []report.Finding{
		{Rule: "CVE-2026-1", Aliases: []string{"GHSA-aaaa-bbbb-cccc"}, Package: "pkg:npm/a@1.0.0", Status: report.Waived},
		{Rule: "GHSA-dddd-eeee-ffff", Aliases: []string{"CVE-2026-2"}, Package: "pkg:npm/b@2.0.0", Status: report.Waived},
		{Rule: "CVE-2026-3", Package: "pkg:npm/c@2.0.0", Status: report.New},
		{Rule: "licence-not-allowed", Package: "pkg:npm/d@1.0.0", Status: report.Waived}, // no vulnerability
		{Rule: "DS-0002", At: report.Location{Path: "Dockerfile"}, Status: report.Waived},
	}}
	write := func() []byte {
		var b bytes.Buffer
		if err := Write(&b, rep, waivers, now); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	b := write()
	if !bytes.Equal(b, write()) {
		t.Error("the same waivers give other bytes")
	}
	doc, err := vex.Parse(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	if len(doc.Statements) != 2 {
		t.Fatalf("%s", b)
	}
	for i, want := range []vex.Status{vex.StatusNotAffected, vex.StatusAffected} {
		s := doc.Statements[i]
		if err := s.Validate(); err != nil || s.Status != want {
			t.Errorf("%s: %v\n%s", s.Status, err, b)
		}
	}
	if got := doc.Matches("CVE-2026-1", "pkg:generic/shop@3f9c2d1", []string{"pkg:npm/a@1.0.0"}); len(got) != 1 {
		t.Errorf("a reader finds %v", got)
	}
	rep.Subject = "my shop"
	if p := Product(rep); p != "pkg:generic/my%20shop@3f9c2d1" {
		t.Errorf("product %s", p)
	}
	rep.Subject, rep.Digest = "Shop", "sha256:0123"
	if p := Product(rep); p != "pkg:oci/shop@sha256%3A0123" {
		t.Errorf("product %s", p)
	}
}
