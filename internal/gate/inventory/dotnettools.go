package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"path"
	"slices"
)

// isTools reports whether a file names tools of .NET.
func isTools(base, name string) bool {
	return base == "dotnet-tools.json" && (path.Base(path.Dir(name)) == ".config" || path.Dir(name) == ".")
}

// readTools reads the tools of .config/dotnet-tools.json.
func readTools(f file) ([]Package, error) {
	var manifest struct {
		Tools map[string]struct {
			Version string `json:"version"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(f.text, &manifest, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	at := keyLines(f.text)
	var all []Package
	for _, name := range slices.Sorted(maps.Keys(manifest.Tools)) {
		all = append(all, Package{Name: name, Version: manifest.Tools[name].Version, Line: at[name]})
	}
	return all, nil
}
