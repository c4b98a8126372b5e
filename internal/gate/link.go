package gate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	advisoryPages = "https://osv.dev/vulnerability/"
	checkPages    = "https://avd.aquasec.com/"
	ourPages      = "https://github.com/seed-b235b314/goldenpath/blob/main/docs/"
	// GitHub's page on what to do about a secret. gitleaks has no page for a rule.
	leaked = "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository"
)

// advisoryID matches the id of an advisory that osv.dev has a page for. It has one for a
// CVE only if another database does not have the vulnerability, so a CVE comes last.
var advisoryID = regexp.MustCompile(`^(?:(CVE)|GHSA|GO|PYSEC|RUSTSEC|MAL|OSV|RSEC|HSEC|BIT|[A-Z]+-CVE)-[A-Za-z0-9-]+$`)

// link returns the page that explains a finding, or "" if none is known.
func link(f report.Finding) string {
	has := func(tool string) bool { return slices.Contains(f.Tools, tool) }
	switch {
	case f.Link != "":
		return f.Link
	case f.Secret != "":
		return leaked
	case f.Package != "" && advisoryID.MatchString(f.Rule):
		return advisory(f)
	case f.Package != "" && has(policyTool):
		return ourPages + "security-gate.md#dependencies-and-licences"
	case f.Package != "":
		return ""
	case has("goldenpath-workflow"):
		return ourPages + "workflow-rules.md#rules-of-goldenpath-workflow"
	case has(policyTool):
		return ourPages + "runtime-policy.md#rules"
	case has("actionlint"):
		return "https://github.com/rhysd/actionlint/blob/main/docs/checks.md"
	case has("trivy") && checkID.MatchString(f.Rule):
		return checkPages + "misconfig/" + strings.ToLower(f.Rule)
	}
	return ""
}

// checkID matches the id of a check of trivy: DS-0002, KSV-0017, AWS-0086.
var checkID = regexp.MustCompile(`^[A-Z]+-[0-9]+$`)

func advisory(f report.Finding) string {
	cve := ""
	for _, id := range append([]string{f.Rule}, f.Aliases...) {
		switch m := advisoryID.FindStringSubmatch(id); {
		case m == nil:
		case m[1] != "":
			cve = id
		case !strings.Contains(id, "-CVE-"):
			return advisoryPages + id
		}
	}
	switch {
	case cve == "":
		return ""
	case slices.Contains(f.Tools, "osv-scanner"):
		return advisoryPages + cve
	}
	return checkPages + "nvd/" + strings.ToLower(cve)
}
