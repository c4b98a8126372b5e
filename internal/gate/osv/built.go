package osv

import (
	"debug/buildinfo"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// goRelease matches a released version in a binary's build information, which may be
// followed by experiments.
var goRelease = regexp.MustCompile(`^go(1\.[0-9]+(?:\.[0-9]+)?)(?:[ -]X:.*)?$`)

// built has the Go releases that built the files of an artifact.
//
// go.mod gives only the minimum Go version. If a built binary records its toolchain,
// the standard library of that release is checked instead.
type built struct {
	dir      string            // has one go.mod for each release
	versions map[string]string // from the name of the folder to one of the files
}

// readBuilt reads the build information of every file of the artifact. Files without
// build information, and files that were not built with a Go release, are ignored.
func readBuilt(artifact, dir string) (built, error) {
	b := built{dir: dir, versions: map[string]string{}}
	if artifact == "" {
		return b, nil
	}
	err := filepath.WalkDir(artifact, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := buildinfo.ReadFile(name)
		if err != nil {
			return nil // not a Go binary
		}
		m := goRelease.FindStringSubmatch(info.GoVersion)
		if m == nil || b.versions[m[1]] != "" {
			return nil
		}
		b.versions[m[1]] = filepath.Base(name)
		folder := filepath.Join(dir, m[1])
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module artifact\n\ngo "+m[1]+"\n"), 0o600)
	})
	if err != nil {
		return b, fmt.Errorf("cannot read the artifact: %w", err)
	}
	return b, nil
}

// below reports whether a path is one of the go.mod files of b.
func (b built) below(name string) bool {
	return len(b.versions) > 0 && strings.HasPrefix(filepath.Join("/", name), b.dir+string(filepath.Separator))
}
