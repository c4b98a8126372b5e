package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"regexp"
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
		Version    int                         `json:"lockfileVersion"`
		Workspaces map[string]manifestNPM      `json:"workspaces"`
		Packages   map[string][]jsontext.Value `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Version < 0 || lock.Version > 3 {
		return nil, unknownVersion("lockfileVersion", strconv.Itoa(lock.Version), "0", "1", "2", "3")
	}
	if lock.Packages == nil {
		return nil, fmt.Errorf("the file has no packages: %w", errNotWhole)
	}
	at := keyLines(text)
	l := newLinks()
	for folder, w := range lock.Workspaces {
		w.require(l, at[folder], false)
	}
	f.requireNPM(l)
	var all []Package
	for _, key := range slices.Sorted(maps.Keys(lock.Packages)) {
		l.add(key)
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
	return all, l.whole()
}

// npmModule matches a module of a service that delivers packages of npm, and versionedModule
// the part of any other address that names a package and a version.
var (
	npmModule       = regexp.MustCompile(`^https://(?:esm\.sh|esm\.run|unpkg\.com|cdn\.skypack\.dev|cdn\.jsdelivr\.net)/(?:npm/|v\d+/|stable/|-/)*\*?((?:@[^/@]+/)?[^/@]+)@([^/?&+]+)`)
	versionedModule = regexp.MustCompile(`^(https?://[^@]+)@([^/]+)`)
)

// remoteModule returns the package of a module that is imported by its address. A package
// that is not of npm has no ecosystem in OSV.
func remoteModule(address string) Package {
	if m := npmModule.FindStringSubmatch(address); m != nil {
		return Package{Name: m[1], Version: m[2]}
	}
	if m := versionedModule.FindStringSubmatch(address); m != nil {
		return Package{Ecosystem: "address", Name: m[1], Version: m[2]}
	}
	return Package{Ecosystem: "address", Name: address, Range: address}
}

// readDeno reads deno.lock. Packages of JSR have no ecosystem in OSV.
func readDeno(f file) ([]Package, error) {
	type packages map[string]jsontext.Value
	var lock struct {
		Version    string            `json:"version"`
		Specifiers map[string]string `json:"specifiers"`
		Remote     map[string]string `json:"remote"` // from an address to a hash

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
	for _, address := range slices.Sorted(maps.Keys(lock.Remote)) {
		p := remoteModule(address)
		p.Line = at[address]
		all = append(all, p)
	}
	for _, wanted := range slices.Sorted(maps.Keys(lock.Specifiers)) {
		if _, id, ok := strings.Cut(wanted, ":"); ok { // npm:name@range
			name, _ := cutID(id)
			l.need(at[wanted], name+"@"+lock.Specifiers[wanted])
		}
	}
	return all, l.whole()
}
