package gitleaks

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/transform"

	"github.com/seed-b235b314/goldenpath/internal/gate"
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
	return s.each(ctx, func(ctx context.Context, name string) error {
		err := guard(name, func() error { return s.file(ctx, root, name) })()
		if err != nil && ctx.Err() == nil { // it costs only this file
			s.miss(gate.Gap{What: name, Why: err.Error(), Remedy: "make the file readable, or exclude it (gate.exclude)"})
			return nil
		}
		return err
	})
}

// tree examines the files that were kept.
func (s *scan) tree(ctx context.Context) error {
	return s.each(ctx, func(ctx context.Context, name string) error {
		text, ok := s.texts[name]
		if !ok {
			return ctx.Err()
		}
		s.once(ctx, piece{path: name, line: 1, text: text, forms: s.detector.skips(name)})
		return ctx.Err()
	})
}

// once examines a file, unless an earlier run found no secret in it.
func (s *scan) once(ctx context.Context, p piece) {
	id := textID(p)
	if len(s.kept.unknown([]string{id}, &s.counts)) == 0 {
		return
	}
	one := &scan{detector: s.detector, outer: s, text: id}
	one.look(ctx, p)
	for _, hit := range one.found.hits {
		s.found.add(hit)
	}
	if len(one.found.hits) == 0 && ctx.Err() == nil {
		s.kept.examined([]string{id})
	}
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
	head := make([]byte, min(info.Size(), sampleSize))
	if _, err := io.ReadFull(f, head); err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", name, err)
	}
	if bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/")) && len(head) < 1024 && !isPicture(name) {
		s.mu.Lock()
		s.pointers = append(s.pointers, name)
		s.mu.Unlock()
	}
	var r io.Reader = io.MultiReader(bytes.NewReader(head), f)
	p := piece{path: name, line: 1, forms: s.detector.skips(name)}
	arranged, isWide := wide(head)
	switch {
	case info.Size() <= keepFile:
		text, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if p, ok := s.opened(p, text); ok && (p.binary || !s.keep(name, p.text)) {
			s.once(ctx, p)
		}
		return ctx.Err()
	case isWide:
		r = transform.NewReader(r, arranged.decoder())
	case isBinary(head):
		if s.leaveOut(p, head) {
			return nil
		}
		p.binary, p.line = true, 0
	}
	s.count(p.binary, 0)
	return s.runs(ctx, r, p)
}

// opened returns the piece with the text of a file. It returns false if the file is left
// out.
func (s *scan) opened(p piece, b []byte) (piece, bool) {
	text, binary := decode(b)
	if binary && s.leaveOut(p, b) {
		return p, false
	}
	s.count(binary, len(b))
	if p.binary = binary; binary {
		text, p.line = readable(b), 0
	}
	p.text = string(text)
	return p, true
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
			p.column = columnAt(p.column, string(buf[:have-chunkOverlap]))
		}
		have = copy(buf, buf[have-chunkOverlap:have])
	}
}
