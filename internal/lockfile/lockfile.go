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
	Name  string         // a pattern of path.Match
	Asks  *regexp.Regexp // matches a manifest with dependencies; nil: every one has some
	Locks []string       // in its folder or one above: workspaces share a lock file
	Make  string         // command that creates the first of Locks
}

// Manifests lists the known manifests. go.mod names exact versions itself; its lock file
// has the checksums.
var Manifests = []Manifest{
	{"package.json", regexp.MustCompile(`"(dev|peer|optional)?[dD]ependencies"\s*:\s*\{\s*"`), []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "deno.lock"}, "npm install --package-lock-only"},
	{"deno.json", regexp.MustCompile(`"imports"\s*:\s*\{\s*"`), []string{"deno.lock"}, "deno install"},
	{"go.mod", regexp.MustCompile(`(?m)^require\b`), []string{"go.sum"}, "go mod tidy"},
	{"pyproject.toml", regexp.MustCompile(`(?m)^\[?[\w.-]*dependencies`), []string{"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.*.toml", "pixi.lock", "Pipfile.lock", "requirements.txt"}, "uv lock"},
	{"setup.py", regexp.MustCompile(`install_requires`), []string{"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.*.toml", "Pipfile.lock", "requirements*.txt"}, "pip freeze > requirements.txt"},
	{"setup.cfg", regexp.MustCompile(`install_requires`), []string{"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.*.toml", "Pipfile.lock", "requirements*.txt"}, "pip freeze > requirements.txt"},
	{"pixi.toml", regexp.MustCompile(`dependencies\]`), []string{"pixi.lock"}, "pixi lock"},
	{"Pipfile", nil, []string{"Pipfile.lock"}, "pipenv lock"},
	{"Cargo.toml", regexp.MustCompile(`(?m)^\[[\w.-]*dependencies`), []string{"Cargo.lock"}, "cargo generate-lockfile"},
	{"Gemfile", nil, []string{"Gemfile.lock"}, "bundle lock"},
	{"gems.rb", nil, []string{"gems.locked"}, "bundle lock"},
	{"composer.json", regexp.MustCompile(`"require"`), []string{"composer.lock"}, "composer update --no-install"},
	{"build.gradle", gradleAsks, gradleLocks, "gradle dependencies --write-locks"},
	{"build.gradle.kts", gradleAsks, gradleLocks, "gradle dependencies --write-locks"},
	{"*.csproj", regexp.MustCompile(`<PackageReference\b`), []string{"packages.lock.json"}, "dotnet restore --use-lock-file"},
	{"*.fsproj", regexp.MustCompile(`<PackageReference\b`), []string{"packages.lock.json"}, "dotnet restore --use-lock-file"},
	{"*.vbproj", regexp.MustCompile(`<PackageReference\b`), []string{"packages.lock.json"}, "dotnet restore --use-lock-file"},
	{"pubspec.yaml", regexp.MustCompile(`(?m)^(dev_)?dependencies:\s*$`), []string{"pubspec.lock"}, "dart pub get"},
	{"mix.exs", regexp.MustCompile(`\{:\w+,\s*["\w]`), []string{"mix.lock"}, "mix deps.get"},
	{"Package.swift", regexp.MustCompile(`\.package\(`), []string{"Package.resolved"}, "swift package resolve"},
}

var (
	gradleAsks  = regexp.MustCompile(`\b(implementation|api|compileOnly|runtimeOnly|testImplementation|classpath|kapt|annotationProcessor)\b\s*[("']`)
	gradleLocks = []string{"gradle.lockfile", "gradle/verification-metadata.xml"}
)

// unread are lock files that nothing here reads, with what to do instead.
var unread = map[string]string{
	"bun.lockb":           "bun install --save-text-lockfile, and commit bun.lock",
	"Podfile.lock":        "check the pods by hand: no database has advisories for CocoaPods",
	"Cartfile.resolved":   "check the packages by hand: no database has advisories for Carthage",
	"rebar.lock":          "check the packages by hand, or build with Mix, whose mix.lock is read",
	"paket.lock":          "check the packages by hand, or use NuGet's packages.lock.json",
	"bower.json":          "install the packages with npm: Bower is not maintained",
	"elm.json":            "check the packages by hand: no database has advisories for Elm",
	"conda-lock.yml":      "check the packages by hand: no database has advisories for conda",
	"environment.yml":     "check the packages by hand: no database has advisories for conda",
	"shard.lock":          "check the packages by hand: no database has advisories for Crystal",
	"MODULE.bazel.lock":   "check the packages by hand: the modules of Bazel are not looked up",
	"dub.selections.json": "check the packages by hand: no database has advisories for D",
}

// Unread returns what to do about a lock file that nothing here reads, and false for any
// other file.
func Unread(file string) (remedy string, ok bool) {
	remedy, ok = unread[path.Base(file)]
	return remedy, ok
}

// Of returns the manifest with this file name, and false if the file is not a manifest.
func Of(file string) (Manifest, bool) {
	for _, m := range Manifests {
		if ok, _ := path.Match(m.Name, path.Base(file)); ok { // the patterns are valid
			return m, true
		}
	}
	return Manifest{}, false
}

// Lock returns the lock file of a manifest in a folder, or "" if there is none. files are
// the files of the repository.
func (m Manifest) Lock(dir string, files Files) string {
	for {
		for _, pattern := range m.Locks {
			if f := files.in(dir, pattern); f != "" {
				return f
			}
		}
		if dir == "." || dir == "/" {
			return ""
		}
		dir = path.Dir(dir)
	}
}

// Files has the names of the files in each folder.
type Files map[string][]string

// Add adds a file of the repository.
func (f Files) Add(name string) { f[path.Dir(name)] = append(f[path.Dir(name)], path.Base(name)) }

// in returns the first file that matches a pattern below a folder.
func (f Files) in(dir, pattern string) string {
	dir = path.Join(dir, path.Dir(pattern))
	for _, base := range f[dir] {
		if ok, _ := path.Match(path.Base(pattern), base); ok {
			return path.Join(dir, base)
		}
	}
	return ""
}
