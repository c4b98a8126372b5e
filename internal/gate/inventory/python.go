package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
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
	Directory *struct{ Path string }
}

// readTOML reads the entries of a lock file, below one of the keys package and packages.
func readTOML(f file, key string, origin func(tomlPackage, *Package)) ([]Package, error) {
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
			return nil, fmt.Errorf("line %d: entry %d of %s has no name", line, i+1, key)
		}
		out := Package{Name: p.Name, Version: p.Version, Line: line}
		origin(p, &out)
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
	all, err := readTOML(f, "package", func(p tomlPackage, out *Package) {
		switch p.of("type") {
		case "directory", "file":
			out.Origin = Own
		case "git":
			out.Origin, out.Commit = Git, p.of("resolved_reference")
		}
	})
	if err == nil && len(all) == 0 && !strings.Contains(string(f.text), "[metadata]") {
		err = errors.New("the file has no [metadata]: it is not complete")
	}
	return all, err
}

func readUV(f file) ([]Package, error) {
	return readTOML(f, "package", func(p tomlPackage, out *Package) {
		for _, key := range []string{"virtual", "editable", "directory", "path"} {
			if p.of(key) != "" {
				out.Origin = Own
			}
		}
		if git := p.of("git"); git != "" {
			out.Origin, out.Commit = Git, commitOf(git)
		}
	})
}

func readPDM(f file) ([]Package, error) {
	return readTOML(f, "package", func(p tomlPackage, out *Package) {
		switch {
		case p.Path != "":
			out.Origin = Own
		case p.Git != "":
			out.Origin, out.Commit = Git, p.Revision
		}
	})
}

// readPylock reads the format of PEP 751.
func readPylock(f file) ([]Package, error) {
	return readTOML(f, "packages", func(p tomlPackage, out *Package) {
		switch {
		case p.Directory != nil:
			out.Origin = Own
		case p.VCS != nil:
			out.Origin, out.Commit = Git, p.VCS.CommitID
		}
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
	at := keyLines(f.text)
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
			all = append(all, out)
		}
	}
	return all, nil
}

// readPixi reads the PyPI packages of pixi.lock. The packages of conda have no ecosystem
// in OSV.
func readPixi(f file) ([]Package, error) {
	docs, err := yamlDocuments(f.text)
	if err != nil {
		return nil, err
	}
	var all []Package
	for _, doc := range docs {
		list := child(doc, "packages")
		if list == nil {
			return nil, errors.New("the file has no list of packages")
		}
		for _, n := range list.Content {
			n = resolved(n)
			address, name, version := scalar(child(n, "pypi")), scalar(child(n, "name")), scalar(child(n, "version"))
			if address == "" && scalar(child(n, "kind")) != "pypi" { // conda
				address = scalar(child(n, "conda"))
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
	}
	return all, nil
}
