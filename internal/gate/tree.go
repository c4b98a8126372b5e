package gate

import (
	"context"
	"io/fs"
	"os"
)

// File is a regular file of a tree.
type File struct {
	Path string // relative, with forward slashes
	Size int64
	Link bool // it is a symbolic link, and what it is to is read in its place
}

// Changes are the paths that differ from the base, those that are gone among
// them. Nil means that there is no base: everything counts as changed.
type Changes map[string]bool

// Has reports whether the path counts as changed.
func (c Changes) Has(path string) bool { return c == nil || c[path] }

// Any reports whether one of the files counts as changed.
func (c Changes) Any(files []File) bool {
	for _, f := range files {
		if c.Has(f.Path) {
			return true
		}
	}
	return false
}

// Walk lists the regular files below dir in the order of their paths, without
// .git and what is excluded. A symbolic link is a file under its own name; what it
// leads out to is never read.
func Walk(ctx context.Context, dir string, exclude []string) ([]File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var files []File
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.Name() == ".git" || Excluded(name, exclude):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			info, err := d.Info()
			if err != nil {
				return err
			}
			files = append(files, File{Path: name, Size: info.Size()})
		case d.Type()&fs.ModeSymlink != 0:
			if f, ok := Link(root, name); ok {
				files = append(files, f)
			}
		}
		return nil
	})
	return files, err
}

// Link is a symbolic link as a file, and false where it is to a folder, whose
// files are found where they are. One that leads nowhere or out is a file that
// nobody can read: whom it concerns says so.
func Link(root *os.Root, name string) (File, bool) {
	info, err := root.Stat(name)
	switch {
	case err != nil:
		return File{Path: name, Link: true}, true
	case !info.Mode().IsRegular():
		return File{}, false
	}
	return File{Path: name, Size: info.Size(), Link: true}, true
}
