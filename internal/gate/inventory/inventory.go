// Package inventory reads the packages that lock files and manifests name. It reads each
// entry of a file: a file that cannot be read completely is an error, and a package whose
// version is unknown is in the result without a version.
//
// The extractors of osv-scalibr read most of these formats too. They ignore entries that
// they do not understand, and look up packages of the repository itself:
// https://github.com/google/osv-scanner/issues/3080,
// https://github.com/google/osv-scanner/issues/2881,
// https://github.com/google/osv-scanner/issues/1861,
// https://github.com/google/osv-scanner/issues/1122 and
// https://github.com/google/osv-scalibr/issues/618.
package inventory

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// Origin is the place from which a package comes.
type Origin string

const (
	Registry Origin = "registry" // a registry of the ecosystem
	Own      Origin = "own"      // a folder or a file: a part of the repository
	Git      Origin = "git"      // a commit of a git repository
	Build    Origin = "build"    // a plugin of the build, or a version that only applies to what others require
	Toolkit  Origin = "toolkit"  // delivered with the language's toolkit, such as the Flutter SDK
)

// Package is one entry of a file.
type Package struct {
	Ecosystem string // as OSV names it: npm, PyPI, Maven…
	Name      string // as the registry names it
	Version   string // the exact version; "": the file does not state it
	Range     string // the text in place of a version
	Commit    string // of Git: 40 hexadecimal digits, or ""
	Origin    Origin
	File      string // path in the repository
	Line      int    // from 1; 0: unknown
}

// Tree gives access to the files of a repository by their path. Its result is false for
// a file that does not exist or cannot be read.
type Tree func(name string) ([]byte, bool)

// reader reads the packages of one file. Its errors do not contain the file's name.
type reader func(f file) ([]Package, error)

// Reader reads the files of one repository.
type Reader struct {
	tree     Tree
	projects map[string]*model            // of Maven, by path of the file; nil: not a project
	modules  map[string]map[string]*model // by path of the highest parent, then by group:artifact
}

// NewReader returns a reader. tree may be nil: then a file that names other files is read
// alone. A reader is not for concurrent use.
func NewReader(tree Tree) *Reader {
	return &Reader{tree: tree, projects: map[string]*model{}, modules: map[string]map[string]*model{}}
}

// file is one file of a repository.
type file struct {
	*Reader
	name string // path in the repository
	text []byte // UTF-8 without a byte order mark
}

// beside returns the content of a file named relative to the folder of f.
func (f file) beside(name string) (file, bool) {
	name = path.Join(path.Dir(f.name), name)
	if name == ".." || strings.HasPrefix(name, "../") || f.tree == nil {
		return file{}, false
	}
	b, ok := f.tree(name)
	if !ok {
		return file{}, false
	}
	text, err := decode(b)
	return file{f.Reader, name, text}, err == nil
}

// format is a kind of file.
type format struct {
	name      string // for people
	match     func(base, name string) bool
	ecosystem string
	read      reader
	manifest  bool // an entry may have no version
}

func is(names ...string) func(string, string) bool {
	return func(base, _ string) bool { return slices.Contains(names, base) }
}

