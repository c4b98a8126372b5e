package trivy

import (
	"cmp"
	"regexp"
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
	if container.MatchString(here) {
		f.Fingerprint = identity(f)
	}
	return f
}

// container matches the name of a container in a message.
var container = regexp.MustCompile(`(?i)\b(container) ['"]?[^\s'"]+['"]?`)

// identity returns the fingerprint of a finding without the name of the container, so
// that the findings of a renamed container stay known.
func identity(f report.Finding) string {
	return report.Digest(f.Rule, f.At.Path, container.ReplaceAllString(f.Message, "$1 *"))
}

// message joins the title of the check and the check's message about this place.
func message(title, here string) string {
	here = printed.ReplaceAllString(here, "$1")
	title, here = strings.TrimSuffix(oneLine(title), "."), oneLine(here)
	if here == "" || here == title {
		return title
	}
	return title + ": " + here
}

// printed matches a value that a check prints with its position instead of alone
// (AWS-0036). The position has a key that differs in every run, so that the finding
// would always be new.
var printed = regexp.MustCompile(`"?\{\\?"endline.*\\?"value\\?": (\\?"[^"\\]*\\?")\}"?`)
