package gate

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
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

// ManifestOf is what is known of a file by its name.
func ManifestOf(file string) (Manifest, bool) {
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

// mostManifest bounds what is read of a manifest: one that is larger asks for
// something.
const mostManifest = 1 << 20

// unlocked are manifests whose packages nobody has looked up: without a lock file
// it is not known which versions are built. Of go.mod all is known.
func unlocked(o Options, changed Changes) []Gap {
	there := map[string]bool{}
	for _, f := range o.Files {
		there[f.Path] = true
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil // the scanners say so
	}
	defer root.Close()
	var all []Gap
	for _, f := range o.Files {
		m, is := ManifestOf(f.Path)
		if !is || m.Name == "go.mod" || !changed.Has(f.Path) || m.Lock(path.Dir(f.Path), func(file string) bool { return there[file] }) != "" {
			continue
		}
		if m.Asks != nil && f.Size <= mostManifest {
			if b, err := root.ReadFile(f.Path); err == nil && !m.Asks.Match(b) {
				continue
			}
		}
		all = append(all, Gap{What: f.Path, Why: "it has no lock file: nobody knows which versions are built", Remedy: m.Make + ", and commit what it writes"})
	}
	return all
}

// lockCheck is the row on them. It never stops: a library has none.
func lockCheck(missing []Gap) (report.Check, bool) {
	if len(missing) == 0 {
		return report.Check{}, false
	}
	var names []string
	for _, g := range missing[:min(len(missing), 3)] {
		names = append(names, g.What)
	}
	return report.Check{
		Name: lockRow, State: report.Warned, Result: fmt.Sprintf("%d without one, dependencies not looked up: %s", len(missing), strings.Join(names, ", ")),
		Note: missing[0].Remedy,
	}, true
}
