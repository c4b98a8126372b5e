package database

import (
	"errors"
	"io/fs"
	"os"
	"path"
)

// part returns the name under which a file is written until the download is complete.
// The name is fixed: the lock of the folder allows one writer, which overwrites the
// part that an interrupted update left.
func part(name string) string { return path.Join(path.Dir(name), "."+path.Base(name)+".part") }

// create creates the part of a file, empty.
func create(root *os.Root, name string) (*os.File, error) {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return nil, err
	}
	if err := root.Remove(part(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return root.OpenFile(part(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

// finish renames the part of a file to its final name. The part must already be synced
// to disk.
func finish(root *os.Root, name string) error {
	if err := root.Rename(part(name), name); err != nil {
		return err
	}
	dir, err := root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// put replaces a file completely. If write returns an error, the existing file stays.
func put(root *os.Root, name string, write func(*os.File) error) error {
	f, err := create(root, name)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, root.Remove(part(name)))
	}
	return finish(root, name)
}
