package osv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/requirements"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// A larger file is not read: the library holds it, and what it makes of it, in
// memory. The largest lock files in public have some 10 MB.
const (
	largest    = 64 << 20
	largestAll = 1 << 30
)

// stage is a folder with copies of the files to scan, and nothing else: the
// library would walk all of the checkout.
type stage struct {
	dir   string
	names map[string]string // path in dir → path in the repository
	safe  map[string]string // path in the repository → path in dir
	used  map[string]bool
	kinds kinds
	bytes int64
	gaps  []gate.Gap
	// unknown is how many C and C++ sources only osv.dev could name.
	unknown int
}

// newStage copies the files. What cannot be copied is a gap.
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
	s := &stage{dir: dir, names: map[string]string{}, safe: map[string]string{}, used: map[string]bool{}, kinds: k}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var rest []gate.File
	var text bytes.Buffer                     // of requirements
	for _, odd := range []bool{false, true} { // an odd name gives way to a plain one
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
				rest = append(rest, f)
				continue
			}
			got, err := s.add(root, f, true)
			if err != nil {
				return nil, err
			}
			if kind == requirements.Name {
				text.Write(got)
			}
		}
	}
	return s, s.include(ctx, root, rest, text.Bytes())
}

// include copies the files that requirements may include: those whose name their
// text has. When one is missing nevertheless, the library says so.
func (s *stage) include(ctx context.Context, root *os.Root, files []gate.File, text []byte) error {
	for len(text) > 0 {
		var more []byte
		var rest []gate.File
		for _, f := range files {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !mentions(text, path.Base(f.Path)) {
				rest = append(rest, f)
				continue
			}
			got, err := s.add(root, f, false)
			if err != nil {
				return err
			}
			more = append(more, got...)
		}
		files, text = rest, more
	}
	return nil
}

// mentions reports whether the text has the name of a file. One without a dot is
// part of other words, and must be one itself.
func mentions(text []byte, name string) bool {
	if strings.Contains(name, ".") {
		return bytes.Contains(text, []byte(name))
	}
	for {
		at := bytes.Index(text, []byte(name))
		if at < 0 {
			return false
		}
		before, after := text[:at], text[at+len(name):]
		starts := at == 0 || bytes.IndexByte([]byte(" \t\r\n/\\='\""), before[at-1]) >= 0 || bytes.HasSuffix(before, []byte("-r")) || bytes.HasSuffix(before, []byte("-c"))
		if starts && (len(after) == 0 || bytes.IndexByte([]byte(" \t\r\n#'\""), after[0]) >= 0) {
			return true
		}
		text = text[at+1:]
	}
}

// add copies one file and returns its text. What cannot be read is a gap, if told.
// An error is one of the stage, not of the repository.
func (s *stage) add(root *os.Root, f gate.File, tell bool) ([]byte, error) {
	text, why := s.read(root, f)
	if why == "" && tell {
		why = s.unfit(f.Path, text)
	}
	switch base := path.Base(f.Path); {
	case why != "":
	case base == "go.mod":
		text = replaced(text)
	case base == "go.work":
		var gaps []gate.Gap
		text, gaps, why = workspaceMod(f.Path, text)
		s.gaps = append(s.gaps, gaps...)
	}
	if why != "" {
		if tell {
			s.gaps = append(s.gaps, gate.Gap{What: f.Path, Why: why, Remedy: "repair the file, remove it, or exclude its folder"})
		}
		return nil, nil
	}
	name := s.place(f.Path)
	if path.Base(f.Path) == "go.work" {
		name = s.place(f.Path + "/go.mod")
	}
	s.names[name] = f.Path
	s.bytes += int64(len(text))
	to := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return nil, err
	}
	return text, os.WriteFile(to, text, 0o600)
}

// read returns the text of a regular file inside the root, or why it cannot.
func (s *stage) read(root *os.Root, f gate.File) (text []byte, why string) {
	name := filepath.FromSlash(f.Path)
	stat := root.Lstat
	if f.Link { // what it is to, within the repository
		stat = root.Stat
	}
	before, err := stat(name)
	if err != nil {
		return nil, "it cannot be read: " + oneLine(err.Error())
	}
	if !before.Mode().IsRegular() {
		return nil, "it is no regular file but " + before.Mode().Type().String()
	}
	size := max(f.Size, before.Size())
	if size > largest {
		return nil, fmt.Sprintf("it has %s, and more than %s is not read", humanize.IBytes(uint64(size)), humanize.IBytes(largest))
	}
	if s.bytes+size > largestAll {
		return nil, fmt.Sprintf("lock files and manifests before it have %s, and more is not read", humanize.IBytes(uint64(s.bytes)))
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, "it cannot be read: " + oneLine(err.Error())
	}
	defer file.Close()
	after, err := file.Stat()
	if err == nil && !os.SameFile(before, after) {
		return nil, "it changed while it was read"
	}
	text, err = io.ReadAll(io.LimitReader(file, largest+1))
	switch {
	case err != nil:
		return nil, "it cannot be read: " + oneLine(err.Error())
	case len(text) > largest:
		return nil, "it grew while it was read"
	}
	return text, ""
}

// unfit says why the library would read nothing from the file and not tell.
func (s *stage) unfit(name string, text []byte) string {
	if by := s.kinds.refuses(name, int64(len(text))); by != "" {
		return fmt.Sprintf("it has %s, more than %s reads", humanize.IBytes(uint64(len(text))), by)
	}
	switch {
	case bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")):
		return "it is a pointer of Git LFS and not the file"
	case bytes.IndexByte(text, 0) >= 0:
		return "it is no text in UTF-8"
	}
	return ""
}

// isOdd reports whether a character would confuse what the library logs.
func isOdd(r rune) bool { return r == ':' || r == unicode.ReplacementChar || !unicode.IsPrint(r) }

// place is where in the stage a path goes: the same path, without odd characters.
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

// original is the path in the repository of one that the library names, which
// takes the root of the file system for its own.
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

// plain is a text of the library without the path of the stage.
func (s *stage) plain(text string) string {
	text = strings.ReplaceAll(text, s.dir+"/", "")
	return oneLine(strings.ReplaceAll(text, strings.TrimPrefix(s.dir, "/")+"/", ""))
}
