// Package vex writes waivers of vulnerabilities as OpenVEX.
package vex

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/openvex/go-vex/pkg/vex"
	"github.com/package-url/packageurl-go"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// ErrNothing is returned if no waiver covers a vulnerability, because an OpenVEX
// document without statements is not valid.
var ErrNothing = errors.New("no waiver covers a vulnerability")

// Write writes a statement for each vulnerability of the report that a waiver covers.
// If the waiver has a justification, the statement is "not affected"; otherwise it is
// "affected" and states until when that is accepted. The same commit, waivers and
// findings give the same document.
func Write(w io.Writer, rep *report.Report, waivers []gate.Waiver, now time.Time) error {
	issued := now.UTC().Truncate(time.Second)
	doc := vex.VEX{
		Metadata: vex.Metadata{
			Context: vex.ContextLocator(), Author: "goldenpath security-gate, from the waivers of the repository", AuthorRole: "Document Creator",
			Timestamp: &issued, Version: 1, Tooling: "https://github.com/seed-b235b314/goldenpath",
		},
		Statements: []vex.Statement{},
	}
	product := vex.Component{ID: Product(rep)}
	for _, f := range rep.Findings {
		i := slices.IndexFunc(waivers, func(w gate.Waiver) bool { return w.Holds(f, now) })
		if f.Status != report.Waived || i < 0 || !f.Vulnerability() {
			continue
		}
		doc.Statements = append(doc.Statements, statement(f, waivers[i], product))
	}
	if len(doc.Statements) == 0 {
		return ErrNothing
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(rep.Commit, doc.Statements)))
	doc.ID = "https://openvex.dev/docs/goldenpath/" + hex.EncodeToString(sum[:16])
	return doc.ToJSON(w)
}

// Product returns the package URL of the image or, without an image, of the app.
func Product(rep *report.Report) string {
	name := rep.Subject
	if name == "" {
		name = "app"
	}
	if rep.Digest != "" {
		// The library leaves the colon as it is, and other tools write it as here.
		plain := packageurl.NewPackageURL(packageurl.TypeOCI, "", strings.ToLower(name), "", nil, "").ToString()
		return plain + "@" + strings.Replace(rep.Digest, ":", "%3A", 1)
	}
	return packageurl.NewPackageURL(packageurl.TypeGeneric, "", name, rep.Commit, nil, "").ToString()
}

func statement(f report.Finding, w gate.Waiver, product vex.Component) vex.Statement {
	s := vex.Statement{
		Vulnerability: vex.Vulnerability{Name: vex.VulnerabilityID(f.Rule)},
		Products:      []vex.Product{{Component: product, Subcomponents: []vex.Subcomponent{{Component: vex.Component{ID: f.Package}}}}},
	}
	for _, id := range f.Aliases {
		s.Vulnerability.Aliases = append(s.Vulnerability.Aliases, vex.VulnerabilityID(id))
	}
	if w.Justification != "" {
		// The schema forbids an impact statement beside a justification.
		s.Status, s.Justification = vex.StatusNotAffected, vex.Justification(w.Justification)
		s.StatusNotes = fmt.Sprintf("%s (stated by %s, to be reviewed by %s)", w.Reason, w.Owner, w.Expires)
		return s
	}
	s.Status = vex.StatusAffected
	s.ActionStatement = fmt.Sprintf("accepted until %s by %s: %s", w.Expires, w.Owner, w.Reason)
	return s
}