// formats are the files that this package reads.
var formats = []format{
	{"npm", is("package-lock.json", "npm-shrinkwrap.json"), "npm", readNPM, false},
	{"Yarn", is("yarn.lock"), "npm", readYarn, false},
	{"pnpm", is("pnpm-lock.yaml"), "npm", readPNPM, false},
	{"Bun", is("bun.lock"), "npm", readBun, false},
	{"Deno", is("deno.lock"), "npm", readDeno, false},
	{"Poetry", is("poetry.lock"), "PyPI", readPoetry, false},
	{"uv", isUV, "PyPI", readUV, false},
	{"PDM", is("pdm.lock"), "PyPI", readPDM, false},
	{"pylock", isPylock, "PyPI", readPylock, false},
	{"Pipenv", is("Pipfile.lock"), "PyPI", readPipfile, false},
	{"pixi", is("pixi.lock"), "PyPI", readPixi, false},
	{"requirements", isRequirements, "PyPI", readRequirements, true},
	{Script, isScript, "PyPI", readScript, true},
	{"Cargo", is("Cargo.lock"), "crates.io", readCargo, false},
	{"Bundler", isGemfileLock, "RubyGems", readGemfile, false},
	{"Composer", is("composer.lock"), "Packagist", readComposer, false},
	{"Maven", isPOM, "Maven", readPOM, true},
	{"Gradle", isGradle, "Maven", readGradle, false},
	{"Gradle verification", isVerification, "Maven", readVerification, false},
	{"Gradle catalog", isCatalog, "Maven", readCatalog, true},
	{"NuGet lock", isNuGetLock, "NuGet", readNuGetLock, false},
	{"NuGet packages", isPackagesConfig, "NuGet", readNuGetPackages, false},
	{"NuGet project", isProject, "NuGet", readProject, true},
	{"pub", is("pubspec.lock"), "Pub", readPub, false},
	{"Mix", is("mix.lock"), "Hex", readMix, false},
	{"renv", is("renv.lock"), "CRAN", readRenv, false},
	{".NET tools", isTools, "NuGet", readTools, false},
	{"Bazel Maven", isBazelMaven, "Maven", readBazelMaven, false},
	{"Gleam", isGleam, "Hex", readGleam, false},
	{"Cabal", is("cabal.project.freeze"), "Hackage", readCabal, true},
	{"Stack", is("stack.yaml.lock"), "Hackage", readStack, false},
	{"Conan", is("conan.lock"), "ConanCenter", readConan, true},
	{"Swift", is("Package.resolved"), "SwiftURL", readSwift, false},
	{"actions", func(_, name string) bool { return lockfile.IsWorkflow(name) || lockfile.IsAction(name) }, lockfile.Actions, readActions, true},
}

func formatOf(name string) *format {
	base := path.Base(name)
	for i, f := range formats {
		if f.match(base, name) {
			if f.ecosystem == "npm" && strings.Contains("/"+name, "/node_modules/") {
				return nil // the lock file of an installed package, which is not used
			}
			return &formats[i]
		}
	}
	return nil
}

// Format returns a name for the kind of file, or "" if this package does not read it.
func Format(name string) string {
	if f := formatOf(name); f != nil {
		return f.name
	}
	return ""
}

// Read returns the packages of a file. The error says why the file, or a part of it,
// cannot be read; the packages are then those of the rest.
func (r *Reader) Read(name string, content []byte) (packages []Package, err error) {
	k := formatOf(name)
	if k == nil {
		return nil, fmt.Errorf("no reader for this kind of file")
	}
	text, err := decode(content)
	if err != nil {
		return nil, err
	}
	if n := conflict(text); n > 0 {
		return nil, fmt.Errorf("line %d is a mark of an unresolved merge conflict", n)
	}
	defer func() {
		if p := recover(); p != nil {
			packages, err = nil, fmt.Errorf("the file cannot be read: %v", p)
		}
	}()
	packages, err = k.read(file{r, name, text})
	for i := range packages {
		p := &packages[i]
		p.Ecosystem = cmp.Or(p.Ecosystem, k.ecosystem)
		p.Origin = cmp.Or(p.Origin, Registry)
		p.File = cmp.Or(p.File, name)
	}
	if err == nil && !k.manifest {
		err = versioned(packages)
	}
	return distinct(packages), err
}

// distinct removes a package that is in the list before, apart from its line.
func distinct(all []Package) []Package {
	seen := map[Package]bool{}
	return slices.DeleteFunc(all, func(p Package) bool {
		p.Line = 0
		if seen[p] {
			return true
		}
		seen[p] = true
		return false
	})
}

// conflict returns the line of the first mark of a merge conflict, or 0.
func conflict(text []byte) int {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if bytes.HasPrefix(line, []byte("<<<<<<< ")) || bytes.HasPrefix(line, []byte(">>>>>>> ")) {
			return n
		}
	}
	return 0
}
