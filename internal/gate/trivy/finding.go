package trivy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/scan"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// findings converts the denials of one file.
func findings(name string, found []denial) []report.Finding {
	var out []report.Finding
	for _, d := range found {
		out = append(out, finding(d.about.ToRule(), d.message, report.Location{Path: name, Line: d.line}))
	}
	return out
}

// failures returns the failed checks, including those that a comment in the file
// disables: the library marks these as ignored and keeps them.
func failures(results scan.Results) []report.Finding {
	var out []report.Finding
	for _, r := range results {
		if r.Status() != scan.StatusPassed {
			rule := r.Rule()
			rule.Severity = r.Severity()
			out = append(out, finding(rule, r.Description(),
				report.Location{Path: r.Range().GetFilename(), Line: r.Range().GetStartLine()}))
		}
	}
	return out
}

func finding(rule scan.Rule, here string, at report.Location) report.Finding {
	f := report.Finding{
		Rule: rule.ID, Severity: report.Severity(strings.ToLower(string(rule.Severity))),
		Message: message(rule.Summary, here), At: at,
		Fix: oneLine(cmp.Or(rule.Resolution, "see the documentation of "+rule.ID)),
	}
	for _, id := range append([]string{rule.AVDID}, rule.Aliases...) {
		if id != "" && id != f.Rule && !slices.Contains(f.Aliases, id) {
			f.Aliases = append(f.Aliases, id)
		}
	}
	return f
}

// message joins the title of the check and the check's message about this place.
func message(title, here string) string {
	title, here = strings.TrimSuffix(oneLine(title), "."), oneLine(here)
	if here == "" || here == title {
		return title
	}
	return title + ": " + here
}
