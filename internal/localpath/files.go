package localpath

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// writeFile replaces a file in one step: a reader sees the old or the new.
func writeFile(path string, b []byte) error {
	return writeWith(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func writeWith(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
