package gate

import (
	"context"
	"io/fs"
	"os"
)

// File is a regular file, or a symbolic link that is listed as a file.
type File struct {
	Path string // relative, with forward slashes
	Size int64
	Link bool // a symbolic link, read as the file it leads to
}

// Changes are the paths that differ from the base, including deleted ones. Nil means
// that every path counts as changed.
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

// Walk lists the regular files below dir in the order of their paths, without .git and
// excluded files. A symbolic link is listed as a file under its own name; a link that
// leads out of dir is never followed.
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

// Link returns a symbolic link as a file. It returns false if the link leads to a
// folder, whose files are listed under their own names. A link that leads nowhere or
// out of the root is listed with size 0, and scanners report that they cannot read it.
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
