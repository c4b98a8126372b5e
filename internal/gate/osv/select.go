package osv

import (
	"path"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gomod"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Select returns the lock files and manifests, and the files that are read together
// with them. For a change, it returns only the groups of files that the change touches.
// With an artifact it also returns every go.mod, because the standard library may
// differ even if no file has changed.
func (s Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	k, err := newKinds()
	if err != nil {
		return files, true // Scan returns the error
	}
	kind := map[string]string{} // from path to extractor
	for _, f := range files {
		if name := k.of(f.Path, 0); name != "" {
			kind[f.Path] = name
		}
	}
	inc := includes(slices.Concat(files, gone(changed)), kind)
	wanted := map[string]bool{}
	switch {
	case changed == nil:
		for name := range kind {
			wanted[name] = true
		}
	default:
		touched := touchedGroups(k, kind, inc, changed)
		for name, of := range kind {
			wanted[name] = changed[name] || touched[group(name, of)] || s.Built && of == gomod.Name
		}
	}
	var out []gate.File
	for _, f := range files {
		if wanted[f.Path] || slices.ContainsFunc(inc[f.Path], func(by string) bool { return wanted[by] }) {
			out = append(out, f)
		}
	}
	return out, len(out) > 0 || s.Built
}

// gone returns every changed path, including those of deleted files.
func gone(changed gate.Changes) []gate.File {
	var out []gate.File
	for name, yes := range changed {
		if yes {
			out = append(out, gate.File{Path: name})
		}
	}
	return out
}

// group returns a key that is the same for files that are read together: pom.xml and
// its parents anywhere, requirements files, a lock file and the files beside it.
func group(name, kind string) string {
	switch kind {
	case ownReader + "Maven", ownReader + "requirements", ownReader + "NuGet project":
		return kind
	case vendored:
		return vendoredLibrary(name)
	case workspace:
		return name
	}
	return path.Dir(name) + "/"
}

// touchedGroups returns the groups in which a file was changed or deleted.
func touchedGroups(k kinds, kind map[string]string, inc map[string][]string, changed gate.Changes) map[string]bool {
	touched := map[string]bool{}
	for name, yes := range changed {
		if !yes {
			continue
		}
		if of := k.of(name, 0); of != "" {
			touched[group(name, of)] = true
		}
		if path.Base(name) == "Directory.Build.props" {
			touched[ownReader+"NuGet project"] = true
		}
		for _, by := range inc[name] {
			if !sideFile(name) {
				touched[group(by, kind[by])] = true
			}
		}
	}
	return touched
}

// sideFile reports whether a file only states which dependencies are direct. A change
// to such a file alone does not change any version.
func sideFile(name string) bool {
	return path.Base(name) == "pyproject.toml"
}

// requirementsLike are the extensions of files that requirements may include.
var requirementsLike = []string{"", ".txt", ".in", ".pip", ".lst", ".list", ".req", ".reqs", ".requirements", ".constraints"}

// includes maps each file that is not a lock file to the requirements files that may
// include it. Only the text of a requirements file states what it includes, so every
// possible file in, above and below the folders of requirements files is listed.
func includes(files []gate.File, kind map[string]string) map[string][]string {
	var modules []string                                             // that a base image or a workflow may build
	beside := map[string]string{}                                    // from a file to the one that may include it
	requirements, around := map[string]string{}, map[string]string{} // from a folder to one of them
	for name, of := range kind {
		dir := path.Dir(name)
		switch of {
		case "go/gomod":
			modules = append(modules, name)
			beside[path.Join(dir, "go.sum")] = name
		case ownReader + "Poetry":
			beside[path.Join(dir, "pyproject.toml")] = name
		case ownReader + "requirements":
			around[path.Dir(dir)] = name
			for d := dir; ; d = path.Dir(d) {
				requirements[d] = name
				if d == "." {
					break
				}
			}
		}
	}
	out := map[string][]string{}
	for _, f := range files {
		if namesToolchain(f.Path) {
			out[f.Path] = append(out[f.Path], modules...)
		}
		if kind[f.Path] != "" {
			continue
		}
		if by, ok := beside[f.Path]; ok {
			out[f.Path] = append(out[f.Path], by)
		}
		if len(requirements) == 0 || !slices.Contains(requirementsLike, path.Ext(f.Path)) {
			continue
		}
		by, ok := requirements[path.Dir(f.Path)]
		if !ok {
			by, ok = requirements[path.Dir(path.Dir(f.Path))]
		}
		for d := path.Dir(f.Path); !ok; d = path.Dir(d) {
			if by, ok = around[d]; d == "." {
				break
			}
		}
		if ok && !strings.Contains(f.Path, "node_modules/") {
			out[f.Path] = append(out[f.Path], by)
		}
	}
	return out
}
