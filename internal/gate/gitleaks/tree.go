package gitleaks

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Bounds in bytes.
const (
	keepFile  = 2 << 20  // largest file that is kept to recognise it in the history
	keepTotal = 96 << 20 // all kept files
	window    = 8 << 20  // part of a large file that is held at once
)

// read reads the files. It keeps small files in memory and examines the others at once.
// It reads only regular files and never leaves Dir. The target of a symbolic link is
// examined as a file of its own.
func (s *scan) read(ctx context.Context) error {
	root, err := os.OpenRoot(s.in.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return s.each(ctx, func(ctx context.Context, name string) error { return s.file(ctx, root, name) })
}

// tree examines the files that were kept.
func (s *scan) tree(ctx context.Context) error {
	return s.each(ctx, func(ctx context.Context, name string) error {
		if text, ok := s.texts[name]; ok {
			s.look(ctx, piece{path: name, line: 1, text: text})
		}
		return ctx.Err()
	})
}

// each calls do for every file, several in parallel.
func (s *scan) each(ctx context.Context, do func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range s.in.Files {
		if f.Link { // the target is a file of its own, or outside of the repository
			continue
		}
		group.Go(guard(f.Path, func() error { return do(ctx, f.Path) }))
	}
	return group.Wait()
}

// counts has the numbers of examined files, and the texts that were kept.
type counts struct {
	files, binaries, bytes atomic.Int64

	mu       sync.Mutex
	pointers []string // files whose content is elsewhere
	texts    map[string]string
	kept     int
}

// keep keeps a file, so that the same text is recognised in the history. It returns
// false if the file is too large to keep.
func (c *counts) keep(name string, text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(text) > keepFile || c.kept+len(text) > keepTotal {
		return false
	}
	c.kept += len(text)
	c.texts[name] = text
	return true
}

// file reads one file, and keeps or examines its text.
func (s *scan) file(ctx context.Context, root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	skip := s.detector.skips(name)
	head := make([]byte, min(info.Size(), 8000))
	if _, err := io.ReadFull(f, head); err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, utf16 := narrow(head)
	binary := isBinary(head) && !utf16
	if bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/")) && len(head) < 1024 && !isPicture(name) {
		s.mu.Lock()
		s.pointers = append(s.pointers, name)
		s.mu.Unlock()
	}
	if skip && (!binary || isPicture(name)) {
		return nil
	}
	if binary {
		s.binaries.Add(1)
		return s.runs(ctx, io.MultiReader(bytes.NewReader(head), f), piece{path: name, binary: true})
	}
	s.files.Add(1)
	if info.Size() > window && !utf16 {
		return s.runs(ctx, io.MultiReader(bytes.NewReader(head), f), piece{path: name, line: 1})
	}
	text, err := io.ReadAll(io.MultiReader(bytes.NewReader(head), f))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.bytes.Add(int64(len(text)))
	if plain, ok := narrow(text); ok {
		text = plain
	}
	if p := (piece{path: name, line: 1, text: string(text)}); !s.keep(name, p.text) {
		s.look(ctx, p)
	}
	return ctx.Err()
}

// runs examines a large text, or the readable parts of a binary file, a window at a
// time.
func (s *scan) runs(ctx context.Context, r io.Reader, p piece) error {
	buf, have := make([]byte, window), 0
	for {
		n, err := io.ReadFull(r, buf[have:])
		s.bytes.Add(int64(n))
		have += n
		if p.text = string(buf[:have]); p.binary {
			p.text = string(readable(buf[:have]))
		}
		s.look(ctx, p)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", p.path, err)
		}
		if !p.binary {
			p.line += bytes.Count(buf[:have-chunkOverlap], []byte("\n"))
		}
		have = copy(buf, buf[have-chunkOverlap:have])
	}
}

// look examines a text in pieces, and the strings that are split over several lines.
func (s *scan) look(ctx context.Context, p piece) {
	chunks(p, func(c piece) {
		if ctx.Err() != nil {
			return
		}
		s.detector.look(ctx, c, s.found.add)
		if c.binary {
			return
		}
		for _, r := range joined(c.text) {
			whole := piece{path: c.path, line: c.line + r.line, commit: c.commit, text: r.text, binary: true}
			s.detector.look(ctx, whole, s.found.addJoined)
		}
	})
}
