package trivy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/scan"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// findings of the checks that failed, also where a comment in the file says to
// ignore them: the library marks these as ignored and keeps them.
func findings(k kind, results scan.Results) []report.Finding {
	var out []report.Finding
	for _, r := range results {
		if r.Status() == scan.StatusPassed {
			continue
		}
		rule := r.Rule()
		f := report.Finding{
			Rule: rule.ID, Severity: report.Severity(strings.ToLower(string(r.Severity()))),
			Message: message(rule.Summary, r.Description()),
			Fix:     oneLine(cmp.Or(rule.Resolution, "see the documentation of "+rule.ID)),
			At:      report.Location{Path: r.Range().GetFilename(), Line: r.Range().GetStartLine()},
		}
		for _, id := range append([]string{rule.AVDID}, rule.Aliases...) {
			if id != "" && id != f.Rule && !slices.Contains(f.Aliases, id) {
				f.Aliases = append(f.Aliases, id)
			}
		}
		if k.rendered {
			f.At.Line = 0
		}
		out = append(out, f)
	}
	return out
}

// message is the title of the check, and what it says of this place.
func message(title, here string) string {
	title, here = strings.TrimSuffix(oneLine(title), "."), oneLine(here)
	if here == "" || here == title {
		return title
	}
	return title + ": " + here
}
