package inventory

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

func isPylock(base, _ string) bool {
	return base == "pylock.toml" || strings.HasPrefix(base, "pylock.") && strings.HasSuffix(base, ".toml") && strings.Count(base, ".") == 2
}

// tomlPackage has the keys of an entry in any of the lock files in TOML.
type tomlPackage struct {
	Name    string
	Version string
	Source  map[string]any // of Poetry and uv

	// PDM
	Path     string
	Git      string
	Revision string

	// PEP 751
	VCS *struct {
		CommitID string `toml:"commit-id"`
	}
	Directory, Archive, Sdist *struct{ Path string }
	Wheels                    []any

	// Dependencies is a list of tables in uv, and of texts in PDM.
	Dependencies any
	Optional     map[string]any `toml:"optional-dependencies"`
	Dev          map[string]any `toml:"dev-dependencies"`
}

// groups returns the lists of dependencies of an entry of uv.lock.
func (p tomlPackage) groups() [][]map[string]any {
	var all [][]map[string]any
	for _, group := range append(slices.Collect(maps.Values(p.Optional)), append(slices.Collect(maps.Values(p.Dev)), p.Dependencies)...) {
		switch list := group.(type) {
		case []map[string]any:
			all = append(all, list)
		case []any:
			var tables []map[string]any
			for _, d := range list {
				if t, ok := d.(map[string]any); ok {
					tables = append(tables, t)
				}
			}
			all = append(all, tables)
		}
	}
	return all
}

// readTOML reads the entries of a lock file, below one of the keys package and packages.
func readTOML(f file, key string, known []string, origin func(tomlPackage, *Package) error) ([]Package, error) {
	if err := tomlKeys(f.text, append(known, key)...); err != nil {
		return nil, err
	}
	var lock map[string]toml.Primitive
	meta, err := toml.Decode(string(f.text), &lock)
	if err != nil {
		return nil, fmt.Errorf("invalid TOML: %w", err)
	}
	entries, ok := lock[key]
	if !ok {
		return nil, nil
	}
	var packages []tomlPackage
	if err := meta.PrimitiveDecode(entries, &packages); err != nil {
		return nil, fmt.Errorf("invalid TOML: %w", err)
	}
	l := lines{text: f.text}
	var all []Package
	for i, p := range packages {
		line := l.next("[[" + key + "]]")
		l.skip(len(key))
		if p.Name == "" {
			return all, fmt.Errorf("line %d: entry %d of %s has no name: %w", line, i+1, key, errNotWhole)
		}
		out := Package{Name: p.Name, Version: p.Version, Line: line}
		if err := origin(p, &out); err != nil {
			return all, fmt.Errorf("line %d: %w", line, err)
		}
		all = append(all, out)
	}
	return all, nil
}

// of returns a key of the source as text.
func (p tomlPackage) of(key string) string {
	s, _ := p.Source[key].(string)
	return s
}

func readPoetry(f file) ([]Package, error) {
	l := newLinks()
	all, err := readTOML(f, "package", []string{"metadata", "extras"}, func(p tomlPackage, out *Package) error {
		l.add(lockfile.PyPIName(p.Name))
		switch kind := p.of("type"); kind {
		case "directory", "file":
			out.Origin = Own
		case "git":
			out.Origin, out.Commit = Git, p.of("resolved_reference")
		case "", "legacy", "url", "hosted":
		default:
			return fmt.Errorf("the source %q is unknown", kind)
		}
		return nil
	})
	if err == nil && !bytes.Contains(f.text, []byte("[metadata]")) { // Poetry writes it last
		err = fmt.Errorf("the file has no [metadata]: %w", errNotWhole)
	}
	if project := f.pyproject(); project.Name != "" { // Poetry does not list it
		l.add(lockfile.PyPIName(project.Name))
	}
	f.requirePython(l)
	return all, first(err, l.whole())
}

// isUV reports whether a file is uv.lock, or the lock file of a script.
func isUV(base, _ string) bool { return base == "uv.lock" || strings.HasSuffix(base, ".py.lock") }

func readUV(f file) ([]Package, error) {
	l := newLinks()
	known := []string{"resolution-markers", "supported-markers", "required-markers", "conflicts", "options", "manifest"}
	if !bytes.Contains(f.text, []byte("version")) {
		return nil, fmt.Errorf("the file has no version: %w", errNotWhole)
	}
	all, err := readTOML(f, "package", known, func(p tomlPackage, out *Package) error {
		out.Origin = ""
		for _, key := range []string{"virtual", "editable", "directory", "path"} {
			if p.of(key) != "" {
				out.Origin = Own
			}
		}
		if git := p.of("git"); git != "" {
			out.Origin, out.Commit = Git, commitOf(git)
		}
		if out.Origin == "" && p.of("registry")+p.of("url") == "" {
			return fmt.Errorf("%q has no source: %w", p.Name, errNotWhole)
		}
		l.add(lockfile.PyPIName(p.Name))
		for _, group := range p.groups() {
			for _, d := range group {
				if name, ok := d["name"].(string); ok {
					l.need(out.Line, lockfile.PyPIName(name))
				}
			}
		}
		return nil
	})
	if path.Base(f.name) == "uv.lock" { // not of a script
		f.requirePython(l)
	}
	return all, first(err, l.whole())
}

