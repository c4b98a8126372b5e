// Package sbom writes the packages that the scanners found as a CycloneDX document.
package sbom

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// About describes the app that the document is about.
type About struct {
	Name    string // of the app
	Version string // commit or digest
	PURL    string
	Tool    string // version of goldenpath
	Time    time.Time
}

// Write writes a CycloneDX 1.6 document in JSON. A package in several places is one
// component with an occurrence for each place. The same packages give the same bytes.
func Write(w io.Writer, about About, packages []gate.Package) error {
	bom := cdx.NewBOM()
	bom.SerialNumber = serial(about, packages)
	root := cdx.Component{BOMRef: about.PURL, Type: cdx.ComponentTypeApplication, Name: about.Name, Version: about.Version, PackageURL: about.PURL}
	bom.Metadata = &cdx.Metadata{
		Timestamp: about.Time.UTC().Format(time.RFC3339), Component: &root,
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "goldenpath security-gate", Version: about.Tool}}},
	}
	components, direct := components(packages)
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: about.PURL, Dependencies: &direct}}
	encoder := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON)
	return encoder.SetPretty(true).SetEscapeHTML(true).EncodeVersion(bom, cdx.SpecVersion1_6)
}

func components(packages []gate.Package) (out []cdx.Component, direct []string) {
	byPURL := map[string][]gate.Package{}
	for _, p := range packages {
		if p.PURL != "" {
			byPURL[p.PURL] = append(byPURL[p.PURL], p)
		}
	}
	out, direct = []cdx.Component{}, []string{}
	for purl, same := range byPURL {
		out = append(out, component(purl, same))
		if slices.ContainsFunc(same, func(p gate.Package) bool { return p.Direct }) {
			direct = append(direct, purl)
		}
	}
	slices.SortFunc(out, func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	slices.Sort(direct)
	return out, direct
}

func component(purl string, same []gate.Package) cdx.Component {
	c := cdx.Component{BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: purl, PackageURL: purl}
	if u, err := packageurl.FromString(purl); err == nil {
		c.Name, c.Version, c.Group = u.Name, u.Version, u.Namespace
		if u.Type == packageurl.TypeGolang && u.Namespace != "" { // the whole path is a module's name
			c.Name, c.Group = u.Namespace+"/"+u.Name, ""
		}
	}
	var places []cdx.EvidenceOccurrence
	var licences []string
	for _, p := range same {
		if p.At.Path != "" {
			place := cdx.EvidenceOccurrence{Location: p.At.Path}
			if p.At.Line > 0 {
				place.Line = &p.At.Line
			}
			places = append(places, place)
		}
		licences = append(licences, p.Licences...)
	}
	if len(places) > 0 {
		slices.SortFunc(places, func(a, b cdx.EvidenceOccurrence) int { return cmp.Compare(a.Location, b.Location) })
		c.Evidence = &cdx.Evidence{Occurrences: &places}
	}
	c.Licenses = licenceChoice(licences)
	return c
}

// serial returns a UUID (version 8) derived from the content.
func serial(about About, packages []gate.Package) string {
	sum := sha256.New()
	io.WriteString(sum, about.PURL)
	for _, p := range packages {
		io.WriteString(sum, "\x00"+p.PURL+"\x00"+p.At.Path)
	}
	id := sum.Sum(nil)[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	h := hex.EncodeToString(id)
	return "urn:uuid:" + strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
