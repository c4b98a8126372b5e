package inventory

import (
	"fmt"
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
	return all, other.whole()
}
