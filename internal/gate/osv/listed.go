package osv

import (
	"cmp"
	"encoding/json/v2"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/javalockfile"
	scalibr "github.com/google/osv-scalibr/purl"
	"github.com/google/osv-scanner/v2/pkg/models"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/inventory"
	"github.com/seed-b235b314/goldenpath/internal/lockfile"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	// packageText is the name of the copy of a file that the package inventory reads. No
	// extractor of the library reads a file with this name.
	packageText = "text"
	// packageList is the name of a file from which the library takes a list of packages.
	packageList = "osv-scanner-custom.json"
)

// list reads the packages of a file with the package inventory. why is the reason if the
// file cannot be read completely; what can be read of it is looked up nevertheless.
func (s *stage) list(name string, text []byte) (why string) {
	packages, err := s.reader.Read(name, text)
	if err == nil || len(packages) > 0 {
		s.read[name] = packages
	}
	if err != nil {
		return oneLine(err.Error())
	}
	return ""
}

// newReader returns a reader for the files of a repository.
func newReader(root *os.Root) *inventory.Reader {
	return inventory.NewReader(func(name string) ([]byte, bool) {
		name = filepath.FromSlash(name)
		info, err := root.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > largest {
			return nil, false
		}
		b, err := root.ReadFile(name)
		return b, err == nil
	})
}

// write writes a list of packages for the library in place of each file that was read.
// Packages of the repository itself, and packages without a version, are not looked up.
func (s *stage) write() error {
	constraints := s.constraints()
	for _, name := range slices.Sorted(maps.Keys(s.read)) {
		if constraints[name] {
			delete(s.read, name)
			continue
		}
		var packages []models.PackageVulns
		kept := s.read[name][:0]
		for _, p := range s.read[name] {
			if missing, ok := strings.CutPrefix(p.Range, inventory.Unreadable); ok {
				s.gaps = append(s.gaps, gate.Gap{What: p.File, Why: fmt.Sprintf("line %d includes %q, which is %s", p.Line, oneLine(p.Name), missing),
					Remedy: "add the file to the repository, or do not include it"})
				continue
			}
			if p.File != name && slices.Contains(s.read[p.File], p) {
				continue // the file that it includes is read too
			}
			kept = append(kept, p)
			s.names[path.Join(s.place(p.File), packageList)] = p.File
			if v, ok := s.lookup(p); ok {
				packages = append(packages, models.PackageVulns{Package: v})
			}
		}
		s.read[name] = kept
		if len(packages) == 0 {
			continue
		}
		text, err := json.Marshal(map[string]any{"results": []map[string]any{{"packages": packages}}})
		if err != nil {
			return err
		}
		to := path.Join(s.place(name), packageList)
		s.names[to] = name
		if err := s.copy(to, text); err != nil {
			return err
		}
	}
	return nil
}

// lookup returns the package as the library reads it, and false for a package that is not
// looked up.
func (s *stage) lookup(p inventory.Package) (models.PackageInfo, bool) {
	switch {
	case p.Ecosystem == lockfile.Actions && p.Version != "":
		return models.PackageInfo{Name: p.Name, Version: actionVersion(p.Version), Ecosystem: p.Ecosystem}, true
	case p.Origin == inventory.Registry && p.Version != "" && purlType[p.Ecosystem] != "":
		return models.PackageInfo{Name: p.Name, Version: p.Version, Ecosystem: p.Ecosystem}, true
	case p.Origin == inventory.Git && p.Commit != "" && !s.offline:
		return models.PackageInfo{Name: p.Name, Version: p.Commit, Commit: p.Commit, Ecosystem: "GIT"}, true
	}
	return models.PackageInfo{}, false
}

// purlType has the type of package URL of each ecosystem that OSV has advisories for.
var purlType = map[string]string{
	"npm": scalibr.TypeNPM, "PyPI": scalibr.TypePyPi, "crates.io": scalibr.TypeCargo, "RubyGems": scalibr.TypeGem, "Packagist": scalibr.TypeComposer,
	"Maven": scalibr.TypeMaven, "NuGet": scalibr.TypeNuget, "Pub": scalibr.TypePub, "Hex": scalibr.TypeHex, "SwiftURL": scalibr.TypeSwift,
	"CRAN": scalibr.TypeCran, "Hackage": scalibr.TypeHaskell, "ConanCenter": scalibr.TypeConan,
}

