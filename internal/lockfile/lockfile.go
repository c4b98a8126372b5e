// Package lockfile knows which files of package managers pin what others ask for.
package lockfile

import (
	"path"
	"regexp"
)

// Manifest is a file that asks for packages without saying which versions of them
// are built: a lock file does.
type Manifest struct {
	Name  string
	Asks  *regexp.Regexp // it has something to pin; nil: always
	Locks []string       // beside it or in a folder above: workspaces share one
	Make  string         // command that makes the first of them
}

// Manifests of the package managers. Of go.mod, which names versions itself, the
// checksums are meant.
var Manifests = []Manifest{
	{"package.json", regexp.MustCompile(`"(dev|peer|optional)?[dD]ependencies"\s*:\s*\{\s*"`), []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"}, "npm install --package-lock-only"},
	{"go.mod", regexp.MustCompile(`(?m)^require\b`), []string{"go.sum"}, "go mod tidy"},
	{"pyproject.toml", regexp.MustCompile(`(?m)^\[?[\w.-]*dependencies`), []string{"uv.lock", "poetry.lock", "pdm.lock", "requirements.txt"}, "uv lock"},
	{"Pipfile", nil, []string{"Pipfile.lock"}, "pipenv lock"},
	{"Cargo.toml", regexp.MustCompile(`(?m)^\[[\w.-]*dependencies`), []string{"Cargo.lock"}, "cargo generate-lockfile"},
	{"Gemfile", nil, []string{"Gemfile.lock"}, "bundle lock"},
	{"composer.json", regexp.MustCompile(`"require"`), []string{"composer.lock"}, "composer update --no-install"},
}

// Of is what is known of a file by its name.
func Of(file string) (Manifest, bool) {
	for _, m := range Manifests {
		if path.Base(file) == m.Name {
			return m, true
		}
	}
	return Manifest{}, false
}

// Lock returns the lock file of a manifest in a folder, by asking for each that it
// may have; "" is none.
func (m Manifest) Lock(dir string, there func(file string) bool) string {
	for {
		for _, f := range m.Locks {
			if f = path.Join(dir, f); there(f) {
				return f
			}
		}
		if dir == "." || dir == "/" {
			return ""
		}
		dir = path.Dir(dir)
	}
}
