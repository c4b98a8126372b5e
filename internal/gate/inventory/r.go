package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// readRenv reads renv.lock of R. Every named repository but those of Bioconductor has the
// packages of CRAN.
func readRenv(f file) ([]Package, error) {
	var lock struct {
		Packages map[string]struct {
			Package, Version, Source, Repository, RemoteSha string
		}
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Packages == nil {
		return nil, fmt.Errorf("the file has no packages: %w", errNotWhole)
	}
	at := keyLines(f.text)
	var all []Package
	for _, name := range slices.Sorted(maps.Keys(lock.Packages)) {
		d := lock.Packages[name]
		p := Package{Name: name, Version: d.Version, Line: at[name]}
		switch d.Source {
		case "Repository", "CRAN", "":
			if strings.HasPrefix(strings.ToLower(d.Repository), "bioc") {
				p.Ecosystem = "Bioconductor"
			}
		case "Bioconductor":
			p.Ecosystem = "Bioconductor"
		case "Local":
			p.Origin = Own
		default: // a git server, or an address
			p.Origin, p.Commit = Git, commitOf("#"+d.RemoteSha)
		}
		all = append(all, p)
	}
	return all, nil
}
