package lockfile

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"path"
	"regexp"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/tidwall/jsonc"
)

// Files are the files of a repository. The zero value is not valid.
type Files struct {
	folders map[string][]string // from a folder to the names of its files
	read    func(name string) []byte
	members map[string][]string // of workspaces, by lock file
}

// NewFiles returns an empty repository. read returns the content of a file, and nil if it
// cannot be read.
func NewFiles(read func(name string) []byte) *Files {
	return &Files{map[string][]string{}, read, map[string][]string{}}
}

// Add adds a file of the repository.
func (f *Files) Add(name string) {
	f.folders[path.Dir(name)] = append(f.folders[path.Dir(name)], path.Base(name))
}

// Folder returns the names of the files in a folder, nil if there are none.
func (f *Files) Folder(dir string) []string { return f.folders[dir] }

// in returns the files that match a pattern below a folder, or anywhere if it begins with **/.
func (f *Files) in(dir, pattern string) []string {
	var all []string
	if base, ok := strings.CutPrefix(pattern, "**/"); ok {
		for folder := range f.folders {
			all = append(all, f.in(folder, base)...)
		}
		return all
	}
	dir = path.Join(dir, path.Dir(pattern))
	for _, base := range f.folders[dir] {
		if ok, _ := path.Match(path.Base(pattern), base); ok {
			all = append(all, path.Join(dir, base))
		}
	}
	return all
}

// Lock returns the lock file of a manifest, or "" if there is none. A lock file in a folder
// above counts only if it, or the manifest beside it, has the manifest as a member of a
// workspace: else it belongs to another project.
func (f *Files) Lock(m Manifest, manifest string) string {
	dir := path.Dir(manifest)
	for at := dir; ; at = path.Dir(at) {
		for _, pattern := range m.Locks {
			for _, lock := range f.in(at, pattern) {
				if f.pins(lock) && (at == dir || f.covers(lock, strings.TrimPrefix(strings.TrimPrefix(dir, at), "/"), manifest)) {
					return lock
				}
			}
		}
		if at == "." || at == "/" {
			return ""
		}
	}
}

// Near reports whether one of the files would be a lock file of the manifest by its place
// and name.
func (m Manifest) Near(manifest string, files map[string]bool) bool {
	for name, yes := range files {
		for _, pattern := range m.Locks {
			if ok, _ := path.Match(path.Base(pattern), path.Base(name)); ok && yes && above(path.Join(path.Dir(name), strings.Repeat("../", strings.Count(pattern, "/"))), path.Dir(manifest)) {
				return true
			}
		}
	}
	return false
}

func above(dir, other string) bool {
	return dir == "." || dir == other || strings.HasPrefix(other, dir+"/")
}

// pins reports whether a lock file has an entry, as far as a file without one means that
// nothing is locked.
func (f *Files) pins(lock string) bool {
	switch base := path.Base(lock); {
	case strings.HasSuffix(base, "gradle.lockfile"):
		return gradleEntry.Match(f.read(lock))
	case base == "verification-metadata.xml":
		return strings.Contains(string(f.read(lock)), "<component ")
	}
	return true
}

var (
	gradleEntry = regexp.MustCompile(`(?m)^[^#\s:]+:[^:\s]+:`)
	cargoName   = regexp.MustCompile(`(?m)^\s*name\s*=\s*["']([^"']+)["']`)
)

// covers reports whether a lock file of a folder above pins the manifest in the folder rel
// below that.
func (f *Files) covers(lock, rel, manifest string) bool {
	switch path.Base(lock) {
	case "verification-metadata.xml", "cabal.project.freeze", "stack.yaml.lock": // of the whole build
		return true
	case "gradle.lockfile": // of a project, which may apply other scripts
		base := path.Base(manifest)
		return !strings.HasPrefix(base, "build.gradle") && !strings.HasPrefix(base, "settings.gradle")
	case "mix.lock": // lockfile: "../../mix.lock"
		return strings.Contains(string(f.read(manifest)), "mix.lock")
	case "pubspec.lock":
		if workspaceMember.Match(f.read(manifest)) {
			return true
		}
	case "Cargo.lock": // has the names of its members
		if m := cargoName.FindSubmatch(f.read(manifest)); m != nil {
			rel = string(m[1])
		}
	}
	if f.members[lock] == nil {
		f.members[lock] = append(f.membersOf(lock), ".")
	}
	for _, member := range f.members[lock] {
		if ok, _ := doublestar.Match(path.Clean(member), rel); ok {
			return true
		}
	}
	return false
}

