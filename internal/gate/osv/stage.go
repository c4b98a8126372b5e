package osv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/inventory"
)

// Bounds in bytes: the library holds files and results in memory. The largest public
// lock files have about 10 MB.
const (
	largest    = 64 << 20 // of one file
	largestAll = 1 << 30  // of all files
)

// stage is a folder with copies of the files to scan and nothing else, because the
// library would read the complete checkout.
type stage struct {
	dir   string
	names map[string]string // from path in dir to path in the repository
	safe  map[string]string // from path in the repository to path in dir
	used  map[string]bool
	kinds kinds
	// offline is set if only the databases of this machine are used.
	offline bool
	reader  *inventory.Reader
	bytes   int64
	gaps    []gate.Gap
	// toolchain is the Go release that builds the repository.
	toolchain toolchain
	minimum   map[string]bool                // each go.mod that has only the lowest release that may build it
	read      map[string][]inventory.Package // by path in the repository
	// unknown is the number of C and C++ sources that only osv.dev could identify.
	unknown int
	// unidentified is the number of packages in each SBOM that only have a name.
	unidentified map[string]int
}

// newStage copies the files. A file that cannot be copied is a gap.
func newStage(ctx context.Context, in gate.Input, dir string) (*stage, error) {
	k, err := newKinds()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	s := &stage{dir: dir, names: map[string]string{}, safe: map[string]string{}, used: map[string]bool{}, kinds: k, offline: in.Offline, reader: newReader(root), read: map[string][]inventory.Package{}, minimum: map[string]bool{}, unidentified: map[string]int{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s.toolchain = findToolchain(root, in.Files)
	for _, odd := range []bool{false, true} { // plain names first, so that they keep their names
		for _, f := range in.Files {
			if strings.ContainsFunc(f.Path, isOdd) != odd {
				continue
			}
			kind := k.of(f.Path, 0)
			switch base := path.Base(f.Path); {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case kind == vendored && in.Offline:
				s.unknown++
				continue
			case kind == "" && base != "go.sum" && base != "pyproject.toml":
				continue
			case kind == ownReader+inventory.Script && !isScript(root, f):
				continue
			}
			if err := s.add(root, f); err != nil {
				return nil, err
			}
		}
	}
	return s, s.write()
}

// isScript reports whether a program in Python names its own dependencies.
func isScript(root *os.Root, f gate.File) bool {
	if f.Size > largest {
		return false // not written by a person
	}
	text, err := root.ReadFile(filepath.FromSlash(f.Path))
	return err == nil && inventory.HasScript(text)
}

// add copies one file. A file that cannot be read is a gap. An error concerns the stage,
// not the repository.
func (s *stage) add(root *os.Root, f gate.File) error {
	text, why := s.content(root, f)
	own := inventory.Format(f.Path) != ""
	if why == "" && !own {
		why = s.unfit(f.Path, text)
	}
	name := s.place(f.Path)
	switch base := path.Base(f.Path); {
	case why != "":
	case own:
		name = path.Join(name, packageText)
		why = s.list(f.Path, text)
	case s.kinds.of(f.Path, 0) == bom:
		switch {
		case bytes.Contains(text, []byte(`"bomFormat"`)):
			name = s.place(f.Path + "/bom.json")
		case bytes.Contains(text, []byte(`"spdxVersion"`)):
			name = s.place(f.Path + "/bom.spdx.json")
		default:
			return nil
		}
	case path.Ext(base) == ".mod":
		if base != "go.mod" {
			if !module.Match(text) {
				return nil // Modula, music, a part of a DTD
			}
			name = s.place(f.Path + "/go.mod")
		}
		text = noToolchain.ReplaceAll(text, nil)
		s.minimum[f.Path] = s.toolchain.unknown(text)
		text = s.toolchain.build(replaced(text))
	case base == "go.work":
		var gaps []gate.Gap
		text, gaps, why = workspaceMod(f.Path, text)
		s.gaps = append(s.gaps, gaps...)
		name = s.place(f.Path + "/go.mod")
	}
	if why == "" && strings.HasPrefix(s.kinds.of(f.Path, 0), "sbom/") {
		if n := unidentified(text); n > 0 {
			s.unidentified[f.Path] = n
		}
	}
	if why != "" {
		s.gaps = append(s.gaps, gate.Gap{What: f.Path, Why: why, Remedy: "repair the file, remove it, or exclude its folder"})
		return nil
	}
	s.names[name] = f.Path
	s.bytes += int64(len(text))
	return s.copy(name, text)
}

// module matches a file of the format of go.mod, and noToolchain the directive that chooses
// the release of the machine, which the library takes for a release.
var (
	module      = regexp.MustCompile(`(?m)^module\s`)
	noToolchain = regexp.MustCompile(`(?m)^toolchain[ \t]+default\b.*$`)
)

func (s *stage) copy(name string, text []byte) error {
	to := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// content returns the text of a regular file in the root. If the file cannot be read, why
// is the reason.
func (s *stage) content(root *os.Root, f gate.File) (text []byte, why string) {
	name := filepath.FromSlash(f.Path)
	stat := root.Lstat
	if f.Link { // its target in the repository
		stat = root.Stat
	}
	before, err := stat(name)
	if err != nil {
		return nil, "the file cannot be read: " + oneLine(err.Error())
	}
	if !before.Mode().IsRegular() {
		return nil, "not a regular file (" + before.Mode().Type().String() + ")"
	}
	size := max(f.Size, before.Size())
	if size > largest {
		return nil, fmt.Sprintf("the file has %s, more than the limit of %s", humanize.IBytes(uint64(size)), humanize.IBytes(largest))
	}
	if s.bytes+size > largestAll {
		return nil, fmt.Sprintf("all lock files and manifests together exceed the limit; those before it have %s", humanize.IBytes(uint64(s.bytes)))
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, "the file cannot be read: " + oneLine(err.Error())
	}
	defer file.Close()
	after, err := file.Stat()
	if err == nil && !os.SameFile(before, after) {
		return nil, "the file was changed while it was read"
	}
	text, err = io.ReadAll(io.LimitReader(file, largest+1))
	switch {
	case err != nil:
		return nil, "the file cannot be read: " + oneLine(err.Error())
	case len(text) > largest:
		return nil, "the file grew while it was read"
	}
	return text, ""
}

// unfit returns the reason why the library would silently read nothing from the file,
// or "" if the library can read it.
func (s *stage) unfit(name string, text []byte) string {
	if by := s.kinds.refuses(name, int64(len(text))); by != "" {
		return fmt.Sprintf("the file has %s, more than %s reads", humanize.IBytes(uint64(len(text))), by)
	}
	switch {
	case bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")):
		return "the file is a Git LFS pointer: check out with lfs: true"
	case bytes.IndexByte(text, 0) >= 0:
		return "the file is not UTF-8 text"
	}
	return ""
}

// isOdd reports whether a character would be ambiguous in the library's log.
func isOdd(r rune) bool { return r == ':' || r == unicode.ReplacementChar || !unicode.IsPrint(r) }

// place returns the path of a file in the stage: its path in the repository, without
// odd characters.
func (s *stage) place(name string) string {
	if name == "." {
		return "."
	}
	if got, ok := s.safe[name]; ok {
		return got
	}
	dir := s.place(path.Dir(name))
	base := strings.Map(func(r rune) rune {
		if isOdd(r) {
			return '_'
		}
		return r
	}, path.Base(name))
	to := path.Join(dir, base)
	for n := 1; s.used[to]; n++ {
		to = path.Join(dir, fmt.Sprintf("%d%s", n, base))
	}
	s.safe[name], s.used[to] = to, true
	return to
}

// original returns the repository path of a file that the library reports by its path
// in the stage, and false for a file outside the stage.
func (s *stage) original(name string) (string, bool) {
	rel, err := filepath.Rel(s.dir, filepath.Join("/", name))
	if err != nil {
		return "", false
	}
	rel = filepath.ToSlash(rel)
	if got, ok := s.names[rel]; ok {
		return got, true
	}
	for from, to := range s.safe { // a folder
		if to == rel {
			return from, true
		}
	}
	return rel, false
}

// plain removes the path of the temporary folder from a message of osv-scanner.
func (s *stage) plain(text string) string {
	text = strings.ReplaceAll(text, s.dir+"/", "")
	return oneLine(strings.ReplaceAll(text, strings.TrimPrefix(s.dir, "/")+"/", ""))
}