func readPDM(f file) ([]Package, error) {
	l := newLinks()
	all, err := readTOML(f, "package", []string{"metadata"}, func(p tomlPackage, out *Package) error {
		switch {
		case p.Path != "":
			out.Origin = Own
		case p.Git != "":
			out.Origin, out.Commit = Git, p.Revision
		}
		l.add(lockfile.PyPIName(p.Name))
		list, _ := p.Dependencies.([]any)
		for _, d := range list {
			text, _ := d.(string)
			if name, always := pythonRequirement(text); always {
				l.need(out.Line, name)
			}
		}
		return nil
	})
	if len(all) == 0 && err == nil && !bytes.Contains(f.text, []byte("[metadata]")) {
		err = fmt.Errorf("the file has no [metadata]: %w", errNotWhole)
	}
	if bytes.Contains(f.text, []byte(`"default"`)) { // the group of the project itself
		for _, d := range f.pyproject().Dependencies {
			if name, always := pythonRequirement(d); always {
				l.need(1, name)
			}
		}
	}
	return all, first(err, l.whole())
}

// readPylock reads the format of PEP 751.
func readPylock(f file) ([]Package, error) {
	var lock struct {
		Version string `toml:"lock-version"`
	}
	if err := decodeTOML(f.text, &lock); err != nil {
		return nil, err
	}
	if lock.Version != "" && !strings.HasPrefix(lock.Version, "1.") {
		return nil, unknownVersion("lock-version", lock.Version, "1.0")
	}
	known := []string{"environments", "extras", "dependency-groups", "default-groups", "tool"}
	return readTOML(f, "packages", known, func(p tomlPackage, out *Package) error {
		switch {
		case p.Directory != nil:
			out.Origin = Own
		case p.VCS != nil:
			out.Origin, out.Commit = Git, p.VCS.CommitID
		case p.Archive == nil && p.Sdist == nil && p.Wheels == nil:
			return fmt.Errorf("%q has no source: %w", p.Name, errNotWhole)
		}
		return nil
	})
}

// readPipfile reads Pipfile.lock: every key except _meta is a group of packages.
func readPipfile(f file) ([]Package, error) {
	var lock map[string]jsontext.Value
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock["_meta"] == nil {
		return nil, errors.New("the file has no _meta: it is not a Pipfile.lock")
	}
	at, l := keyLines(f.text), newLinks()
	var all []Package
	for _, group := range slices.Sorted(maps.Keys(lock)) {
		if group == "_meta" {
			continue
		}
		var packages map[string]struct {
			Version string `json:"version"`
			Path    string `json:"path"`
			File    string `json:"file"`
			Git     string `json:"git"`
			Ref     string `json:"ref"`
		}
		if err := json.Unmarshal(lock[group], &packages, jsontext.AllowDuplicateNames(true)); err != nil {
			return nil, fmt.Errorf("line %d: %q is not a group of packages: %w", at[group], group, err)
		}
		for _, name := range slices.Sorted(maps.Keys(packages)) {
			p := packages[name]
			out := Package{Name: name, Line: at[name]}
			out.Version, out.Range = exactVersion(p.Version)
			switch {
			case p.Path != "", isPath(p.File):
				out.Origin = Own
			case p.Git != "":
				out.Origin, out.Commit = Git, commitOf("#"+p.Ref)
			}
			l.add(lockfile.PyPIName(name))
			all = append(all, out)
		}
	}
	var manifest struct {
		Packages map[string]any
		Dev      map[string]any `toml:"dev-packages"`
	}
	if beside, ok := f.beside("Pipfile"); ok && decodeTOML(beside.text, &manifest) == nil {
		requireTables(l, manifest.Packages)
		requireTables(l, manifest.Dev)
	}
	return all, l.whole()
}

// readPixi reads the PyPI packages of pixi.lock. The packages of conda have no ecosystem
// in OSV.
func readPixi(f file) ([]Package, error) {
	docs, err := yamlDocuments(f.text)
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("the file has no packages: %w", errNotWhole)
	}
	var all []Package
	for _, doc := range docs {
		list := child(doc, "packages")
		if list == nil {
			return nil, errors.New("the file has no list of packages")
		}
		used := pixiUsed(doc)
		for _, n := range list.Content {
			n = resolved(n)
			for _, key := range []string{"pypi", "conda", "url", "path"} {
				used.add(scalar(child(n, key)))
			}
			address, name, version := scalar(child(n, "pypi")), scalar(child(n, "name")), scalar(child(n, "version"))
			if kind := scalar(child(n, "kind")); address == "" && kind != "pypi" {
				if address = scalar(child(n, "conda")); address == "" && kind != "conda" {
					return all, fmt.Errorf("line %d: the entry is neither of conda nor of PyPI", n.Line)
				}
				if name == "" {
					name = path.Base(address)
				}
				all = append(all, Package{Ecosystem: "conda", Name: name, Version: version, Line: n.Line})
				continue
			}
			if name == "" {
				return nil, fmt.Errorf("line %d: the entry has no name", n.Line)
			}
			p := Package{Name: name, Version: version, Line: n.Line}
			switch {
			case isPath(address):
				p.Origin = Own
			case isGit(address):
				p.Origin, p.Commit = Git, commitOf(address)
			}
			all = append(all, p)
		}
		if err := used.whole(); err != nil {
			return all, err
		}
	}
	return all, nil
}

// pixiUsed returns the packages that the environments of a document require.
func pixiUsed(doc *yaml.Node) *links {
	l := newLinks()
	for _, environment := range pairs(child(doc, "environments")) {
		for _, platform := range pairs(child(environment, "packages")) {
			for _, n := range platform.Content {
				for key, address := range pairs(n) {
					if key.Value == "pypi" || key.Value == "conda" {
						l.need(key.Line, scalar(address))
					}
				}
			}
		}
	}
	return l
}
