package osv

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// findings has one for each package and group of advisories that mean the same.
func (t tree) findings(found models.VulnerabilityResults) []report.Finding {
	out := []report.Finding{}
	for _, src := range found.Results {
		for _, p := range src.Packages {
			file, line, ok := t.place(p)
			if !ok {
				continue
			}
			for _, g := range p.Groups {
				f := finding(p, g)
				f.At = report.Location{Path: file, Line: line}
				out = append(out, f)
			}
		}
	}
	slices.SortFunc(out, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.Package, b.Package), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

func finding(p models.PackageVulns, g models.GroupInfo) report.Finding {
	about := advisories(p, g)
	f := report.Finding{Rule: g.IDs[0], Package: purl(p), Fixed: fixed(p, about)}
	ids := slices.Sorted(slices.Values(g.Aliases))
	for _, prefix := range []string{"CVE-", "GHSA-"} {
		if i := slices.IndexFunc(ids, func(id string) bool { return strings.HasPrefix(id, prefix) }); i >= 0 {
			f.Rule = ids[i]
			break
		}
	}
	f.Aliases = slices.DeleteFunc(ids, func(id string) bool { return id == f.Rule })
	for _, v := range about {
		if f.Message = oneLine(cmp.Or(v.GetSummary(), v.GetDetails())); f.Message != "" {
			break
		}
	}
	f.Message = cmp.Or(f.Message, "vulnerable package")
	var published bool
	if f.Severity, published = severity(g, about); !published {
		f.Message += " (severity not published, taken as high)"
	}
	f.Fix = fix(p, f.Fixed)
	return f
}

func advisories(p models.PackageVulns, g models.GroupInfo) []*osvschema.Vulnerability {
	var out []*osvschema.Vulnerability
	for _, v := range p.Vulnerabilities {
		if slices.Contains(g.IDs, v.GetId()) {
			out = append(out, v)
		}
	}
	return out
}

// severity is that of the highest CVSS score, else the word of the database.
func severity(g models.GroupInfo, about []*osvschema.Vulnerability) (s report.Severity, published bool) {
	if score, err := strconv.ParseFloat(g.MaxSeverity, 64); err == nil {
		switch {
		case score >= 9:
			return report.Critical, true
		case score >= 7:
			return report.High, true
		case score >= 4:
			return report.Medium, true
		case score > 0:
			return report.Low, true
		}
		return report.Note, true
	}
	worst := report.Severity("")
	for _, v := range about {
		if strings.HasPrefix(v.GetId(), "MAL-") { // a package made to do harm
			return report.Critical, true
		}
		var s report.Severity
		switch strings.ToUpper(v.GetDatabaseSpecific().GetFields()["severity"].GetStringValue()) {
		case "CRITICAL":
			s = report.Critical
		case "HIGH":
			s = report.High
		case "MODERATE", "MEDIUM":
			s = report.Medium
		case "LOW":
			s = report.Low
		default:
			continue
		}
		if worst == "" || s.AtLeast(worst) {
			worst = s
		}
	}
	if worst == "" {
		return report.High, false
	}
	return worst, true
}

func purl(p models.PackageVulns) string {
	u := p.Package.Inventory.PURL()
	if u == nil {
		return ""
	}
	u.Version = p.Package.Version // as matched: of "go 1.21" it is 1.21.99
	return u.String()
}
