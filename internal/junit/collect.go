package junit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// A Snapshot is the state of the files that a pattern matches below a folder.
type Snapshot struct {
	dir, pattern string
	files        map[string]fs.FileInfo
}

// Take records the files that exist before a command runs. The folder may be
// hostile: a link that leads out of it is a usage error.
func Take(dir, pattern string) (*Snapshot, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	s := &Snapshot{dir: dir, pattern: pattern, files: map[string]fs.FileInfo{}}
	names, err := match(root.FS(), filepath.ToSlash(pattern))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if s.files[name], err = root.Stat(name); err != nil {
			return nil, fmt.Errorf("cannot find %s: %w", name, err)
		}
	}
	return s, nil
}

// Collect copies the files that the command wrote into the folder to, and returns the
// names of the copies. It ignores files that are unchanged since the snapshot, because
// they belong to the commit or to an earlier command.
func (s *Snapshot) Collect(to string) ([]string, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	names, err := match(root.FS(), filepath.ToSlash(s.pattern))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return nil, err
	}
	var copies []string
	for i, name := range names {
		info, err := root.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("cannot copy the JUnit report %s: %w", name, err)
		}
		if s.unchanged(name, info) {
			continue
		}
		if !info.Mode().IsRegular() || info.Size() > MaxSize { // opening a pipe waits for a writer
			return nil, report.Usage(fmt.Sprintf("junit: %s is not a regular file of at most %d MiB; write a smaller report", name, MaxSize>>20))
		}
		to := filepath.Join(to, fmt.Sprintf("%03d-%s", i, filepath.Base(name)))
		if err := copyFile(root, name, to); err != nil {
			return nil, fmt.Errorf("cannot copy the JUnit report %s: %w", name, err)
		}
		copies = append(copies, to)
	}
	return copies, nil
}

func (s *Snapshot) unchanged(name string, now fs.FileInfo) bool {
	old := s.files[name]
	return old != nil && os.SameFile(old, now) && old.ModTime().Equal(now.ModTime()) && old.Size() == now.Size()
}

// copyFile copies at most MaxSize+1 bytes, so that ReadFile refuses a file that grows
// during the copy.
func copyFile(root *os.Root, name, to string) (err error) {
	from, err := root.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, io.LimitReader(from, MaxSize+1))
	return err
}
