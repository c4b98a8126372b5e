package gate

import (
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// GP-GATE-10: a finding links to the page that explains it.
func TestLink(t *testing.T) {
	for name, test := range map[string]struct {
		f    report.Finding
		want string
	}{
		"an advisory":              {report.Finding{Rule: "CVE-2022-32149", Aliases: []string{"GO-2022-1059", "GHSA-69ch-w2m2-3vjp"}, Package: net, Tools: []string{"osv-scanner"}}, "https://osv.dev/vulnerability/GO-2022-1059"},
		"a malicious package":      {report.Finding{Rule: "MAL-2025-1", Package: "pkg:npm/x@1", Tools: []string{"osv-scanner"}}, "https://osv.dev/vulnerability/MAL-2025-1"},
		"a CVE alone":              {report.Finding{Rule: "CVE-2022-32149", Package: net, Tools: []string{"osv-scanner"}}, "https://osv.dev/vulnerability/CVE-2022-32149"},
		"a CVE of an image":        {report.Finding{Rule: "CVE-2023-38545", Aliases: []string{"DEBIAN-CVE-2023-38545"}, Package: "pkg:deb/debian/curl@7", Tools: []string{"trivy"}}, "https://avd.aquasec.com/nvd/cve-2023-38545"},
		"a licence":                {report.Finding{Rule: "licence-not-allowed", Package: net, Tools: []string{"goldenpath"}}, ourPages + "security-gate.md#dependencies-and-licences"},
		"a check of trivy":         {report.Finding{Rule: "DS-0002", Tools: []string{"trivy"}}, "https://avd.aquasec.com/misconfig/ds-0002"},
		"a rule about workflows":   {report.Finding{Rule: "unpinned-uses", Tools: []string{"goldenpath-workflow", "actionlint"}}, ourPages + "workflow-rules.md#rules-of-goldenpath-workflow"},
		"a check of actionlint":    {report.Finding{Rule: "expression", Tools: []string{"actionlint"}}, "https://github.com/rhysd/actionlint/blob/main/docs/checks.md"},
		"the runtime policy":       {report.Finding{Rule: "privileged", Tools: []string{"goldenpath", "trivy"}}, ourPages + "runtime-policy.md#rules"},
		"a secret":                 {report.Finding{Rule: "github-pat", Secret: report.SecretPresent, Tools: []string{"gitleaks"}}, leaked},
		"another tool's own":       {report.Finding{Rule: "go/sql-injection", Link: "https://codeql.github.com/x", Tools: []string{"CodeQL"}}, "https://codeql.github.com/x"},
		"another tool without one": {report.Finding{Rule: "go/sql-injection", Tools: []string{"CodeQL"}}, ""},
		"GP-SAFE-2 no advisory id": {report.Finding{Rule: "CVE-1/../../x?", Package: net, Tools: []string{"osv-scanner"}}, ""},
		"GP-SAFE-2 no id of trivy": {report.Finding{Rule: "DS-1/..", Tools: []string{"trivy"}}, ""},
	} {
		if got := link(test.f); got != test.want || got != "" && report.SafeLink(got) == "" {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
