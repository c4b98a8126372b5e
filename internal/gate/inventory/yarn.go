package inventory

import (
	"bytes"
	"fmt"
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
	for _, doc := range docs {
		for key, value := range pairs(doc) {
			if key.Value == "__metadata" {
				continue
			}
			var e struct{ Version, Resolution, LinkType string }
			if err := value.Decode(&e); err != nil {
				return nil, fmt.Errorf("line %d: %w", key.Line, err)
			}
			if e.Resolution == "" {
				return nil, fmt.Errorf("line %d: the entry %q has no resolution", key.Line, key.Value)
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
	return all, nil
}

// cutID splits name@reference at the first @ that is not the first character.
func cutID(id string) (name, reference string) {
	if i := strings.Index(id[min(1, len(id)):], "@"); i >= 0 {
		return id[:i+1], id[i+2:]
	}
	return id, ""
}

// readYarn1 reads the format of Yarn 1: an entry begins with a line without indentation,
// its fields have two spaces.
func readYarn1(f file) ([]Package, error) {
	var all []Package
	var p *Package
	var wanted string // range of the entry
	done := func() error {
		if p == nil {
			return nil
		}
		if p.Version == "" {
			return fmt.Errorf("line %d: the entry has no version", p.Line)
		}
		if isPath(wanted) {
			p.Origin = Own
		} else if isGit(wanted) && p.Origin == "" {
			p.Origin, p.Commit = Git, commitOf(wanted)
		}
		all = append(all, *p)
		p = nil
		return nil
	}
	n := 0
	for raw := range strings.Lines(string(f.text)) {
		n++
		line := strings.TrimRight(raw, " \t\r\n")
		switch {
		case line == "" || strings.HasPrefix(strings.TrimSpace(line), "#"):
		case line[0] != ' ' && line[0] != '\t':
			if err := done(); err != nil {
				return nil, err
			}
			if !strings.HasSuffix(line, ":") {
				return nil, fmt.Errorf("line %d is not an entry of yarn.lock", n)
			}
			first, _, _ := strings.Cut(strings.TrimSuffix(line, ":"), ", ")
			name, reference := cutID(strings.Trim(first, `"`))
			if alias, ok := strings.CutPrefix(reference, "npm:"); ok {
				if other, r := cutID(alias); r != "" || strings.HasPrefix(other, "@") {
					name, reference = other, r
				}
			}
			p, wanted = &Package{Name: name, Line: n}, reference
		case p == nil:
			return nil, fmt.Errorf("line %d belongs to no entry", n)
		case strings.HasPrefix(line, "  ") && line[2] != ' ':
			key, value, _ := strings.Cut(line[2:], " ")
			value = strings.Trim(value, `"`)
			switch strings.Trim(key, `"`) {
			case "version":
				p.Version = value
			case "resolved":
				if isGit(value) {
					p.Origin, p.Commit = Git, commitOf(strings.TrimSuffix(value, "/"))
				} else if isPath(value) {
					p.Origin = Own
				}
			}
		}
	}
	return all, done()
}
