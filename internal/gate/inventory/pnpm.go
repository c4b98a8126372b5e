package inventory

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readPNPM reads pnpm-lock.yaml. The file may have several documents: pnpm 11 and later
// write the packages of pnpm itself into the first one.
func readPNPM(f file) ([]Package, error) {
	docs, err := yamlDocuments(f.text)
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, errors.New("the file has no content")
	}
	var all []Package
	for _, doc := range docs {
		version := scalar(child(doc, "lockfileVersion"))
		major, _, _ := strings.Cut(version, ".")
		switch major {
		case "5", "6", "7", "9":
		default:
			return nil, unknownVersion("lockfileVersion", fmt.Sprintf("%q", version), "5", "6", "7", "9")
		}
		for key, value := range pairs(child(doc, "packages")) {
			p, err := pnpmPackage(key.Value, value, major)
			if err != nil {
				return all, fmt.Errorf("line %d: %w", key.Line, err)
			}
			p.Line = key.Line
			all = append(all, p)
		}
		if len(all) == 0 && !f.pnpmEmpty(doc) {
			return nil, fmt.Errorf("the file has no package: %w", errNotWhole)
		}
		all = append(all, pnpmLinks(doc)...)
		if err := pnpmWhole(doc, major); err != nil {
			return all, err
		}
	}
	return all, f.pnpmStale(docs)
}

// pnpmStale returns an error if the package.json beside the file requires what the
// importer of its folder does not have.
func (f file) pnpmStale(docs []*yaml.Node) error {
	l := newLinks()
	f.requireNPM(l)
	for _, doc := range docs {
		for _, from := range []*yaml.Node{doc, child(child(doc, "importers"), ".")} {
			for _, group := range pnpmGroups {
				for name := range pairs(child(from, group)) {
					l.add(name.Value)
				}
			}
		}
	}
	return l.whole()
}

// pnpmPackage reads an entry of "packages".
func pnpmPackage(key string, value *yaml.Node, major string) (Package, error) {
	var p Package
	id := key
	if i := strings.Index(id, "("); i > 0 { // peer dependencies
		id = id[:i]
	}
	id = strings.TrimPrefix(id, "/")
	if major == "5" {
		i := strings.LastIndex(id, "/")
		if i <= 0 && isPath(id) {
			i = len(id)
			id += "/"
		} else if i <= 0 {
			return p, fmt.Errorf("%q does not name a package", key)
		}
		p.Name, p.Version = id[:i], id[i+1:]
		p.Version, _, _ = strings.Cut(p.Version, "_") // peer dependencies
	} else {
		p.Name, p.Version = cutID(id)
	}
	if name := scalar(child(value, "name")); name != "" {
		p.Name = name
	}
	reference := p.Version
	if version := scalar(child(value, "version")); version != "" {
		p.Version = version
	}
	resolution := child(value, "resolution")
	tarball, commit := scalar(child(resolution, "tarball")), scalar(child(resolution, "commit"))
	switch {
	case scalar(child(resolution, "directory")) != "", scalar(child(resolution, "type")) == "directory", isPath(reference), isPath(id), strings.HasPrefix(tarball, "file:"):
		p.Origin = Own
	case commit != "":
		p.Origin, p.Commit = Git, commit
	case isGit(tarball), isGit(reference):
		p.Origin, p.Commit = Git, commitOf(tarball)
	}
	if strings.Contains(p.Version, ":") {
		p.Range, p.Version = p.Version, ""
	}
	if p.Name == "" || p.Name == key && p.Origin == "" {
		return p, fmt.Errorf("%q does not name a package and a version", key)
	}
	return p, nil
}

// pnpmLinks returns the packages of the repository that others link to.
func pnpmLinks(doc *yaml.Node) []Package {
	var all []Package
	for _, importer := range pairs(child(doc, "importers")) {
		for _, group := range pnpmGroups {
			for name, d := range pairs(child(importer, group)) {
				if v := scalar(child(d, "version")); strings.HasPrefix(v, "link:") || strings.HasPrefix(scalar(d), "link:") {
					all = append(all, Package{Name: name.Value, Origin: Own, Line: name.Line})
				}
			}
		}
	}
	return all
}

// pnpmEmpty reports whether the document is one of a repository without dependencies.
func (f file) pnpmEmpty(doc *yaml.Node) bool {
	if wanted, _ := f.requireNPM(newLinks()); !wanted {
		return true
	}
	importers := child(doc, "importers")
	for _, importer := range pairs(importers) {
		if importer.Kind != yaml.MappingNode {
			return false
		}
		for _, group := range pairs(importer) {
			if group.Kind != yaml.MappingNode {
				return false
			}
		}
	}
	return importers != nil && len(importers.Content) > 0
}

var pnpmGroups = []string{"dependencies", "devDependencies", "optionalDependencies"}

// pnpmWhole returns an error if a package lacks what the repository or another package
// requires.
func pnpmWhole(doc *yaml.Node, major string) error {
	l := newLinks()
	packages, snapshots := child(doc, "packages"), child(doc, "snapshots")
	if major == "9" && packages != nil && len(packages.Content) > 0 && snapshots == nil {
		return fmt.Errorf("the file has packages and no snapshots: %w", errNotWhole)
	}
	for _, entries := range []*yaml.Node{packages, snapshots} {
		for key, value := range pairs(entries) {
			l.add(strings.TrimPrefix(key.Value, "/"))
			if entries == snapshots {
				id, _, _ := strings.Cut(key.Value, "(")
				l.need(key.Line, id)
			}
			pnpmNeeds(l, value)
		}
	}
	pnpmNeeds(l, doc)
	for _, importer := range pairs(child(doc, "importers")) {
		pnpmNeeds(l, importer)
	}
	return l.whole()
}

// pnpmNeeds adds the dependencies of a package or of an importer, which has a specifier
// for each.
func pnpmNeeds(l *links, from *yaml.Node) {
	for _, group := range pnpmGroups {
		for name, d := range pairs(child(from, group)) {
			version := scalar(d)
			if v := child(d, "version"); v != nil {
				version = scalar(v)
			}
			if isPath(version) && !strings.HasPrefix(version, "/") && !strings.HasPrefix(version, "file:") {
				continue
			}
			version = strings.TrimPrefix(version, "/")
			l.need(name.Line, name.Value+"@"+version, version, name.Value+"/"+version)
		}
	}
}
