package process

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxStored bounds the list of stored.
const maxStored = 3

// errEnough ends a search.
var errEnough = errors.New("enough")

// volatile are folders that frameworks fill and that hold no data of a person.
var volatile = []string{"__pycache__", "node_modules", "cache", ".cache", ".next", ".venv", "tmp", "log", "logs", "sessions"}

// stored returns the first files that the application wrote among the files of its image.
// They are removed with the generation. Caches, logs and lock files are left out.
func (g *generation) stored() []string {
	since := g.state().Started
	if since.IsZero() {
		return nil
	}
	root := g.path("rootfs")
	var all []string
	// A file that cannot be read is not reported: this is a hint, not a proof.
	_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if d.IsDir() {
			if name != root && slices.Contains(volatile, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || slices.Contains([]string{".log", ".pid", ".lock", ".pyc", ".tmp"}, path.Ext(d.Name())) || strings.HasSuffix(d.Name(), "-journal") ||
			strings.HasSuffix(d.Name(), "-wal") || strings.HasSuffix(d.Name(), "-shm") {
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.ModTime().After(since) {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return nil
		}
		if all = append(all, clean(rel)); len(all) == maxStored {
			return errEnough
		}
		return nil
	})
	return all
}
