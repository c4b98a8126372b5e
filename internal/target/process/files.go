package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeJSON replaces the file at path in one step: readers see the old content or
// the new.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("parse %s: %w", path, err)
	}
	return nil
}

// link makes the symbolic link at path point to name, in one step.
func link(name, path string) error {
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(name, path+".new"); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// removeAll removes a folder also where an application has made folders that
// nobody may write.
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

// discard removes a folder whose place may be taken anew while it goes: it is
// moved out of the way first.
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
		if !errors.Is(err, fs.ErrExist) { // another removal is under way, else
			return err
		}
	}
	return removeAll(dir)
}
