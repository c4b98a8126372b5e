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
)

// centralVersions is the file that names the versions of a solution's packages, and
// buildProps the one that every project below it begins with.
const (
	centralVersions = "Directory.Packages.props"
	buildProps      = "Directory.Build.props"
)

func isProject(base, _ string) bool {
	return slices.Contains([]string{".csproj", ".fsproj", ".vbproj", ".vcxproj", ".sqlproj", ".wixproj"}, path.Ext(base)) || base == centralVersions || base == buildProps
}

// isNuGetLock reports whether a file is packages.lock.json or, in a folder with several
// projects, packages.NAME.lock.json.
func isNuGetLock(base, _ string) bool {
	return strings.HasPrefix(base, "packages.") && strings.HasSuffix(base, "lock.json")
}

func isPackagesConfig(base, _ string) bool {
	return strings.HasPrefix(base, "packages.") && strings.HasSuffix(base, "config")
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

// readProject reads a project of MSBuild with the files that it imports. A version may be
// in any of them. Conditions are not evaluated: the packages and the versions of every
// configuration are read. What the lock file of the project has is not read, because that
// names the versions that are built.
func readProject(f file) ([]Package, error) {
	root, err := parseXML(f.text)
	if err != nil {
		return nil, err
	}
	if root.name != "Project" {
		return nil, errors.New("the root element is not Project")
	}
	if path.Base(f.name) == buildProps {
		return nil, nil // read with each project, which may change or remove what it requires
	}
	m := &msbuild{properties: map[string][]string{}}
	for _, name := range []string{buildProps, centralVersions} {
		if other, ok := above(f, name); ok {
			m.load(other, false, 0)
		}
	}
	central := path.Base(f.name) == centralVersions
	if !central {
		for sdk := range strings.SplitSeq(root.attrs["Sdk"], ";") { // NAME/VERSION
			if name, version, ok := strings.Cut(strings.TrimSpace(sdk), "/"); ok {
				m.items = append(m.items, item{&element{name: "Sdk", attrs: map[string]string{"Name": name, "Version": version}, line: root.line}, f.name, false})
			}
		}
		m.walk(f, root, false, 0)
		if other, ok := above(f, "Directory.Build.targets"); ok {
			m.load(other, false, 0)
		}
	}
	all := m.packages(central)
	locked := map[string]bool{}
	for _, lock := range []string{"packages." + strings.TrimSuffix(path.Base(f.name), path.Ext(f.name)) + ".lock.json", "packages.lock.json"} {
		other, ok := f.beside(lock)
		if !ok || central {
			continue
		}
		built, err := readNuGetLock(other)
		if err != nil {
			return nil, nil // the lock file is reported
		}
		for _, p := range built {
			locked[strings.ToLower(p.Name)] = true
		}
		break
	}
	return slices.DeleteFunc(all, func(p Package) bool { return locked[strings.ToLower(p.Name)] }), nil
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

// nugetVersion returns the version that NuGet restores, or the text as a range.
func nugetVersion(text string) (version, rng string) {
	switch {
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && !strings.Contains(text, ","):
		return strings.TrimSpace(text[1 : len(text)-1]), ""
	case strings.ContainsAny(text, "[](,*$"), text == "":
		return "", text
	}
	return text, ""
}