// described returns the package as an extractor of the library would describe it, with the
// place in the repository's file.
func (s *stage) described(p inventory.Package) *extractor.Package {
	out := &extractor.Package{
		Name: p.Name, Version: p.Version, PURLType: purlType[p.Ecosystem],
		Location: extractor.LocationFromPathAndLine(path.Join(s.place(p.File), packageList), p.Line),
	}
	if p.Ecosystem == lockfile.Actions {
		out.Version, out.PURLType = actionVersion(p.Version), actionOrder
	}
	if p.Origin == inventory.Git {
		out.Version, out.PURLType = p.Commit, "git"
		out.SourceCode = &extractor.SourceCodeIdentifier{Commit: p.Commit}
	}
	if group, artifact, ok := strings.Cut(p.Name, ":"); ok && p.Ecosystem == "Maven" {
		out.Metadata = &javalockfile.Metadata{GroupID: group, ArtifactID: artifact}
	}
	return out
}

// others returns the packages that were not looked up because they have no exact version
// or no database. They are part of the app nevertheless.
func (s *stage) others(manifests map[string]manifest) []gate.Package {
	var all []gate.Package
	for file, packages := range s.read {
		for _, p := range packages {
			if _, asked := s.lookup(p); asked || p.Origin == inventory.Own || p.Origin == inventory.Build || p.Origin == inventory.Toolkit || p.Ecosystem == lockfile.Actions {
				continue
			}
			plain := extractor.Package{Name: p.Name, PURLType: cmp.Or(purlType[p.Ecosystem], "generic")}
			if group, artifact, ok := strings.Cut(p.Name, ":"); ok && p.Ecosystem == "Maven" {
				plain.Metadata = &javalockfile.Metadata{GroupID: group, ArtifactID: artifact}
			}
			u := purl(models.PackageVulns{Package: models.PackageInfo{Name: p.Name, Inventory: &plain}})
			if plain.PURLType == "generic" && p.Origin == inventory.Registry { // conda, JSR
				u = (&scalibr.PackageURL{Type: plain.PURLType, Name: p.Name, Version: p.Version}).String()
			}
			known := manifests[file][[2]string{p.Name, p.Version}]
			all = append(all, gate.Package{PURL: u, At: report.Location{Path: p.File, Line: p.Line}, Direct: known.direct, Through: known.through, Licences: known.licences})
		}
	}
	return all
}

// describe replaces what the library knows about the packages of the lists: it has neither
// their lines nor every type of package URL. A package that the library lost is a gap. It
// returns the packages that the library did not look up too.
func (t tree) describe(found models.VulnerabilityResults) (gaps []gate.Gap, unasked []*models.PackageVulns) {
	type key struct{ file, name, version string }
	known, lost := map[key]inventory.Package{}, map[key]bool{}
	for file, packages := range t.stage.read {
		for _, p := range packages {
			if v, ok := t.stage.lookup(p); ok {
				k := key{file, v.Name, v.Version}
				known[k], lost[k] = p, true
			}
		}
	}
	for _, src := range found.Results {
		for i := range src.Packages {
			p := &src.Packages[i]
			at := p.Package.Inventory.Location.PathOrEmpty()
			if path.Base(filepath.ToSlash(at)) != packageList {
				identify(p)
				continue
			}
			file, _ := t.stage.original(at)
			k := key{file, p.Package.Inventory.Name, p.Package.Inventory.Version}
			if listed, ok := known[k]; ok {
				delete(lost, k)
				if isUnasked(*p) {
					unasked = append(unasked, p)
				}
				p.Package.Inventory = t.stage.described(listed)
				if listed.Ecosystem == lockfile.Actions {
					p.Package.Version = listed.Version // as the workflow has it
				}
				p.Package.Inventory.Location.Descriptor.File.Path = filepath.Join(t.stage.dir, filepath.FromSlash(p.Package.Inventory.Location.PathOrEmpty()))
			}
		}
	}
	for k := range lost {
		gaps = append(gaps, gate.Gap{What: k.file, Why: fmt.Sprintf("osv-scanner lost %s %s", oneLine(k.name), oneLine(k.version)), Remedy: "report it to goldenpath"})
	}
	slices.SortFunc(gaps, func(a, b gate.Gap) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why)) })
	return gaps, unasked
}

// constraints returns the files that only give versions to the packages of others.
func (s *stage) constraints() map[string]bool {
	only, included := map[string]bool{}, map[string]bool{}
	for name := range s.read {
		in, by := inventory.Includes(name, s.copied(name))
		for _, other := range in {
			included[other] = true
		}
		for _, other := range by {
			only[other] = true
		}
	}
	maps.DeleteFunc(only, func(name string, _ bool) bool { return included[name] })
	return only
}

// copied returns the text of a file that was read.
func (s *stage) copied(name string) []byte {
	b, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(path.Join(s.place(name), packageText))))
	if err != nil {
		return nil
	}
	return b
}
