package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// npmEntry is an entry of "packages" (version 2 and 3 of the format).
type npmEntry struct {
	Name     string         `json:"name"`
	Version  string         `json:"version"`
	Resolved jsontext.Value `json:"resolved"` // false in some files
	Link     bool           `json:"link"`
	Bundled  bool           `json:"inBundle"`
	Bundles  any            `json:"bundleDependencies"`
	manifestNPM
}

// manifestNPM is the part of a package.json that names what must be in a lock file.
type manifestNPM struct {
	Dependencies map[string]string `json:"dependencies"`
	Dev          map[string]string `json:"devDependencies"`
	Optional     map[string]string `json:"optionalDependencies"`
}

// require adds the dependencies that are not paths. It reports whether there are any. The
// lock file of npm may lack an optional one, which other package managers lock always.
func (m manifestNPM) require(l *links, line int, npm bool) (any bool) {
	for _, group := range []map[string]string{m.Dependencies, m.Dev, m.Optional} {
		for name, reference := range group {
			if _, optional := m.Optional[name]; !isPath(reference) && !(npm && optional) {
				any = true
				l.need(line, name)
			}
		}
	}
	return any
}

// npmDependency is an entry of "dependencies" (version 1).
type npmDependency struct {
	Version      string                   `json:"version"`
	Resolved     jsontext.Value           `json:"resolved"`
	Dependencies map[string]npmDependency `json:"dependencies"`
}

// readNPM reads package-lock.json.
func readNPM(f file) ([]Package, error) {
	var lock struct {
		Version      int                      `json:"lockfileVersion"`
		Packages     map[string]npmEntry      `json:"packages"`
		Dependencies map[string]npmDependency `json:"dependencies"`
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Version < 0 || lock.Version > 3 {
		return nil, unknownVersion("lockfileVersion", strconv.Itoa(lock.Version), "1", "2", "3")
	}
	if err := jsonKeys(f.text, "packages", "dependencies", "requires", "preserveSymlinks", "overrides"); err != nil {
		return nil, err
	}
	at, l := keyLines(f.text), newLinks()
	f.requireNPM(l)
	var all []Package
	switch {
	case lock.Packages == nil && lock.Version > 1:
		return nil, fmt.Errorf("the file has no packages: %w", errNotWhole)
	case lock.Packages == nil:
		for name := range lock.Dependencies {
			l.add(name)
		}
		return npmTree(all, lock.Dependencies, at), l.whole()
	}
	for name, d := range lock.Dependencies { // version 2 has every package in both lists
		if !isPath(d.Version) {
			l.need(at[name], name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(lock.Packages)) {
		p := lock.Packages[key]
		switch i := strings.LastIndex("/"+key, "/node_modules/"); {
		case i < 0:
			p.require(l, at[key], true)
		case !p.Bundled && p.Bundles == nil:
			l.add(key[i+len("node_modules/"):])
			manifestNPM{Dependencies: p.Dependencies, Optional: p.Optional}.require(l, at[key], true)
		default:
			l.add(key[i+len("node_modules/"):])
		}
		if key == "" {
			continue
		}
		i := strings.LastIndex("/"+key, "/node_modules/")
		name := p.Name
		if name == "" && i >= 0 {
			name = key[i+len("node_modules/"):]
		}
		if name == "" {
			name = key
		}
		out := Package{Name: name, Version: p.Version, Line: at[key]}
		if p.Link && lock.Packages[word(p.Resolved)].Version != "" {
			continue // the folder has an entry of its own
		}
		if i < 0 || p.Link {
			out.Origin = Own
		} else {
			npmOrigin(&out, word(p.Resolved))
		}
		all = append(all, out)
	}
	return all, l.whole()
}

// npmTree appends the entries of version 1, with those nested in them.
func npmTree(all []Package, dependencies map[string]npmDependency, at map[string]int) []Package {
	for _, name := range slices.Sorted(maps.Keys(dependencies)) {
		d := dependencies[name]
		out := Package{Name: name, Version: d.Version, Line: at[name]}
		if alias, ok := strings.CutPrefix(d.Version, "npm:"); ok {
			out.Name, out.Version = splitID(alias)
		}
		npmOrigin(&out, word(d.Resolved))
		npmOrigin(&out, d.Version)
		all = npmTree(append(all, out), d.Dependencies, at)
	}
	return all
}

// npmOrigin sets the origin from an address. A version that is an address is removed.
func npmOrigin(p *Package, address string) {
	switch {
	case isPath(address):
		p.Origin = Own
	case isGit(address):
		p.Origin, p.Commit = Git, commitOf(address)
	}
	if strings.Contains(p.Version, ":") || isPath(p.Version) {
		p.Range, p.Version = p.Version, ""
	}
}

// splitID splits name@version at the last @, which is not the first character.
func splitID(id string) (name, version string) {
	if i := strings.LastIndex(id, "@"); i > 0 {
		return id[:i], id[i+1:]
	}
	return id, ""
}

// word returns a JSON string, or "" for any other value.
func word(v jsontext.Value) string {
	var s string
	if json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// keyLines returns the line of each key of a JSON object, at any depth; of the first if
// it occurs several times.
func keyLines(text []byte) map[string]int {
	d := jsontext.NewDecoder(newReader(text), jsontext.AllowDuplicateNames(true))
	at := map[string]int{}
	l := lines{text: text}
	for {
		t, err := d.ReadToken()
		if err != nil {
			return at
		}
		if kind, n := d.StackIndex(d.StackDepth()); t.Kind() == '"' && kind == '{' && n%2 == 1 {
			end := int(d.InputOffset())
			l.skip(end - l.at)
			if key := t.String(); at[key] == 0 {
				at[key] = l.line + 1
			}
		}
	}
}

// elementLines returns the line on which each element of the first list with a key begins.
func elementLines(text []byte, key string) func(i int) int {
	d := jsontext.NewDecoder(newReader(text), jsontext.AllowDuplicateNames(true))
	l := lines{text: text}
	var at []int
	in, last := 0, "" // depth of the list; last key
	for {
		t, err := d.ReadToken()
		if err != nil {
			break
		}
		depth := d.StackDepth()
		kind, n := d.StackIndex(depth)
		switch {
		case in == 0 && t.Kind() == '[' && last == key:
			in = depth
		case in > 0 && t.Kind() == '{' && depth == in+1:
			l.skip(int(d.InputOffset()) - l.at)
			at = append(at, l.line+1)
		case in > 0 && depth < in:
			return lookup(at)
		}
		last = ""
		if t.Kind() == '"' && kind == '{' && n%2 == 1 {
			last = t.String()
		}
	}
	return lookup(at)
}

func lookup(at []int) func(int) int {
	return func(i int) int {
		if i < len(at) {
			return at[i]
		}
		return 0
	}
}
