package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// readCargo reads Cargo.lock. A package without a source belongs to the repository.
func readCargo(f file) ([]Package, error) {
	type source struct {
		Name, Version, Source, Checksum string
		Dependencies                    []string
	}
	var lock struct {
		Root    *source
		Package []source
	}
	if err := decodeTOML(f.text, &lock); err != nil {
		return nil, err
	}
	if err := tomlKeys(f.text, "package", "root", "metadata", "patch"); err != nil {
		return nil, err
	}
	l, other := lines{text: f.text}, newLinks()
	var all []Package
	for i, p := range lock.Package {
		line := l.next("[[package]]")
		l.skip(len("[[package]]"))
		if p.Name == "" || p.Version == "" {
			return all, fmt.Errorf("line %d: package %d has no name or no version: %w", line, i+1, errNotWhole)
		}
		if p.Source == "" && p.Checksum != "" {
			return all, fmt.Errorf("line %d: %q has a checksum and no source: %w", line, p.Name, errNotWhole)
		}
		other.add(p.Name)
		other.add(p.Name + " " + p.Version)
		for _, d := range p.Dependencies { // name, or name version (source)
			d, _, _ = strings.Cut(d, " (")
			other.need(line, d)
		}
		out := Package{Name: p.Name, Version: p.Version, Line: line}
		switch {
		case p.Source == "":
			out.Origin = Own
		case strings.HasPrefix(p.Source, "git+"):
			out.Origin, out.Commit = Git, commitOf(p.Source)
		}
		all = append(all, out)
	}
	if r := lock.Root; r != nil {
		all = append(all, Package{Name: r.Name, Version: r.Version, Origin: Own, Line: (&lines{text: f.text}).next("[root]")})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the file has no package: %w", errNotWhole)
	}
	f.requireCrates(other)
	return all, other.whole()
}

// requireCrates adds what the Cargo.toml beside the file requires.
func (f file) requireCrates(l *links) {
	type needs map[string]any
	type table struct {
		Dependencies needs
		Dev          needs `toml:"dev-dependencies"`
		Build        needs `toml:"build-dependencies"`
	}
	var manifest struct {
		Package struct{ Name string }
		table
		Target map[string]table
	}
	beside, ok := f.beside("Cargo.toml")
	if !ok || decodeTOML(beside.text, &manifest) != nil {
		return
	}
	if manifest.Package.Name != "" {
		l.need(1, manifest.Package.Name)
	}
	for _, t := range append(slices.Collect(maps.Values(manifest.Target)), manifest.table) {
		for _, group := range []needs{t.Dependencies, t.Dev, t.Build} {
			for name, how := range group {
				if how, ok := how.(map[string]any); ok {
					if how["workspace"] == true {
						continue // the workspace may give it another name
					}
					name = cmp.Or(text(how["package"]), name)
				}
				l.need(1, name)
			}
		}
	}
}
