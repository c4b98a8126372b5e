package osv

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	cpb "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/cpp/conanlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dart/pubspec"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/csproj"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/depsjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/nugetcpm"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/packagesconfig"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/packageslockjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/erlang/mixlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gomod"
	"github.com/google/osv-scalibr/extractor/filesystem/language/haskell/cabal"
	"github.com/google/osv-scalibr/extractor/filesystem/language/haskell/stacklock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/gradlelockfile"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/gradleverificationmetadataxml"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/pomxml"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/bunlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/packagelockjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/pnpmlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/yarnlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/php/composerlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/pdmlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/pipfilelock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/poetrylock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/pylock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/requirements"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/uvlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/r/renvlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/ruby/gemfilelock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/rust/cargolock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/swift/packageresolved"
	"github.com/google/osv-scalibr/extractor/filesystem/os/apk"
	"github.com/google/osv-scalibr/extractor/filesystem/os/dpkg"
	"github.com/google/osv-scalibr/extractor/filesystem/sbom/cdx"
	"github.com/google/osv-scalibr/extractor/filesystem/sbom/spdx"

	"github.com/seed-b235b314/goldenpath/internal/gate/inventory"
)

// makers are the extractors that osv-scanner enables for source code: its presets
// lockfile, sbom and directory. kinds.of adds the ones that only osv-scanner has, except
// vcs/gitrepo, which reads .git.
var makers = []func(*cpb.PluginConfig) (filesystem.Extractor, error){
	conanlock.New, mixlock.New, pubspec.New, gomod.New, gradlelockfile.New, gradleverificationmetadataxml.New, pomxml.New,
	packagelockjson.New, pnpmlock.New, yarnlock.New, bunlock.New, composerlock.New, pipfilelock.New, pdmlock.New, poetrylock.New,
	pylock.New, requirements.New, uvlock.New, renvlock.New, gemfilelock.New, packageresolved.New, cargolock.New, csproj.New,
	depsjson.New, nugetcpm.New, packagesconfig.New, packageslockjson.New, cabal.New, stacklock.New, apk.New, dpkg.New, spdx.New, cdx.New,
}

// The extractors that only osv-scanner has.
const (
	customJSON = "osv/osvscannerjson"
	vendored   = "filesystem/vendored"
)

// workspace is read by this package: the library has no extractor for go.work.
const workspace = "go/work"

// moduleFile is a go.mod with another name.
const moduleFile = "go/modfile"

// bom is an SBOM in JSON whose name does not state its format.
const bom = "sbom/json"

// kinds decides which files name dependencies, as the library does.
type kinds []filesystem.Extractor

func newKinds() (kinds, error) {
	var k kinds
	for _, make := range makers {
		e, err := make(&cpb.PluginConfig{})
		if err != nil {
			return nil, fmt.Errorf("cannot create an extractor of osv-scalibr: %w", err)
		}
		k = append(k, e)
	}
	return k, nil
}

// ownReader begins the name of a kind of file that the package inventory reads. The library
// gets the packages of such a file, and not the file.
const ownReader = "inventory/"

// of returns the name of the reader or the extractor that reads the file, or "" if none does. With a
// size of 0 only the name of the file is considered: some extractors silently skip
// large files.
func (k kinds) of(name string, size int64) string {
	if format := inventory.Format(name); format != "" {
		return ownReader + format
	}
	f := newCandidate(name, size)
	for _, e := range k {
		if e.FileRequired(f) {
			return e.Name()
		}
	}
	switch {
	case path.Base(name) == "osv-scanner-custom.json":
		return customJSON
	case path.Base(name) == "go.work":
		return workspace
	case path.Ext(name) == ".mod": // go mod tidy -modfile=go.tool.mod
		return moduleFile
	case strings.Contains(strings.ToLower(path.Base(name)), "sbom") && path.Ext(name) == ".json":
		return bom
	case vendoredLibrary(name) != "":
		return vendored
	}
	return ""
}

// refuses returns the name of an extractor that does not read the file because of the
// file's size, or "".
func (k kinds) refuses(name string, size int64) string {
	small, real := newCandidate(name, 0), newCandidate(name, size)
	for _, e := range k {
		if e.FileRequired(small) && !e.FileRequired(real) {
			return e.Name()
		}
	}
	return ""
}

// vendoredLibrary returns the folder of the C or C++ library that a source file belongs
// to, or "" for any other file. Only the service osv.dev can identify the library.
func vendoredLibrary(name string) string {
	switch path.Ext(name) {
	case ".hpp", ".h", ".hh", ".cc", ".c", ".cpp":
	default:
		return ""
	}
	folders := strings.Split(path.Dir(name), "/")
	for i, f := range folders[:len(folders)-1] {
		switch f {
		case "3rdparty", "dep", "deps", "thirdparty", "third-party", "third_party", "libs", "external", "externals", "vendor", "vendored":
			return strings.Join(folders[:i+2], "/")
		}
	}
	return ""
}

// candidate is a file of which only the name and the size are known.
type candidate struct {
	name string
	size int64
}

// newCandidate places the repository in a folder: os/apk and os/dpkg read only files at
// the root of a file system.
func newCandidate(name string, size int64) filesystem.FileAPI {
	return candidate{"repository/" + name, size}
}

func (c candidate) Path() string               { return c.name }
func (c candidate) Stat() (fs.FileInfo, error) { return c, nil }
func (c candidate) Name() string               { return path.Base(c.name) }
func (c candidate) Size() int64                { return c.size }
func (c candidate) Mode() fs.FileMode          { return 0o644 }
func (c candidate) ModTime() time.Time         { return time.Time{} }
func (c candidate) IsDir() bool                { return false }
func (c candidate) Sys() any                   { return nil }
