package lockfile

import (
	"path"
	"slices"
	"strings"
)

// ecosystems are OSV's names for the advisories about the packages that a file names.
var ecosystems = map[string]string{
	"go.mod":            "Go",
	"package-lock.json": "npm", "npm-shrinkwrap.json": "npm", "pnpm-lock.yaml": "npm", "yarn.lock": "npm", "bun.lock": "npm", "deno.lock": "npm", "package.json": "npm",
	"requirements.txt": "PyPI", "poetry.lock": "PyPI", "uv.lock": "PyPI", "pdm.lock": "PyPI", "pylock.toml": "PyPI", "pixi.lock": "PyPI", "Pipfile.lock": "PyPI", "pyproject.toml": "PyPI",
	"Cargo.lock": "crates.io", "Gemfile.lock": "RubyGems", "gems.locked": "RubyGems", "composer.lock": "Packagist",
	"pom.xml": "Maven", "gradle.lockfile": "Maven", "verification-metadata.xml": "Maven",
	"packages.lock.json": "NuGet", "packages.config": "NuGet", "Directory.Packages.props": "NuGet",
	"mix.lock": "Hex", "pubspec.lock": "Pub", "renv.lock": "CRAN", "Package.resolved": "SwiftURL", "conan.lock": "ConanCenter",
	"cabal.project.freeze": "Hackage", "stack.yaml.lock": "Hackage", "buildscript-gradle.lockfile": "Maven", "settings-gradle.lockfile": "Maven",
	"manifest.toml": "Hex", "dotnet-tools.json": "NuGet",
}

// Actions is OSV's name for the ecosystem of what workflows use.
const Actions = "GitHub Actions"

// IsWorkflow reports whether GitHub reads a file as a workflow.
func IsWorkflow(file string) bool {
	ext := path.Ext(file)
	return path.Dir(file) == ".github/workflows" && (ext == ".yml" || ext == ".yaml")
}

// IsAction reports whether a file has the name of an action.
func IsAction(file string) bool {
	base := path.Base(file)
	return base == "action.yml" || base == "action.yaml"
}

// Ecosystem returns OSV's name for the packages that a file names, or "" if the file
// names none.
func Ecosystem(file string) string {
	base := path.Base(file)
	switch {
	case IsWorkflow(file), IsAction(file):
		return Actions
	case strings.HasSuffix(base, ".csproj"), strings.HasSuffix(base, ".fsproj"), strings.HasSuffix(base, ".vbproj"), strings.HasSuffix(base, ".deps.json"):
		return "NuGet"
	case strings.HasPrefix(base, "packages.") && (strings.HasSuffix(base, "lock.json") || strings.HasSuffix(base, "config")):
		return "NuGet"
	case strings.HasSuffix(base, ".versions.toml"), strings.HasSuffix(base, ".pom"), strings.HasSuffix(base, "maven_install.json"):
		return "Maven"
	case strings.HasSuffix(strings.ToLower(base), ".gemfile.lock"), strings.HasPrefix(base, "Gemfile.") && strings.HasSuffix(base, ".lock"):
		return "RubyGems"
	case strings.HasPrefix(base, "requirements") && strings.HasSuffix(base, ".lock"), strings.HasSuffix(base, ".py.lock"):
		return "PyPI"
	case strings.HasPrefix(base, "pylock.") && strings.HasSuffix(base, ".toml"):
		return "PyPI"
	case strings.HasSuffix(base, "requirements.txt"), strings.HasPrefix(base, "requirements") && strings.HasSuffix(base, ".txt"):
		return "PyPI"
	}
	return ecosystems[base]
}

// Ecosystems returns the ecosystems of the files, each once and sorted.
func Ecosystems(files []string) []string {
	var all []string
	for _, f := range files {
		if e := Ecosystem(f); e != "" {
			all = append(all, e)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
