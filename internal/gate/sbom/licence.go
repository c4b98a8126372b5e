package sbom

import (
	_ "embed"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// licenceIDs has the licence ids that the schema of CycloneDX 1.6 enumerates. A document
// with any other text as an id is refused as a whole, also if the id is one of a later
// SPDX list: https://github.com/aquasecurity/trivy/issues/11177.
//
//go:embed licences.txt
var licenceIDs string

// spelling maps an id in lower case to the spelling of the schema: SPDX ids are compared
// without case.
var spelling = func() map[string]string {
	all := map[string]string{}
	for id := range strings.Lines(licenceIDs) {
		id = strings.TrimSpace(id)
		all[strings.ToLower(id)] = id
	}
	return all
}()

// licenceChoice returns the licences in the form that CycloneDX requires: either one
// expression, or ids and names. It returns nil if there are none.
func licenceChoice(licences []string) *cdx.Licenses {
	var texts []string
	for _, l := range licences {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		if id := spelling[strings.ToLower(l)]; id != "" {
			l = id
		}
		texts = append(texts, l)
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) == 0 {
		return nil
	}
	if len(texts) == 1 && spelling[strings.ToLower(texts[0])] == "" {
		if _, err := gate.LicenceIDs(texts[0]); err == nil {
			return &cdx.Licenses{{Expression: texts[0]}}
		}
	}
	var out cdx.Licenses
	for _, l := range texts {
		if spelling[strings.ToLower(l)] == l {
			out = append(out, cdx.LicenseChoice{License: &cdx.License{ID: l}})
		} else {
			out = append(out, cdx.LicenseChoice{License: &cdx.License{Name: l}})
		}
	}
	return &out
}
