package inventory

import (
	"fmt"
)

// isGleam reports whether a file may be the lock file of Gleam. Julia has the same name in
// another spelling.
func isGleam(base, _ string) bool { return base == "manifest.toml" }

// readGleam reads manifest.toml of Gleam.
func readGleam(f file) ([]Package, error) {
	var lock struct {
		Packages []struct {
			Name, Version, Source, Commit string
		}
		Requirements map[string]any
	}
	if err := decodeTOML(f.text, &lock); err != nil {
		return nil, err
	}
	if _, ok := f.beside("gleam.toml"); lock.Requirements == nil && (ok || len(lock.Packages) > 0 && lock.Packages[0].Source != "") {
		return nil, fmt.Errorf("the file has no requirements: %w", errNotWhole)
	} else if lock.Requirements == nil {
		return nil, nil // of another tool
	}
	l, at := newLinks(), lines{text: f.text}
	var all []Package
	for _, d := range lock.Packages {
		p := Package{Name: d.Name, Version: d.Version, Line: at.next(fmt.Sprintf("%q", d.Name))}
		switch d.Source {
		case "local":
			p.Origin = Own
		case "git":
			p.Origin, p.Commit = Git, d.Commit
		}
		l.add(d.Name)
		all = append(all, p)
	}
	for name := range lock.Requirements {
		l.need(1, name)
	}
	return all, l.whole()
}
