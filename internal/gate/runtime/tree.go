package runtime

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// What is read and rendered at most.
const (
	maxFile   = 10 << 20
	maxRead   = 512 << 20 // of all sources
	maxOutput = 64 << 20  // of one source
)

// tree is the files the scanner may read.
type tree struct {
	root    *os.Root
	names   []string // sorted
	size    map[string]int64
	folders map[string]bool
	exclude []string
	left    int64
}

func (t *tree) has(name string) bool { _, ok := t.size[name]; return ok }

func (t *tree) exists(name string) bool { return t.has(name) || t.folders[name] }

// below lists the files of a folder and of those in it.
func (t *tree) below(dir string) []string {
	if dir == "." {
		return t.names
	}
	from, _ := slices.BinarySearch(t.names, dir+"/")
	to := from
	for to < len(t.names) && strings.HasPrefix(t.names[to], dir+"/") {
		to++
	}
	return t.names[from:to]
}

func (t *tree) read(name string, limit int64) ([]byte, error) {
	if !t.has(name) {
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	f, err := t.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	t.left -= int64(len(text))
	if int64(len(text)) > limit || t.left < 0 {
		return nil, fmt.Errorf("read %s: it is larger than %d bytes", name, limit)
	}
	return text, nil
}

// links are the symbolic links below a folder: the tool that deploys would follow
// them, and here nobody does.
func (t *tree) links(dir string) (gaps []gate.Gap, err error) {
	err = fs.WalkDir(t.root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == ".git" || gate.Excluded(name, t.exclude):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && !d.Type().IsRegular():
			gaps = append(gaps, gate.Gap{What: name, Why: "it is a symbolic link, which is not followed", Remedy: "put the file itself there"})
		}
		return nil
	})
	return gaps, err
}

// cause leaves out the path, which may be that of the machine.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// isYAML reports whether the name is that of a manifest.
func isYAML(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(path.Ext(name)))
}

// keys are those of a map, in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