var workspaceMember = regexp.MustCompile(`(?m)^resolution:\s*workspace\b`)

// memberOf matches the folders of the repository in lock files that are not JSON, and in
// Package.swift, which Package.resolved does not repeat. Of Cargo.lock it matches names.
var memberOf = map[string]*regexp.Regexp{
	"pnpm-lock.yaml":   regexp.MustCompile(`(?m)^  ['"]?([^\s'":{}()][^'":{}()\n]*)['"]?:\s*(?:\{\})?$`),
	"Cargo.lock":       regexp.MustCompile(`(?m)^\[\[package\]\]\r?\nname = "([^"]+)"\r?\nversion = "[^"]+"(?:\r?\n(?:dependencies|$|\r?\n)|\r?\n?\z)`),
	"uv.lock":          regexp.MustCompile(`source = \{ (?:virtual|editable|directory) = "([^"]+)"`),
	"poetry.lock":      regexp.MustCompile(`(?m)^type = "directory"\r?\nurl = "([^"]+)"`),
	"pixi.lock":        regexp.MustCompile(`(?m)^\s*- (?:pypi|conda|path): \./(\S+)`),
	"requirements.txt": regexp.MustCompile(`(?m)^\s*(?:-e|--editable)[\s=]+(?:file:)?([\w./-]+)|(?m)^\s*(\./[\w./-]+)`),
	"Gemfile.lock":     regexp.MustCompile(`(?m)^  remote: ([\w./-]+)$`),
	"composer.lock":    regexp.MustCompile(`"type"\s*:\s*"path"\s*,\s*"url"\s*:\s*"([^"]+)"`),
	"pubspec.lock":     regexp.MustCompile(`(?m)^\s+path: "?([^"\n]+)"?$`),
	"Package.swift":    regexp.MustCompile(`path:\s*"([^"]+)"`),
}

// membersOf returns the members of a workspace: folders relative to that of the lock file.
// Of Yarn they are patterns, and of Cargo names.
func (f *Files) membersOf(lock string) []string {
	from := path.Base(lock)
	switch from {
	case "package-lock.json", "npm-shrinkwrap.json", "bun.lock", "deno.lock":
		var file struct {
			Packages   map[string]jsontext.Value `json:"packages"`
			Workspaces map[string]jsontext.Value `json:"workspaces"`
			Workspace  struct {
				Members map[string]jsontext.Value `json:"members"`
			} `json:"workspace"`
		}
		if json.Unmarshal(jsonc.ToJSON(f.read(lock)), &file, jsontext.AllowDuplicateNames(true)) != nil {
			return nil
		}
		var all []string
		for _, folders := range []map[string]jsontext.Value{file.Packages, file.Workspaces, file.Workspace.Members} {
			for folder, entry := range folders {
				if !strings.Contains(folder, "node_modules") && entry.Kind() == '{' {
					all = append(all, folder)
				}
			}
		}
		return all
	case "yarn.lock":
		var manifest struct {
			Workspaces jsontext.Value `json:"workspaces"`
		}
		_ = json.Unmarshal(f.read(path.Join(path.Dir(lock), "package.json")), &manifest) // then there are none
		var all []string
		if json.Unmarshal(manifest.Workspaces, &all) != nil {
			var object struct {
				Packages []string `json:"packages"`
			}
			_ = json.Unmarshal(manifest.Workspaces, &object)
			all = object.Packages
		}
		return all
	case "Package.resolved":
		from = "Package.swift"
	case "gems.locked":
		from = "Gemfile.lock"
	}
	if strings.HasPrefix(from, "requirements") {
		from = "requirements.txt"
	}
	name := lock
	if from == "Package.swift" {
		name = path.Join(path.Dir(lock), from)
	}
	var all []string
	if pattern := memberOf[from]; pattern != nil {
		for _, m := range pattern.FindAllStringSubmatch(string(f.read(name)), -1) {
			all = append(all, strings.Join(m[1:], "")) // one of the groups
		}
	}
	return all
}
