package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// besideFolder is the folder of an environment's data for files that an application stored
// beside its program, one folder for each generation.
const besideFolder = "stored-beside-program"

// volatile are folders that frameworks fill and that hold no data of a person.
var volatile = []string{"__pycache__", "node_modules", "cache", ".cache", ".next", ".venv", "tmp", "log", "logs", "sessions"}

// stored returns the files that the application wrote among the files of its image, as
// paths below the root of the image. The next generation starts without them, or with the
// image's own. Caches, logs and lock files are left out.
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
		if !d.Type().IsRegular() || slices.Contains([]string{".log", ".pid", ".lock", ".pyc", ".tmp"}, path.Ext(d.Name())) || strings.HasSuffix(d.Name(), "-shm") {
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.ModTime().After(since) {
			return nil
		}
		if rel, err := filepath.Rel(root, name); err == nil {
			all = append(all, rel)
		}
		return nil
	})
	return all
}

// shown returns what a person reads of stored files: without those that SQLite keeps
// beside a database, at most three, and how many more there are.
func shown(stored []string) []string {
	var all []string
	for _, name := range stored {
		if !strings.HasSuffix(name, "-journal") && !strings.HasSuffix(name, "-wal") {
			all = append(all, clean(name))
		}
	}
	if n := len(all) - 3; n > 0 {
		all = append(all[:3], fmt.Sprintf("%d more", n))
	}
	return all
}

// rescue moves what a stopped generation stored beside its program into the environment's
// data, and returns what it moved and the folder. What was moved is only removed together
// with the data.
func (e *environment) rescue(g *generation) (files []string, folder string, err error) {
	files = g.stored()
	if len(files) == 0 {
		return nil, "", nil
	}
	folder = filepath.Join(e.data(), besideFolder, filepath.Base(g.dir))
	for _, name := range files {
		to := filepath.Join(folder, name)
		if err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.Rename(filepath.Join(g.path("rootfs"), name), to)); err != nil {
			return nil, "", fmt.Errorf("cannot keep %s, which the application stored beside its program: %w", clean(name), err)
		}
	}
	return shown(files), folder, nil
}
