package battery

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// matches lists the files that a glob finds below a folder.
func matches(dir, glob string) (map[string]fs.FileInfo, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	names, err := fs.Glob(root.FS(), filepath.ToSlash(glob))
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("junit: %q is no glob: %v", glob, err))
	}
	out := map[string]fs.FileInfo{}
	for _, name := range names {
		if out[name], err = root.Stat(name); err != nil { // a link that leads out, or nowhere
			return nil, report.Usage(fmt.Sprintf("junit: %v", err))
		}
	}
	return out, nil
}

// collect copies the files a glob finds that were not there before, or were
// another size or time: what the commit brought, or an earlier command left, is no
// result of this one. A copy outlives the checkout. A link is not followed out of
// it.
func collect(dir, glob, to string, before map[string]fs.FileInfo) ([]string, error) {
	now, err := matches(dir, glob)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := os.MkdirAll(to, 0o755); err != nil {
		return nil, err
	}
	var out []string
	for i, name := range slices.Sorted(maps.Keys(now)) {
		if old := before[name]; old != nil && os.SameFile(old, now[name]) && old.ModTime().Equal(now[name].ModTime()) && old.Size() == now[name].Size() {
			continue
		}
		dst := filepath.Join(to, fmt.Sprintf("%03d-%s", i, filepath.Base(name)))
		if info := now[name]; !info.Mode().IsRegular() || info.Size() > maxKept { // a pipe would be waited for
			return nil, report.Usage(fmt.Sprintf("junit: %s is no file of at most %d bytes", name, maxKept))
		}
		if err := copyFile(root, name, dst); err != nil {
			return nil, fmt.Errorf("keep %s: %w", name, err)
		}
		out = append(out, dst)
	}
	return out, nil
}

// maxKept bounds one kept file.
const maxKept = 64 << 20

func copyFile(root *os.Root, name, dst string) (err error) {
	from, err := root.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(dst)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	_, err = io.Copy(to, io.LimitReader(from, maxKept))
	return err
}
