package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// Limits of GitHub code scanning, which keeps 5,000 results of a run.
const (
	sarifResults = 5000
	sarifMessage = 4000
	sarifRule    = 200
)

// WriteSARIF writes the findings of one tool, or of all tools if tool is empty, as SARIF
// 2.1.0. GitHub accepts one run for each category, so write one file for each tool.
func (r *Report) WriteSARIF(w io.Writer, tool string) error {
	run := sarif.NewRunWithInformationURI(cmp.Or(tool, "goldenpath"), "https://github.com/seed-b235b314/goldenpath")
	run.Results = []*sarif.Result{}
	rules := map[string]*sarifRuleOf{}
	for _, f := range r.Findings {
		if tool != "" && !slices.Contains(f.Tools, tool) {
			continue
		}
		if len(run.Results) == sarifResults {
			break
		}
		id := cmp.Or(cut(strings.TrimSpace(singleLine(f.Rule)), sarifRule), "unnamed-rule")
		rule := rules[id]
		if rule == nil {
			rule = &sarifRuleOf{index: len(rules), worst: f.Severity, descriptor: run.AddRule(id)}
			rules[id] = rule
		}
		if f.Severity.rank() < rule.worst.rank() {
			rule.worst = f.Severity
		}
		run.AddResult(sarifResult(id, f).WithRuleIndex(rule.index))
	}
	for id, rule := range rules {
		rule.describe(id)
	}
	doc := sarif.NewReport()
	doc.AddRun(run)
	return doc.PrettyWrite(w)
}

// sarifRuleOf is a rule with the worst severity of its findings.
type sarifRuleOf struct {
	index      int
	worst      Severity
	descriptor *sarif.ReportingDescriptor
}

func (r *sarifRuleOf) describe(id string) {
	properties := sarif.NewPropertyBag()
	// GitHub takes 9.0 and more as critical, 7.0 as high, 4.0 as medium.
	properties.Add("security-severity", []string{"9.5", "8.0", "5.5", "2.0", "0.0"}[r.worst.rank()])
	r.descriptor.WithShortDescription(sarif.NewMultiformatMessageString().WithText(id)).WithProperties(properties)
}

func sarifResult(id string, f Finding) *sarif.Result {
	region := sarif.NewRegion().WithStartLine(max(1, f.At.Line))
	if f.At.Line > 0 && f.At.Column > 0 {
		region.WithStartColumn(f.At.Column)
	}
	message := f.Message
	if f.Fix != "" {
		message += " Fix: " + f.Fix
	}
	levels := map[string]string{"error": "error", "warning": "warning", "notice": "note"}
	res := sarif.NewRuleResult(id).WithLevel(levels[level(f)]).
		WithMessage(sarif.NewTextMessage(cmp.Or(cut(strings.TrimSpace(singleLine(message)), sarifMessage), id))).
		WithLocations([]*sarif.Location{sarif.NewLocation().WithPhysicalLocation(sarif.NewPhysicalLocation().
			WithArtifactLocation(sarif.NewSimpleArtifactLocation(sarifURI(f.At.Path))).WithRegion(region))}).
		WithPartialFingerprints(map[string]string{"goldenpath/v1": cmp.Or(f.Fingerprint, fingerprint(f))})
	if f.Status == Waived && !f.Blocking {
		res.Suppressions = append(res.Suppressions, sarif.NewSuppression().WithKind("external").WithJustification(cut(singleLine(f.Waiver), 500)))
	}
	return res
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
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.At.Path, f.Package, f.Message}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
