package osv

import (
	"path"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gomod"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/inventory"
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

// nuget is the group of everything that MSBuild may read for a project.
const nuget = "NuGet"

// group returns a key that is the same for files that are read together: pom.xml and
// its parents anywhere, requirements files, a lock file and the files beside it.
func group(name, kind string) string {
	switch kind {
	case ownReader + "Maven", ownReader + "requirements":
		return kind
	case ownReader + "NuGet lock", ownReader + "NuGet project":
		return nuget
	case ownReader + "Gradle", ownReader + "Gradle verification", ownReader + "Gradle catalog":
		return "Gradle" // a lock file decides whether the catalog is read
	case vendored:
		return vendoredLibrary(name)
	case workspace, moduleFile, ownReader + inventory.Script:
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
		for _, by := range inc[name] {
			touched[group(by, kind[by])] = true
		}
	}
	return touched
}

// requirementsLike are the extensions of files that requirements may include.
var requirementsLike = strings.Split(",.txt,.in,.pip,.lst,.list,.req,.reqs,.requirements,.constraints,.lock,.pins,.pinned,.frozen,.freeze,.deps,.dependencies,.versions,.cfg,.conf,.prod,.dev,.test,.base,.common,.inc,.include", ",")

// importLike are the extensions of files that a project of MSBuild may import.
var importLike = []string{".props", ".targets", ".proj", ".projitems", ".tasks"}

// manifestOf has the manifest beside each kind of lock file, which decides whether the
// lock file is complete.
var manifestOf = map[string]string{
	"npm": "package.json", "Yarn": "package.json", "pnpm": "package.json", "Bun": "package.json", "Deno": "deno.json",
	"Poetry": "pyproject.toml", "uv": "pyproject.toml", "PDM": "pyproject.toml", "Pipenv": "Pipfile",
	"Cargo": "Cargo.toml", "Composer": "composer.json", "pub": "pubspec.yaml",
}

// includes maps each file that is not a lock file to those that may be read with it: the
// lock file beside a manifest, a project of MSBuild, requirements files. Only the text of a requirements file states what it includes, so every
// possible file in, above and below the folders of requirements files is listed.
func includes(files []gate.File, kind map[string]string) map[string][]string {
	var modules []string                                             // that a base image or a workflow may build
	project := ""                                                    // a project of MSBuild
	beside := map[string]string{}                                    // from a file to the one that may include it
	requirements, around := map[string]string{}, map[string]string{} // from a folder to one of them
	for name, of := range kind {
		dir := path.Dir(name)
		switch of {
		case "go/gomod":
			modules = append(modules, name)
			beside[path.Join(dir, "go.sum")] = name
		case ownReader + "Bundler":
			beside[inventory.Gemfile(name)] = name
		case ownReader + "NuGet project":
			project = name
		case ownReader + "requirements":
			around[path.Dir(dir)] = name
			for d := dir; ; d = path.Dir(d) {
				requirements[d] = name
				if d == "." {
					break
				}
			}
		default:
			if manifest := manifestOf[strings.TrimPrefix(of, ownReader)]; manifest != "" {
				beside[path.Join(dir, manifest)] = name
			}
		}
	}
	out := map[string][]string{}
	for _, f := range files {
		if namesToolchain(f.Path) {
			out[f.Path] = append(out[f.Path], modules...)
		}
		if kind[f.Path] != "" || inventory.Format(f.Path) != "" { // the latter of a deleted file
			continue
		}
		if by, ok := beside[f.Path]; ok {
			out[f.Path] = append(out[f.Path], by)
		}
		if project != "" && slices.Contains(importLike, path.Ext(f.Path)) {
			out[f.Path] = append(out[f.Path], project)
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
