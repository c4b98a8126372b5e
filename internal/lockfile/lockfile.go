// Package lockfile lists the manifests of package managers, and finds the lock file of
// each.
package lockfile

import (
	"path"
	"regexp"
	"strings"
)

// Manifest is a file that names dependencies without exact versions. Its lock file pins
// them.
type Manifest struct {
	Name  string                 // a pattern of path.Match
	asks  func(text []byte) bool // nil: every one has dependencies
	Locks []string               // in its folder, or in one above if that says so: see Files.Lock
	Make  string                 // command that creates the first of Locks
}

// Asks reports whether a manifest with this text has dependencies.
func (m Manifest) Asks(text []byte) bool { return m.asks == nil || m.asks(text) }

func matches(pattern string) func([]byte) bool { return regexp.MustCompile(pattern).Match }

// Manifests lists the known manifests. go.mod names exact versions itself; its lock file
// has the checksums.
var Manifests = []Manifest{
	{"package.json", keys(false, "dependencies", "devDependencies", "peerDependencies", "optionalDependencies"), []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "deno.lock"}, "npm install --package-lock-only"},
	{"deno.json", keys(false, "imports"), []string{"deno.lock"}, "deno install"},
	{"deno.jsonc", keys(false, "imports"), []string{"deno.lock"}, "deno install"},
	{"go.mod", matches(`(?m)^require\b`), []string{"go.sum"}, "go mod tidy"},
	{"pyproject.toml", tables, []string{"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.*.toml", "pixi.lock", "Pipfile.lock", "requirements.txt", "requirements*.lock"}, "uv lock"},
	{"setup.py", matches(`(install|extras|tests)_require`), pythonLocks, "pip freeze > requirements.txt"},
	{"setup.cfg", matches(`(install|tests)_require|options\.extras_require`), pythonLocks, "pip freeze > requirements.txt"},
	{"pixi.toml", tables, []string{"pixi.lock"}, "pixi lock"},
	{"Pipfile", nil, []string{"Pipfile.lock"}, "pipenv lock"},
	{"Cargo.toml", tables, []string{"Cargo.lock"}, "cargo generate-lockfile"},
	{"Gemfile", nil, []string{"Gemfile.lock"}, "bundle lock"},
	{"gems.rb", nil, []string{"gems.locked"}, "bundle lock"},
	{"*.gemspec", matches(`add_(runtime_|development_)?dependency`), []string{"Gemfile.lock", "gems.locked"}, "bundle lock"},
	{"composer.json", keys(true, "require", "require-dev"), []string{"composer.lock"}, "composer update --no-install"},
	{"*.gradle", gradle, gradleLocks, "gradle dependencies --write-locks"},
	{"*.gradle.kts", gradle, gradleLocks, "gradle dependencies --write-locks"},
	{"*.csproj", matches(`<PackageReference\b`), nugetLocks, "dotnet restore --use-lock-file"},
	{"*.fsproj", matches(`<PackageReference\b`), nugetLocks, "dotnet restore --use-lock-file"},
	{"*.vbproj", matches(`<PackageReference\b`), nugetLocks, "dotnet restore --use-lock-file"},
	{"pubspec.yaml", yamlKeys("dependencies", "dev_dependencies", "dependency_overrides"), []string{"pubspec.lock"}, "dart pub get"},
	{"mix.exs", matches(`\{:\w+,\s*["\w]`), []string{"mix.lock"}, "mix deps.get"},
	{"gleam.toml", tables, []string{"manifest.toml"}, "gleam deps download"},
	{"*.cabal", matches(`(?im)^\s*build-depends:`), []string{"cabal.project.freeze", "stack.yaml.lock"}, "cabal freeze"},
	{"conanfile.txt", matches(`(?m)^[\w-]+/`), []string{"conan.lock"}, "conan lock create ."},
	{"conanfile.py", matches(`requires\b`), []string{"conan.lock"}, "conan lock create ."},
	{"Package.swift", matches(`\.package\(`), []string{"Package.resolved"}, "swift package resolve"},
}

var (
	pythonLocks = []string{"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.*.toml", "Pipfile.lock", "requirements.txt", "requirements*.lock"}
	gradleLocks = []string{"gradle.lockfile", "buildscript-gradle.lockfile", "settings-gradle.lockfile", "gradle/verification-metadata.xml"}
	nugetLocks  = []string{"packages.lock.json", "packages.*.lock.json"}
)

