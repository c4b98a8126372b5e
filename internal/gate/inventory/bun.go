package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/jsonc"
)

// readBun reads bun.lock: JSON with comments and trailing commas. Each entry is a list
// that begins with name@reference.
func readBun(f file) ([]Package, error) {
	text := jsonc.ToJSON(f.text) // keeps the lines
	var lock struct {
		Version  int                         `json:"lockfileVersion"`
		Packages map[string][]jsontext.Value `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Version < 0 || lock.Version > 1 {
		return nil, unknownVersion("lockfileVersion", strconv.Itoa(lock.Version), "0", "1")
	}
	if lock.Packages == nil {
		return nil, fmt.Errorf("the file has no packages: %w", errNotWhole)
	}
	at := keyLines(text)
	var all []Package
	for _, key := range slices.Sorted(maps.Keys(lock.Packages)) {
		entry := lock.Packages[key]
		if len(entry) == 0 || word(entry[0]) == "" {
			return nil, fmt.Errorf("line %d: the entry %q does not name a package", at[key], key)
		}
		name, reference := cutID(word(entry[0]))
		p := Package{Name: name, Version: strings.TrimPrefix(reference, "npm:"), Line: at[key]}
		switch {
		case isPath(reference):
			p.Origin = Own
		case isGit(reference):
			p.Origin, p.Commit = Git, commitOf(reference)
		}
		if strings.Contains(p.Version, ":") {
			p.Range, p.Version = p.Version, ""
		}
		all = append(all, p)
	}
	return all, nil
}

// readDeno reads deno.lock. Packages of JSR have no ecosystem in OSV.
func readDeno(f file) ([]Package, error) {
	type packages map[string]jsontext.Value
	var lock struct {
		Version    string            `json:"version"`
		Specifiers map[string]string `json:"specifiers"`

		NPM      packages `json:"npm"`
		JSR      packages `json:"jsr"`
		Packages struct { // of version 3
			NPM packages `json:"npm"`
			JSR packages `json:"jsr"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	known := []string{"3", "4", "5"}
	if !slices.Contains(known, lock.Version) {
		return nil, unknownVersion("version", strconv.Quote(lock.Version), known...)
	}
	if err := jsonKeys(f.text, "specifiers", "npm", "jsr", "packages", "remote", "redirects", "workspace", "links", "overrides"); err != nil {
		return nil, err
	}
	at := keyLines(f.text)
	l := newLinks()
	var all []Package
	add := func(ecosystem string, from packages) {
		for _, key := range slices.Sorted(maps.Keys(from)) {
			l.add(key)
			name, version := cutID(key)
			version, _, _ = strings.Cut(version, "_") // peer dependencies
			all = append(all, Package{Ecosystem: ecosystem, Name: name, Version: version, Line: at[key]})
		}
	}
	add("npm", lock.NPM)
	add("npm", lock.Packages.NPM)
	add("JSR", lock.JSR)
	add("JSR", lock.Packages.JSR)
	for _, wanted := range slices.Sorted(maps.Keys(lock.Specifiers)) {
		if _, id, ok := strings.Cut(wanted, ":"); ok { // npm:name@range
			name, _ := cutID(id)
			l.need(at[wanted], name+"@"+lock.Specifiers[wanted])
		}
	}
	return all, l.whole()
}
