package report

import (
	"fmt"
	"io"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// Limits of GitHub code scanning (PLATFORM: limits).
const (
	sarifResults = 5000
	sarifMessage = 4000
)

// WriteSARIF writes the findings of one tool as SARIF 2.1.0, or of all of them
// when tool is empty. GitHub wants one run for each category: one file a tool.
func (r *Report) WriteSARIF(w io.Writer, tool string) error {
	name := tool
	if name == "" {
		name = "goldenpath"
	}
	run := sarif.NewRunWithInformationURI(name, "https://github.com/seed-b235b314/goldenpath")
	n := 0
	for _, f := range r.Findings {
		if tool != "" && !contains(f.Tools, tool) {
			continue
		}
		if n++; n > sarifResults {
			break
		}
		run.AddResult(sarifResult(run, f))
	}
	if run.Results == nil {
		run.Results = []*sarif.Result{}
	}
	doc := sarif.NewReport()
	doc.AddRun(run)
	return doc.PrettyWrite(w)
}

func sarifResult(run *sarif.Run, f Finding) *sarif.Result {
	properties := sarif.NewPropertyBag()
	properties.Add("security-severity", map[Severity]string{Critical: "9.5", High: "8.0", Medium: "5.5", Low: "2.0", Note: "0.0"}[f.Severity])
	rule := run.AddRule(cut(clean(f.Rule), 200)).WithShortDescription(sarif.NewMultiformatMessageString().WithText(cut(clean(f.Rule), 200)))
	rule.WithProperties(properties)
	path, line := f.At.Path, f.At.Line
	if path == "" {
		path = "." // code scanning wants a place
	}
	region := sarif.NewRegion().WithStartLine(max(1, line))
	if f.At.Column > 0 {
		region.WithStartColumn(f.At.Column)
	}
	message := f.Message
	if f.Fix != "" {
		message += " Fix: " + f.Fix
	}
	res := sarif.NewRuleResult(cut(clean(f.Rule), 200)).
		WithLevel(map[string]string{"error": "error", "warning": "warning", "notice": "note"}[level(f)]).
		WithMessage(sarif.NewTextMessage(cut(clean(message), sarifMessage))).
		WithLocations([]*sarif.Location{sarif.NewLocation().WithPhysicalLocation(sarif.NewPhysicalLocation().
			WithArtifactLocation(sarif.NewSimpleArtifactLocation(path)).WithRegion(region))})
	if f.Fingerprint != "" {
		res.WithPartialFingerprints(map[string]string{"goldenpath/v1": f.Fingerprint})
	}
	if f.Status == Waived {
		res.Suppressions = append(res.Suppressions, sarif.NewSuppression().WithKind("external").WithJustification(fmt.Sprintf("%.500s", clean(f.Waiver))))
	}
	return res
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}