// unread are files that name dependencies and that nothing here reads, with what to do
// instead.
var unread = []struct {
	name   string // a pattern of path.Match
	asks   func(text []byte) bool
	unless string // the lock file in its folder, or anywhere after **/, which is read or reported in its place
	remedy string
}{
	{"bun.lockb", nil, "", "bun install --save-text-lockfile, and commit bun.lock"},
	{"Podfile.lock", nil, "", "check the pods by hand: no database has advisories for CocoaPods"},
	{"Podfile", matches(`(?m)^\s*pod\s`), "Podfile.lock", "check the pods by hand: no database has advisories for CocoaPods"},
	{"Cartfile.resolved", nil, "", "check the packages by hand: no database has advisories for Carthage"},
	{"Cartfile", nil, "Cartfile.resolved", "check the packages by hand: no database has advisories for Carthage"},
	{"project.pbxproj", matches(`XCRemoteSwiftPackageReference`), "**/Package.resolved", "commit Package.resolved of the project"},
	{"rebar.lock", nil, "", "check the packages by hand, or build with Mix, whose mix.lock is read"},
	{"rebar.config", matches(`\{deps,\s*\[\s*[\w{]`), "rebar.lock", "check the packages by hand, or build with Mix, whose mix.lock is read"},
	{"paket.lock", nil, "", "check the packages by hand, or use NuGet's packages.lock.json"},
	{"paket.dependencies", matches(`(?m)^\s*nuget\s`), "paket.lock", "check the packages by hand, or use NuGet's packages.lock.json"},
	{"global.json", keys(false, "msbuild-sdks"), "", "check the SDKs of MSBuild by hand, or name their versions in the projects"},
	{"bower.json", nil, "", "install the packages with npm: Bower is not maintained"},
	{"libman.json", keys(false, "libraries"), "", "install the packages with npm: what LibMan copies is not looked up"},
	{"package.yaml", yamlKeys("dependencies", "devDependencies"), "", "use package.json with a lock file of npm, or cabal freeze"},
	{"elm.json", nil, "", "check the packages by hand: no database has advisories for Elm"},
	{"*conda-lock.y*ml", nil, "", conda}, {"conda*.lock", nil, "", conda}, {"environment*.y*ml", yamlKeys("dependencies"), "", conda},
	{"shard.lock", nil, "", "check the packages by hand: no database has advisories for Crystal"},
	{"MODULE.bazel.lock", nil, "", "check the packages by hand: the modules of Bazel are not looked up"},
	{"MODULE.bazel", matches(`(?m)^\s*bazel_dep\(`), "MODULE.bazel.lock", "check the packages by hand: the modules of Bazel are not looked up"},
	{"dub.selections.json", nil, "", "check the packages by hand: no database has advisories for D"},
	{"build.sbt.lock", nil, "", jvm}, {"build.sbt", matches(`%\s*"`), "build.sbt.lock", jvm}, {"ivy.xml", matches(`<dependency\b`), "", jvm}, {"project.clj", matches(`:dependencies\s*\[\s*\[`), "", jvm},
	{"deps.edn", matches(`:(mvn/version|git/sha|git/tag)\b`), "", jvm}, {"build.mill", matches(`(ivy|mvn)"`), "", jvm}, {"build.sc", matches(`(ivy|mvn)"`), "", jvm},
	{"pom.yaml", matches(`artifactId`), "", "use pom.xml, which is read"},
	{"vcpkg.json", matches(`"dependencies"\s*:\s*\[\s*["{]`), "", "check the packages by hand: no database has advisories for vcpkg"},
	{"Gopkg.lock", nil, "", "use a Go module: go mod init, go mod tidy"},
	{"Manifest.toml", matches(`(?m)^(julia_version|manifest_format|\[\[deps\.)`), "", "check the packages by hand: Julia's are not looked up"},
	{"*.opam.locked", nil, "", "check the packages by hand: the packages of opam are not looked up"},
	{"cpanfile.snapshot", nil, "", "check the packages by hand: no database has advisories for CPAN"},
	{"DESCRIPTION", matches(`(?ms)^Package:.*^(Imports|Depends|LinkingTo):`), "renv.lock", "renv::snapshot(), and commit renv.lock"},
}

const (
	conda = "check the packages by hand: no database has advisories for conda"
	jvm   = "check the packages by hand, or export them as a CycloneDX SBOM, which is read"
)

// Unread returns what to do about a file in files that nothing here reads, and false for
// any other file.
func (f *Files) Unread(file string) (remedy string, ok bool) {
	if strings.Contains("/"+file, "/node_modules/") {
		return "", false
	}
	for _, u := range unread {
		if is, _ := path.Match(u.name, path.Base(file)); !is || u.unless != "" && f.in(path.Dir(file), u.unless) != nil {
			continue
		}
		if u.asks == nil || u.asks(f.read(file)) {
			return u.remedy, true
		}
	}
	return "", false
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
