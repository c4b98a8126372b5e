package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// writeJSON replaces the file at path atomically: readers see the old content or the
// new.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return files.WriteWith(path, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("cannot parse %s: %w", path, err)
	}
	return nil
}

// link makes the symbolic link at path point to name, atomically.
func link(name, path string) error {
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(name, path+".new"); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// removeAll removes a folder, even if an application created folders in it that are not
// writable.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(dir, func(p string, f fs.DirEntry, err error) error {
		if f != nil && f.IsDir() {
			_ = os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// discard removes a folder that another process may create again at the same time. It
// renames the folder before it removes the content.
func discard(dir string) error {
	trash := filepath.Join(filepath.Dir(dir), ".removing-"+filepath.Base(dir))
	for range 10 {
		if err := removeAll(trash); err != nil {
			return err
		}
		err := os.Rename(dir, trash)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			return removeAll(trash)
		}
		if !errors.Is(err, fs.ErrExist) { // else another removal is in progress
			return err
		}
	}
	return removeAll(dir)
}
