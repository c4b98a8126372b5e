package inventory

import (
	"cmp"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// centralVersions is the file that names the versions of a solution's packages.
const centralVersions = "Directory.Packages.props"

func isProject(base, _ string) bool {
	return slices.Contains([]string{".csproj", ".fsproj", ".vbproj"}, path.Ext(base)) || base == centralVersions
}

// readNuGetLock reads packages.lock.json.
func readNuGetLock(f file) ([]Package, error) {
	var lock struct {
		Version      int `json:"version"`
		Dependencies map[string]map[string]struct {
			Type     string `json:"type"`
			Resolved string `json:"resolved"`
		} `json:"dependencies"`
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Version != 1 && lock.Version != 2 {
		return nil, unknownVersion("version", fmt.Sprint(lock.Version), "1", "2")
	}
	if lock.Dependencies == nil {
		return nil, fmt.Errorf("the file has no dependencies: %w", errNotWhole)
	}
	at := keyLines(f.text)
	var all []Package
	for _, framework := range slices.Sorted(maps.Keys(lock.Dependencies)) {
		for _, name := range slices.Sorted(maps.Keys(lock.Dependencies[framework])) {
			d := lock.Dependencies[framework][name]
			p := Package{Name: name, Version: d.Resolved, Line: at[name]}
			if d.Type == "Project" {
				p.Origin = Own
			} else if d.Resolved == "" {
				return all, fmt.Errorf("line %d: the package %q has no resolved version", p.Line, name)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// readNuGetPackages reads packages.config.
func readNuGetPackages(f file) ([]Package, error) {
	root, err := parseXML(f.text)
	if err != nil {
		return nil, err
	}
	if root.name != "packages" {
		return nil, errors.New("the root element is not packages: it is not a packages.config")
	}
	var all []Package
	for _, p := range root.children {
		if p.name != "package" || p.attrs["id"] == "" {
			return all, fmt.Errorf("line %d: the element %q is not a package with an id", p.line, p.name)
		}
		all = append(all, Package{Name: p.attrs["id"], Version: p.attrs["version"], Line: p.line})
	}
	return all, nil
}

// readProject reads a project of MSBuild. A version may be in the project, or in
// Directory.Packages.props in a folder above. Conditions are ignored: the packages of
// every configuration are read. If packages.lock.json is beside the project, it has the
// versions that are built.
func readProject(f file) ([]Package, error) {
	root, err := parseXML(f.text)
	if err != nil {
		return nil, err
	}
	if root.name != "Project" {
		return nil, errors.New("the root element is not Project")
	}
	if _, ok := f.beside("packages.lock.json"); ok {
		return nil, nil
	}
	m := &msbuild{properties: map[string]string{}, versions: map[string]string{}}
	for _, name := range []string{"Directory.Build.props", centralVersions} {
		if other, ok := above(f, name); ok {
			m.load(other, 0)
		}
	}
	if path.Base(f.name) == centralVersions {
		return m.global, nil
	}
	m.read(root)
	all := slices.Clone(m.implied)
	for e := range root.all("PackageReference") {
		if p, ok := m.reference(e, f.name); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// above returns the nearest file with a name, in the folder of f or above.
func above(f file, name string) (file, bool) {
	for dir := "."; ; dir = path.Join(dir, "..") {
		if other, ok := f.beside(path.Join(dir, name)); ok {
			return other, true
		}
		if at := path.Join(path.Dir(f.name), dir); at == "." || strings.HasPrefix(at, "..") {
			return file{}, false
		}
	}
}

// msbuild has what the files above a project give to it. Names are in lower case.
type msbuild struct {
	properties map[string]string
	versions   map[string]string // of PackageVersion
	implied    []Package         // PackageReference in a file above
	global     []Package         // GlobalPackageReference
}

// load reads a file of properties, and the files that it imports by a plain path.
func (m *msbuild) load(f file, depth int) {
	root, err := parseXML(f.text)
	if err != nil || depth > 20 {
		return
	}
	for e := range root.all("Import") {
		name := strings.ReplaceAll(m.replace(e.attrs["Project"]), `\`, "/")
		name = strings.TrimPrefix(name, "$(MSBuildThisFileDirectory)")
		if other, ok := f.beside(name); ok {
			m.load(other, depth+1)
		}
	}
	m.read(root)
	for e := range root.all("PackageReference") {
		if p, ok := m.reference(e, f.name); ok {
			m.implied = append(m.implied, p)
		}
	}
	for e := range root.all("GlobalPackageReference") {
		if p, ok := m.reference(e, f.name); ok {
			m.global = append(m.global, p)
		}
	}
}

func (m *msbuild) read(root *element) {
	for group := range root.all("PropertyGroup") {
		for _, p := range group.children {
			m.properties[strings.ToLower(p.name)] = p.text
		}
	}
	for v := range root.all("PackageVersion") {
		name := cmp.Or(v.attrs["Include"], v.attrs["Update"])
		m.versions[strings.ToLower(m.replace(name))] = cmp.Or(v.attrs["Version"], v.at("Version").text)
	}
}

var msbuildProperty = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)`)

func (m *msbuild) replace(text string) string {
	for range 20 {
		out := msbuildProperty.ReplaceAllStringFunc(text, func(s string) string {
			if v, ok := m.properties[strings.ToLower(s[2:len(s)-1])]; ok && v != "" {
				return v
			}
			return s
		})
		if out == text {
			break
		}
		text = out
	}
	return text
}

// reference reads a PackageReference. Its result is false for one that removes a package.
func (m *msbuild) reference(e *element, name string) (Package, bool) {
	id := m.replace(cmp.Or(e.attrs["Include"], e.attrs["Update"]))
	if id == "" {
		return Package{}, false
	}
	version := cmp.Or(e.attrs["VersionOverride"], e.at("VersionOverride").text, e.attrs["Version"], e.at("Version").text, m.versions[strings.ToLower(id)])
	p := Package{Name: id, File: name, Line: e.line}
	p.Version, p.Range = nugetVersion(m.replace(version))
	return p, true
}

// nugetVersion returns the version that NuGet restores, or the text as a range.
func nugetVersion(text string) (version, rng string) {
	switch {
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && !strings.Contains(text, ","):
		return strings.TrimSpace(text[1 : len(text)-1]), ""
	case strings.ContainsAny(text, "[](,*$"):
		return "", text
	}
	return text, ""
}
