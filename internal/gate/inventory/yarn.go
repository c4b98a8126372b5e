package inventory

import (
	"bytes"
	"encoding/json/v2"
	"fmt"
	"path"
	"strings"
)

// readYarn reads yarn.lock of Yarn 1, and of Yarn 2 and later, which is YAML.
func readYarn(f file) ([]Package, error) {
	if bytes.Contains(f.text, []byte("__metadata:")) {
		return readBerry(f)
	}
	return readYarn1(f)
}

// readBerry reads the format of Yarn 2 and later. "resolution" names the package.
func readBerry(f file) ([]Package, error) {
	docs, err := yamlDocuments(f.text)
	if err != nil {
		return nil, err
	}
	var all []Package
	l := newLinks()
	for _, doc := range docs {
		for key, value := range pairs(doc) {
			if key.Value == "__metadata" {
				continue
			}
			var e struct {
				Version, Resolution string
				LinkType            string `yaml:"linkType"` // the last field
				Dependencies        map[string]string
			}
			if err := value.Decode(&e); err != nil {
				return all, fmt.Errorf("line %d: %w", key.Line, err)
			}
			for descriptor := range strings.SplitSeq(key.Value, ", ") {
				name, _ := cutID(descriptor)
				l.add(name)
			}
			for name := range e.Dependencies {
				l.need(key.Line, name)
			}
			if e.Resolution == "" || e.LinkType == "" {
				return all, fmt.Errorf("line %d: the entry %q has no resolution or no linkType: %w", key.Line, key.Value, errNotWhole)
			}
			name, reference := cutID(e.Resolution)
			p := Package{Name: name, Version: e.Version, Line: key.Line}
			switch protocol, _, _ := strings.Cut(reference, ":"); {
			case e.LinkType == "soft", isPath(reference):
				p.Origin = Own
			case protocol == "npm", protocol == "patch", protocol == "virtual":
				p.Version = strings.TrimSpace(e.Version)
			case isGit(reference), strings.Contains(reference, "#commit="):
				p.Origin, p.Commit = Git, commitOf(reference)
			}
			all = append(all, p)
		}
	}
	if len(all) == 0 { // the repository itself has an entry
		return nil, fmt.Errorf("the file has no package: %w", errNotWhole)
	}
	f.requireNPM(l)
	return all, l.whole()
}

// cutID splits name@reference at the first @ that is not the first character.
func cutID(id string) (name, reference string) {
	if i := strings.Index(id[min(1, len(id)):], "@"); i >= 0 {
		return id[:i+1], id[i+2:]
	}
	return id, ""
}

// readYarn1 reads the format of Yarn 1: an entry begins with a line without indentation,
// its fields have two spaces, and the names in a field four.
func readYarn1(f file) ([]Package, error) {
	r := yarn1{links: newLinks()}
	n := 0
	for raw := range strings.Lines(string(f.text)) {
		n++
		line := strings.TrimRight(raw, " \t\r\n")
		if line == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if err := r.line(line, n); err != nil {
			return r.all, err
		}
	}
	if err := r.end(); err != nil {
		return r.all, err
	}
	wanted, workspaces := f.requireNPM(r.links)
	if len(r.all) == 0 && wanted && !bytes.Contains(f.text, []byte("# yarn lockfile v1")) {
		return nil, fmt.Errorf("the file has no package: %w", errNotWhole)
	}
	if workspaces {
		return r.all, nil // a package may require a workspace, which has no entry
	}
	return r.all, r.links.whole()
}

// requireNPM adds what the package.json beside the file requires, unless another lock file
// is there, which may be the one that is used. wanted reports whether it requires anything
// or cannot be read.
func (f file) requireNPM(l *links) (wanted, workspaces bool) {
	beside, ok := f.beside("package.json")
	if !ok {
		return true, false
	}
	var manifest struct {
		manifestNPM
		Workspaces any `json:"workspaces"`
	}
	if json.Unmarshal(beside.text, &manifest) != nil {
		return true, true
	}
	for _, other := range []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "bun.lock", "yarn.lock"} {
		if _, ok := f.beside(other); ok && other != path.Base(f.name) {
			return false, manifest.Workspaces != nil
		}
	}
	return manifest.require(l, 1, strings.HasSuffix(path.Base(f.name), ".json")), manifest.Workspaces != nil
}

// yarn1 is the state between two lines.
type yarn1 struct {
	all     []Package
	links   *links
	entry   *Package
	wanted  string // range of the entry
	section string // field that has names below it
}

// end ends an entry.
func (r *yarn1) end() error {
	p := r.entry
	if p == nil {
		return nil
	}
	r.entry = nil
	if p.Version == "" {
		return fmt.Errorf("line %d: the entry has no version", p.Line)
	}
	if isPath(r.wanted) {
		p.Origin = Own
	} else if isGit(r.wanted) && p.Origin == "" {
		p.Origin, p.Commit = Git, commitOf(r.wanted)
	}
	r.all = append(r.all, *p)
	return nil
}

func (r *yarn1) line(line string, n int) error {
	switch field := strings.TrimLeft(line, " \t"); len(line) - len(field) {
	case 0:
		if err := r.end(); err != nil {
			return err
		}
		key, ok := strings.CutSuffix(line, ":")
		if !ok {
			return fmt.Errorf("line %d is not an entry of yarn.lock", n)
		}
		r.begin(key, n)
	case 2:
		if r.entry == nil {
			return fmt.Errorf("line %d belongs to no entry", n)
		}
		key, value, _ := strings.Cut(field, " ")
		r.section = strings.TrimSuffix(strings.Trim(key, `"`), ":")
		value = strings.Trim(value, `"`)
		switch r.section {
		case "version":
			r.entry.Version = value
		case "name":
			r.entry.Name = value
		case "resolved":
			if isGit(value) {
				r.entry.Origin, r.entry.Commit = Git, commitOf(strings.TrimSuffix(value, "/"))
			} else if isPath(value) {
				r.entry.Origin = Own
			}
		case "uid", "integrity", "registry", "permissions", "prebuiltVariants", "dependencies", "optionalDependencies":
		default:
			return fmt.Errorf("line %d: the field %q is unknown", n, r.section)
		}
	case 4:
		name, wanted, _ := strings.Cut(field, " ")
		if r.section == "dependencies" && !isPath(strings.Trim(wanted, `"`)) {
			r.links.need(n, strings.Trim(name, `"`))
		}
	default:
		return fmt.Errorf("line %d has an unusual indentation", n)
	}
	return nil
}

// begin begins an entry: its key has one or more name@range.
func (r *yarn1) begin(key string, n int) {
	r.section = ""
	for i, pattern := range strings.Split(key, ", ") {
		name, reference := cutID(strings.Trim(pattern, `"`))
		r.links.add(name)
		if i > 0 {
			continue
		}
		if alias, ok := strings.CutPrefix(reference, "npm:"); ok {
			if other, r := cutID(alias); r != "" || strings.HasPrefix(other, "@") {
				name, reference = other, r
			}
		}
		r.entry, r.wanted = &Package{Name: name, Line: n}, reference
	}
}
