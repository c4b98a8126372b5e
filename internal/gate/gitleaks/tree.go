package gitleaks

import (
	"context"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/zricethezav/gitleaks/v8/sources"
	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// tree looks at the files. It reads regular files only and never leaves Dir: a
// symbolic link's target is looked at where it is.
func (s *scan) tree(ctx context.Context) error {
	root, err := os.OpenRoot(s.in.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var files, unread atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.Name() == ".git" || gate.Excluded(name, s.in.Exclude) || name != "." && s.detector.skips(name):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		group.Go(guard(name, func() error {
			read, err := s.file(ctx, root, name)
			if read {
				files.Add(1)
			} else {
				unread.Add(1)
			}
			return err
		}))
		return nil
	})
	if failed := group.Wait(); failed != nil {
		err = failed
	}
	s.files, s.unread = int(files.Load()), int(unread.Load())
	return err
}

// file looks at one file. The library leaves out archives, and files that begin
// like a program, a document or another binary format: then it was not read.
func (s *scan) file(ctx context.Context, root *os.Root, name string) (read bool, err error) {
	f, err := root.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		return true, err
	}
	file := sources.File{Content: f, Path: name, Config: &s.detector.Config}
	err = file.Fragments(ctx, func(fragment sources.Fragment, err error) error {
		if err != nil {
			return err
		}
		read = true
		s.detector.look(ctx, fragment, s.found.add)
		return nil
	})
	return read, err
}
