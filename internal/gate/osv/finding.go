package osv

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/google/osv-scanner/v2/pkg/models"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/reach"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// report adds the packages to res, and a finding for each vulnerability of a package.
func (t tree) report(found models.VulnerabilityResults, manifests map[string]manifest, reached reached, res *gate.Result) {
	for _, src := range found.Results {
		for _, p := range src.Packages {
			file, line, ok := t.place(p)
			if !ok {
				continue
			}
			at := report.Location{Path: file, Line: line}
			known := manifests[file].of(p)
			if u := purl(p); u != "" && p.Package.Version != "" && p.Package.Inventory.Version != newestGo && !isAction(p) { // an action is not a part of the app
				res.Packages = append(res.Packages, gate.Package{PURL: u, At: at, Direct: known.direct, Through: known.through, Licences: known.licences})
			}
			found := findings(p, at, known, reached[file])
			if isLibrary(p) && t.stage.minimum[file] && !t.built.below(p.Package.Inventory.Location.PathOrEmpty()) {
				found = t.stage.toolchain.fold(found, p.Package.Inventory.Version)
			}
			res.Findings = append(res.Findings, found...)
		}
	}
	res.Packages = append(res.Packages, t.stage.others(manifests)...)
	slices.SortFunc(res.Findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.Package, b.Package), cmp.Compare(a.Rule, b.Rule))
	})
	slices.SortFunc(res.Packages, func(a, b gate.Package) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.PURL, b.PURL))
	})
}

// findings returns the findings of one package.
func findings(p models.PackageVulns, at report.Location, known dependency, module *reach.Analysis) []report.Finding {
	all := facts(p)
	if len(all) == 0 {
		return nil
	}
	first := make([]string, len(all))
	for i, f := range all {
		first[i] = fixed(p, f)
	}
	enough := fixAll(p, all, first)
	var out []report.Finding
	for i, fact := range all {
		f := report.Finding{Rule: fact.rule(), At: at, Package: purl(p), Fixed: first[i], Through: known.through, Published: fact.published()}
		f.Aliases = slices.DeleteFunc(slices.Clone(fact.names), func(id string) bool { return id == f.Rule })
		f.Message = message(fact)
		f.Severity, f.Rated = fact.rate()
		if module != nil {
			lower(&f, fact.questions(p), *module)
		}
		f.Fix = fix(p, at.Path, fact, first[i], enough, known)
		out = append(out, f)
	}
	return out
}

func message(f fact) string {
	for _, v := range f.about {
		if text := oneLine(cmp.Or(v.GetSummary(), v.GetDetails())); text != "" {
			return text
		}
	}
	return "vulnerable package"
}

func purl(p models.PackageVulns) string {
	if isAction(p) {
		return actionPURL(p.Package.Name, p.Package.Version)
	}
	u := p.Package.Inventory.PURL()
	if u == nil || u.Type == "" || u.Name == "" {
		return ""
	}
	switch u.Type {
	case "swift":
		if u.Namespace == "" { // the library leaves the host and the owner in the name
			u.Namespace, u.Name = path.Split(u.Name)
			u.Namespace = strings.TrimSuffix(u.Namespace, "/")
		}
	case "maven": // the library writes it in lower case, which is another package
		if group, artifact, ok := strings.Cut(p.Package.Name, ":"); ok {
			u.Namespace, u.Name = group, artifact
		}
	case "haskell": // no type of the specification
		u.Type = "hackage"
	}
	if u.Version = p.Package.Version; isLibrary(p) { // osv-scanner treats "go 1.21" as 1.21.99
		if u.Version = p.Package.Inventory.Version; u.Version == newestGo {
			u.Version = ""
		}
	}
	return u.String()
}
