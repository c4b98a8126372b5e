package render

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
)

// Limits on the number of files and on the bytes that are read.
const (
	maxFile  = 10 << 20
	maxRead  = 512 << 20 // of a tree in total
	maxFiles = 1 << 20
)

// Tree gives access to a set of files. Other files cannot be read through it.
type Tree struct {
	root     *os.Root
	names    []string // sorted
	files    map[string]bool
	folders  map[string]bool
	excluded func(name string) bool
	left     atomic.Int64
}

// Open opens a folder with every regular file below it, except .git.
func Open(dir string) (*Tree, error) {
	t, err := Select(dir, nil, func(string) bool { return false })
	if err != nil {
		return nil, err
	}
	var names []string
	err = t.walk(".", func(name string, d fs.DirEntry) error {
		if !d.Type().IsRegular() {
			return nil
		}
		if len(names) == maxFiles {
			return fmt.Errorf("the folder has more than %d files", maxFiles)
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("cannot open the files to render: %w", cause(err))
	}
	t.take(names)
	return t, nil
}

// Select opens a folder for reading only the given files: relative paths with forward
// slashes, no symbolic links. A link below an excluded path is not a gap.
func Select(dir string, names []string, excluded func(name string) bool) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the files to render: %w", cause(err))
	}
	t := &Tree{root: root, excluded: excluded}
	t.left.Store(maxRead)
	t.take(names)
	return t, nil
}

func (t *Tree) take(names []string) {
	t.names, t.files, t.folders = slices.Sorted(slices.Values(names)), map[string]bool{}, map[string]bool{".": true}
	for _, name := range names {
		t.files[name] = true
		for dir := path.Dir(name); !t.folders[dir]; dir = path.Dir(dir) {
			t.folders[dir] = true
		}
	}
}

// Close closes the folder.
func (t *Tree) Close() error { return t.root.Close() }

// Has reports whether the clean path is a file.
func (t *Tree) Has(name string) bool { return t.files[name] }

// Exists reports whether the clean path is a file, or a folder that contains one.
func (t *Tree) Exists(name string) bool { return t.files[name] || t.folders[name] }

// Read reads a file of at most limit bytes.
func (t *Tree) Read(name string, limit int64) ([]byte, error) {
	if !t.Has(name) {
		return nil, fmt.Errorf("cannot read %s: %w", name, fs.ErrNotExist)
	}
	f, err := t.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	}
	left := t.left.Add(-int64(len(text)))
	if int64(len(text)) > limit || left < 0 {
		return nil, fmt.Errorf("cannot read %s: larger than %d bytes", name, limit)
	}
	return text, nil
}

// below lists the files in a folder and its subfolders.
func (t *Tree) below(dir string) []string {
	if dir == "." {
		return t.names
	}
	from, _ := slices.BinarySearch(t.names, dir+"/")
	to := from
	for to < len(t.names) && strings.HasPrefix(t.names[to], dir+"/") {
		to++
	}
	return t.names[from:to]
}

// links returns a gap for each symbolic link below a folder: other tools follow them, but
// this package does not.
func (t *Tree) links(dir string) (gaps []Gap, err error) {
	err = t.walk(dir, func(name string, d fs.DirEntry) error {
		if !d.Type().IsRegular() {
			gaps = append(gaps, Gap{What: name, Why: "symbolic links are not followed", Remedy: "replace it with the file"})
		}
		return nil
	})
	return gaps, err
}

// walk calls visit for everything except folders, .git and excluded paths.
func (t *Tree) walk(dir string, visit func(name string, d fs.DirEntry) error) error {
	return fs.WalkDir(t.root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == ".git" || t.excluded(name):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			return visit(name, d)
		}
		return nil
	})
}

// cause returns the cause of an error without the path, which may be a path of this
// machine.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// IsManifest reports whether the name has the extension of a manifest.
func IsManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(path.Ext(name)))
}
