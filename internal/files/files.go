// Package files reads untrusted files within bounds, and writes files whole.
package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrTooLarge means that a file is longer than the caller's limit.
var ErrTooLarge = errors.New("the file is too large")

// ErrIrregular means that a name is a folder, a device, a pipe or a socket.
var ErrIrregular = errors.New("not a regular file")

// Read returns the contents of a file below root. name has forward slashes. Read
// returns an error for a link that leads out of root, ErrIrregular for anything but a
// regular file, and ErrTooLarge for a file of more than most bytes.
func Read(root *os.Root, name string, most int64) ([]byte, error) {
	name = filepath.FromSlash(name)
	info, err := root.Stat(name) // before opening: to open a pipe waits for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot read %s: %w", name, ErrIrregular)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("cannot read %s: %w: over %d bytes", name, ErrTooLarge, most)
	}
	return b, nil
}

// Write replaces a file in one step: a reader sees either the old or the new contents,
// and a crash does not leave a half-written file. The folder must exist. The file gets
// mode 0644.
func Write(path string, b []byte) error {
	return WriteWith(path, 0o644, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// WriteWith is like Write, but the contents come from the function write, and the file
// gets the given mode. If write returns an error, the old file stays.
func WriteWith(path string, mode os.FileMode, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := errors.Join(write(f), f.Chmod(mode), f.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
