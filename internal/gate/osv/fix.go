package osv

import (
	"fmt"
	"strings"

	"github.com/google/osv-scalibr/semantic"
	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
)

// fixed is the lowest version above the present one that no advisory of the group
// is about any more: each names the fixed ones, and the highest of their lowest
// satisfies all. It is empty when none is known.
func fixed(p models.PackageVulns, about []*osvschema.Vulnerability) string {
	eco, present := p.Package.Ecosystem, p.Package.Version
	if p.Package.Name == "stdlib" && strings.Count(present, ".") == 1 {
		present += ".0" // go 1.18 in go.mod is the release 1.18.0
	}
	highest := ""
	for _, v := range about {
		lowest := ""
		for _, a := range v.GetAffected() {
			if !sameName(a.GetPackage().GetName(), p.Package.Name) {
				continue
			}
			for _, r := range a.GetRanges() {
				for _, e := range r.GetEvents() {
					fix := e.GetFixed()
					if fix == "" || r.GetType() == osvschema.Range_GIT || compare(fix, present, eco) <= 0 {
						continue
					}
					if lowest == "" || compare(fix, lowest, eco) < 0 {
						lowest = fix
					}
				}
			}
		}
		if lowest != "" && (highest == "" || compare(lowest, highest, eco) > 0) {
			highest = lowest
		}
	}
	return highest
}

func sameName(a, b string) bool {
	plain := strings.NewReplacer("_", "-", ".", "-")
	return a == b || strings.EqualFold(plain.Replace(a), plain.Replace(b)) // PyPI's names
}

func compare(a, b, ecosystem string) int {
	v, err := semantic.Parse(a, ecosystem)
	if err != nil {
		return strings.Compare(a, b)
	}
	n, err := v.CompareStr(b)
	if err != nil {
		return strings.Compare(a, b)
	}
	return n
}

func fix(p models.PackageVulns, version string) string {
	name := p.Package.Name
	switch {
	case version == "":
		return "no fixed version is published: replace " + name + ", or waive this with a reason and an expiry"
	case p.Package.Ecosystem == "Go" && name == "stdlib":
		return "use Go " + version
	case p.Package.Ecosystem == "Go":
		return fmt.Sprintf("go get %s@v%s", name, version)
	case p.Package.Ecosystem == "npm":
		return fmt.Sprintf("npm install %s@%s, or npm update what depends on it", name, version)
	}
	return fmt.Sprintf("raise %s to %s", name, version)
}
