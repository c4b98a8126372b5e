package scaffold

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// write creates a file and its folders atomically. It never replaces an existing file,
// and os.Root keeps links from leading out of the repository.
func write(root *os.Root, name, text string) (err error) {
	dir := path.Dir(name)
	if err := root.MkdirAll(filepath.FromSlash(dir), 0o755); err != nil {
		return err
	}
	tmp := filepath.FromSlash(path.Join(dir, fmt.Sprintf(".goldenpath-init-%s.tmp", rand.Text()[:8])))
	f, err := root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if gone := root.Remove(tmp); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	to := filepath.FromSlash(name)
	// Link fails if the file exists; Rename would replace it.
	if err = root.Link(tmp, to); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// The file system may not support hard links.
	switch _, there := root.Lstat(to); {
	case there == nil:
		return fs.ErrExist
	case !errors.Is(there, fs.ErrNotExist):
		return there
	}
	return root.Rename(tmp, to)
}
