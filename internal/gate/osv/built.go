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

// goRelease is a released version in a binary's build information, which may
// name experiments after it.
var goRelease = regexp.MustCompile(`^go(1\.[0-9]+(?:\.[0-9]+)?)(?:[ -]X:.*)?$`)

// built says which releases of Go built the files of an artifact.
//
// What go.mod says of Go is only the oldest release that would do. What is in
// the artifact is what runs: where it tells, its standard library is matched
// instead.
type built struct {
	dir      string            // holds one go.mod for each release
	versions map[string]string // name of the folder → one of the files
}

// readBuilt reads the build information of every file of the artifact. A file
// without any, or one built by no release, tells nothing.
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
			return nil // no Go binary
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
		return b, fmt.Errorf("read the artifact: %w", err)
	}
	return b, nil
}

// below reports whether a path is one of the go.mod files made here.
func (b built) below(name string) bool {
	return len(b.versions) > 0 && strings.HasPrefix(filepath.Join("/", name), b.dir+string(filepath.Separator))
}
