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

// What is read at most, in bytes, and how many files there may be.
const (
	maxFile  = 10 << 20
	maxRead  = 512 << 20 // of a tree, all together
	maxFiles = 1 << 20
)

// Tree is the files that may be read, and no other.
type Tree struct {
	root     *os.Root
	names    []string // sorted
	files    map[string]bool
	folders  map[string]bool
	excluded func(name string) bool
	left     atomic.Int64
}

// Open opens the folder with every regular file below it but those of .git.
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
			return fmt.Errorf("it has more than %d files", maxFiles)
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("open the files to render: %w", cause(err))
	}
	t.take(names)
	return t, nil
}

// Select opens the folder for reading the files named: relative, with forward
// slashes, none a symbolic link. A link below what is excluded is no gap.
func Select(dir string, names []string, excluded func(name string) bool) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the files to render: %w", cause(err))
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

// Has reports whether the clean path is that of a file.
func (t *Tree) Has(name string) bool { return t.files[name] }

// Exists reports whether the clean path is that of a file, or of a folder with one
// in it.
func (t *Tree) Exists(name string) bool { return t.files[name] || t.folders[name] }

// Read reads a file of at most limit bytes.
func (t *Tree) Read(name string, limit int64) ([]byte, error) {
	if !t.Has(name) {
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	f, err := t.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	left := t.left.Add(-int64(len(text)))
	if int64(len(text)) > limit || left < 0 {
		return nil, fmt.Errorf("read %s: it is larger than %d bytes", name, limit)
	}
	return text, nil
}

// below lists the files of a folder and of those in it.
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

// links are the symbolic links below a folder: other tools that deploy would follow
// them, and here nobody does.
func (t *Tree) links(dir string) (gaps []Gap, err error) {
	err = t.walk(dir, func(name string, d fs.DirEntry) error {
		if !d.Type().IsRegular() {
			gaps = append(gaps, Gap{What: name, Why: "it is a symbolic link, which is not followed", Remedy: "put the file itself there"})
		}
		return nil
	})
	return gaps, err
}

// walk visits whatever is no folder, but for .git and what is excluded.
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

// cause leaves out the path, which may be that of the machine.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// IsManifest reports whether the name is that of a manifest.
func IsManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(path.Ext(name)))
}
