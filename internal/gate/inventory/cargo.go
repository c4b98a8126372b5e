package inventory

import (
	"fmt"
	"strings"
)

// readCargo reads Cargo.lock. A package without a source belongs to the repository.
func readCargo(f file) ([]Package, error) {
	type source struct{ Name, Version, Source string }
	var lock struct {
		Root    *source
		Package []source
	}
	if err := decodeTOML(f.text, &lock); err != nil {
		return nil, err
	}
	l := lines{text: f.text}
	var all []Package
	for i, p := range lock.Package {
		line := l.next("[[package]]")
		l.skip(len("[[package]]"))
		if p.Name == "" || p.Version == "" {
			return nil, fmt.Errorf("line %d: package %d has no name or no version", line, i+1)
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
	return all, nil
}
