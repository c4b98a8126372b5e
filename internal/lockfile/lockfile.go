// Package lockfile lists the manifests of package managers, and finds the lock file of
// each.
package lockfile

import (
	"path"
	"regexp"
)

// Manifest is a file that names dependencies without exact versions. Its lock file pins
// them.
type Manifest struct {
	Name  string
	Asks  *regexp.Regexp // matches a manifest with dependencies; nil: every one has some
	Locks []string       // in its folder or one above: workspaces share a lock file
	Make  string         // command that creates the first of Locks
}

// Manifests lists the known manifests. go.mod names exact versions itself; its lock file
// has the checksums.
var Manifests = []Manifest{
	{"package.json", regexp.MustCompile(`"(dev|peer|optional)?[dD]ependencies"\s*:\s*\{\s*"`), []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"}, "npm install --package-lock-only"},
	{"go.mod", regexp.MustCompile(`(?m)^require\b`), []string{"go.sum"}, "go mod tidy"},
	{"pyproject.toml", regexp.MustCompile(`(?m)^\[?[\w.-]*dependencies`), []string{"uv.lock", "poetry.lock", "pdm.lock", "requirements.txt"}, "uv lock"},
	{"Pipfile", nil, []string{"Pipfile.lock"}, "pipenv lock"},
	{"Cargo.toml", regexp.MustCompile(`(?m)^\[[\w.-]*dependencies`), []string{"Cargo.lock"}, "cargo generate-lockfile"},
	{"Gemfile", nil, []string{"Gemfile.lock"}, "bundle lock"},
	{"composer.json", regexp.MustCompile(`"require"`), []string{"composer.lock"}, "composer update --no-install"},
}

// Of returns the manifest with this file name, and false if the file is not a manifest.
func Of(file string) (Manifest, bool) {
	for _, m := range Manifests {
		if path.Base(file) == m.Name {
			return m, true
		}
	}
	return Manifest{}, false
}

// Lock returns the lock file of a manifest in a folder, or "" if there is none. exists
// reports whether a file exists.
func (m Manifest) Lock(dir string, exists func(file string) bool) string {
	for {
		for _, f := range m.Locks {
			if f = path.Join(dir, f); exists(f) {
				return f
			}
		}
		if dir == "." || dir == "/" {
			return ""
		}
		dir = path.Dir(dir)
	}
}
