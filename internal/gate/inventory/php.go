package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"strings"
)

// readComposer reads composer.lock.
func readComposer(f file) ([]Package, error) {
	type source struct {
		Type      string `json:"type"`
		Reference string `json:"reference"`
	}
	type entry struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Dist    source `json:"dist"`
		Source  source `json:"source"`
	}
	var lock struct {
		Packages []entry `json:"packages"`
		Dev      []entry `json:"packages-dev"`
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Packages == nil {
		return nil, errors.New("the file has no packages: it is not a composer.lock")
	}
	if err := jsonKeys(f.text, "_readme", "packages", "packages-dev", "aliases", "stability-flags", "platform", "platform-dev", "platform-overrides", "extra"); err != nil {
		return nil, err
	}
	at, atDev := elementLines(f.text, "packages"), elementLines(f.text, "packages-dev")
	var all []Package
	for i, p := range append(lock.Packages, lock.Dev...) {
		if p.Name == "" {
			return nil, errors.New("a package has no name")
		}
		out := Package{Name: p.Name, Line: at(i)}
		if i >= len(lock.Packages) {
			out.Line = atDev(i - len(lock.Packages))
		}
		version := strings.TrimPrefix(p.Version, "v")
		switch {
		case p.Dist.Type == "path":
			out.Origin, out.Version = Own, version
		case strings.HasPrefix(version, "dev-"), strings.HasSuffix(version, "-dev"):
			out.Origin, out.Range, out.Commit = Git, p.Version, commitOf("#"+p.Source.Reference)
		default:
			out.Version = version
		}
		all = append(all, out)
	}
	return all, nil
}
