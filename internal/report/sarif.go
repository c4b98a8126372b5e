package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// Limits of GitHub code scanning, which keeps 5,000 results of a run:
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
const (
	sarifResults = 5000
	sarifMessage = 4000
	sarifRule    = 200
	sarifAbout   = 1000 // of a description
)

// WriteSARIF writes the findings of one tool, or of all tools if tool is empty, as SARIF
// 2.1.0. GitHub accepts one run for each category, so write one file for each tool.
//
// Waived findings are left out: GitHub ignores suppressions, so they would stay open
// alerts (https://github.com/github/codeql-action/issues/1230).
func (r *Report) WriteSARIF(w io.Writer, tool string) error {
	run := sarif.NewRunWithInformationURI(cmp.Or(tool, "goldenpath"), "https://github.com/seed-b235b314/goldenpath")
	run.Results = []*sarif.Result{}
	rules := map[string]*sarifRuleOf{}
	seen := map[string]int{}
	for _, f := range r.Findings {
		if tool != "" && !slices.Contains(f.Tools, tool) || f.Status == Waived && !f.Blocking {
			continue
		}
		if len(run.Results) == sarifResults {
			break
		}
		id := cmp.Or(cut(strings.TrimSpace(singleLine(f.Rule)), sarifRule), "unnamed-rule")
		rule := rules[id]
		if rule == nil {
			rule = &sarifRuleOf{id: id, index: len(rules), descriptor: run.AddRule(id)}
			rules[id] = rule
		}
		rule.findings = append(rule.findings, f)
		run.AddResult(sarifResult(id, f, seen).WithRuleIndex(rule.index))
	}
	for _, rule := range rules {
		rule.describe()
	}
	doc := sarif.NewReport()
	doc.AddRun(run)
	return doc.PrettyWrite(w)
}

func sarifResult(id string, f Finding, seen map[string]int) *sarif.Result {
	region := sarif.NewRegion().WithStartLine(max(1, f.At.Line))
	if f.At.Line > 0 && f.At.Column > 0 {
		region.WithStartColumn(f.At.Column)
	}
	message := f.Message
	if f.Package != "" {
		message = PackageName(f.Package) + ": " + message
	}
	if f.Fix != "" {
		message = strings.TrimRight(message, ". ") + ". Fix: " + f.Fix
	}
	// GitHub reads this fingerprint alone, and computes it from the source only where the
	// upload has a checkout. It must differ for each result of a rule.
	mark := cmp.Or(f.Fingerprint, fingerprint(f))
	if len(mark) > 64 || mark != singleLine(mark) {
		mark = Digest(mark)
	}
	seen[id+"\x00"+mark]++
	return sarif.NewRuleResult(id).WithLevel(sarifLevel(f.Severity)).
		WithMessage(sarif.NewTextMessage(cmp.Or(cut(strings.TrimSpace(singleLine(message)), sarifMessage), id))).
		WithLocations([]*sarif.Location{sarif.NewLocation().WithPhysicalLocation(sarif.NewPhysicalLocation().
			WithArtifactLocation(sarif.NewSimpleArtifactLocation(sarifURI(f.At.Path))).WithRegion(region))}).
		WithPartialFingerprints(map[string]string{"primaryLocationLineHash": fmt.Sprintf("%s:%d", mark, seen[id+"\x00"+mark])})
}

// sarifLevel is the level of a result. The rule's security-severity is the worst of its
// results, so this is where each result has its own.
func sarifLevel(s Severity) string {
	return []string{"error", "error", "warning", "note", "note"}[s.rank()]
}

// sarifURI returns a path as a URI. Code scanning requires a location, so a finding about
// the whole repository is at its root.
func sarifURI(path string) string {
	path = strings.ToValidUTF8(strings.TrimSpace(path), "\ufffd")
	if path == "" {
		return "."
	}
	return (&url.URL{Path: cut(path, annotationPath)}).String()
}

// fingerprint identifies a finding whose scanner did not. It leaves out the line, so that a
// finding stays the same when code above it moves.
func fingerprint(f Finding) string {
	return Digest(f.Rule, f.At.Path, f.Package, f.Message)
}

// Digest returns 32 hexadecimal digits that identify some texts.
func Digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
