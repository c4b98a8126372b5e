package osv

import (
	"cmp"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"slices"
	"strings"

	cdxmeta "github.com/google/osv-scalibr/extractor/filesystem/sbom/cdx/metadata"
	spdxmeta "github.com/google/osv-scalibr/extractor/filesystem/sbom/spdx/metadata"
	scalibr "github.com/google/osv-scalibr/purl"
	"github.com/google/osv-scanner/v2/pkg/models"
)

// identify gives a package of an SBOM the name and the version of its package URL, which
// the library does not do: the name beside it is a text for people. A version beside a
// package URL without one is used.
func identify(p *models.PackageVulns) {
	switch p.Package.Inventory.Metadata.(type) {
	case *cdxmeta.Metadata, *spdxmeta.Metadata:
	default:
		return
	}
	u := p.Package.Inventory.PURL()
	if u == nil || u.Name == "" || slices.Contains([]string{scalibr.TypeDebian, scalibr.TypeApk, scalibr.TypeRPM, scalibr.TypeAlpm}, u.Type) {
		return
	}
	own := *p.Package.Inventory
	own.Name, own.Version = u.Name, cmp.Or(u.Version, own.Version)
	switch {
	case u.Namespace == "":
	case u.Type == scalibr.TypeMaven:
		own.Name = u.Namespace + ":" + u.Name
	default:
		own.Name = u.Namespace + "/" + u.Name
	}
	p.Package.Inventory, p.Package.Name, p.Package.Version = &own, own.Name, own.Version
}

// component is an entry of an SBOM in JSON: of CycloneDX, or of SPDX.
type component struct {
	PURL       string      `json:"purl"`
	CPE        string      `json:"cpe"`
	Type       string      `json:"type"`
	Components []component `json:"components"`

	ID         string           `json:"SPDXID"`
	References []jsontext.Value `json:"externalRefs"`
}

// unidentified returns the number of packages in an SBOM in JSON that the library leaves
// out because nothing but their name identifies them.
func unidentified(text []byte) int {
	var bom struct {
		Components []component `json:"components"`
		Packages   []component `json:"packages"`
		Describes  []string    `json:"documentDescribes"`
		Relations  []struct {
			From string `json:"spdxElementId"`
			Type string `json:"relationshipType"`
			To   string `json:"relatedSpdxElement"`
		} `json:"relationships"`
	}
	if json.Unmarshal(text, &bom, jsontext.AllowDuplicateNames(true)) != nil {
		return 0 // not JSON, or reported by the library
	}
	subject := bom.Describes // what the document is about
	for _, r := range bom.Relations {
		if strings.EqualFold(r.Type, "DESCRIBES") {
			subject = append(subject, r.To)
		}
	}
	n := 0
	for _, p := range bom.Packages {
		if len(p.References) == 0 && !slices.Contains(subject, p.ID) {
			n++
		}
	}
	return n + withoutPURL(bom.Components)
}

func withoutPURL(all []component) int {
	n := 0
	for _, c := range all {
		if n += withoutPURL(c.Components); c.PURL == "" && c.CPE == "" && slices.Contains([]string{"library", "framework"}, c.Type) {
			n++
		}
	}
	return n
}
