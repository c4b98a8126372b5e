package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"strings"
)

// provided is what a package of Composer also stands for.
type provided struct {
	Replace map[string]string `json:"replace"`
	Provide map[string]string `json:"provide"`
}

func (p provided) add(l *links) {
	for _, names := range []map[string]string{p.Replace, p.Provide} {
		for name := range names {
			l.add(strings.ToLower(name))
		}
	}
}

// requireComposer adds what the composer.json beside the file requires. A name without a
// slash is one of the platform.
func (f file) requireComposer(l *links) {
	var manifest struct {
		Require map[string]string `json:"require"`
		Dev     map[string]string `json:"require-dev"`
		provided
	}
	beside, ok := f.beside("composer.json")
	if !ok || json.Unmarshal(beside.text, &manifest, jsontext.AllowDuplicateNames(true)) != nil {
		return
	}
	manifest.add(l)
	for _, names := range []map[string]string{manifest.Require, manifest.Dev} {
		for name := range names {
			if strings.Contains(name, "/") {
				l.need(1, strings.ToLower(name))
			}
		}
	}
}

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
		provided
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
	l := newLinks()
	var all []Package
	for i, p := range append(lock.Packages, lock.Dev...) {
		if p.Name == "" {
			return nil, errors.New("a package has no name")
		}
		out := Package{Name: p.Name, Line: at(i)}
		l.add(strings.ToLower(p.Name))
		p.add(l)
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
	f.requireComposer(l)
	return all, l.whole()
}
