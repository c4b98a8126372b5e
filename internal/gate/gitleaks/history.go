package gitleaks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/git"
)

// history examines the lines that commits added. The library's own git source is not
// used: it treats a git that fails, and a diff that it cannot parse, as the end of the
// history, and it follows .gitattributes, with which a repository can declare its
// secrets binary.
//
// git prints no patch for a merge, because its changes are those of the merged commits.
// Lines that a merge itself adds are examined separately.
func (s *scan) history(ctx context.Context) error {
	_, err := os.Lstat(filepath.Join(s.in.Dir, ".git"))
	if errors.Is(err, fs.ErrNotExist) {
		s.missing = append(s.missing, gate.Gap{What: "git history", Why: "the folder is not a git repository",
			Remedy: "scan a clone: a removed secret is still public in the history"})
		return nil
	}
	if err != nil {
		return err
	}
	commits, err := s.list(ctx)
	if err != nil || len(commits) == 0 {
		return err
	}
	s.commits = len(commits)
	if err := s.shallow(ctx, commits); err != nil {
		return err
	}
	age := make(map[string]int, len(commits))
	for i, c := range commits {
		age[c] = i
	}

	seen := &sightings{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	group, ctx := errgroup.WithContext(ctx)
	lanes := min(4, runtime.GOMAXPROCS(0), len(commits)/50+1)
	for i := range lanes {
		part := commits[len(commits)*i/lanes : len(commits)*(i+1)/lanes]
		group.Go(func() error {
			return s.patches(ctx, part, func(p piece) error {
				return guard(p.path, func() error {
					s.again(ctx, seen, p, age[p.commit])
					return nil
				})()
			})
		})
	}
	group.Go(func() error { return s.merges(ctx, seen, age) })
	return group.Wait()
}

// patches yields the added lines of commits that must be examined.
func (s *scan) patches(ctx context.Context, commits []string, yield func(piece) error) error {
	read := func(r io.Reader) error {
		return git.ParsePatch(r, true, func(h git.Hunk) error {
			if ctx.Err() != nil || h.Added == 0 || gate.Excluded(h.Path, s.in.Exclude) {
				return ctx.Err()
			}
			if p, ok := s.concerns(piece{commit: h.Commit, path: h.Path, line: h.Line, text: h.Text}); ok {
				return yield(p)
			}
			return nil
		})
	}
	return git.Foreign(s.in.Dir).Stream(ctx, lines(commits), read,
		"diff-tree", "--stdin", "-r", "-p", "-U0", "--root", "--text", "--full-index", "--no-color",
		"--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative", "--inter-hunk-context=0", "--submodule=short",
		"--src-prefix=a/", "--dst-prefix=b/", "--diff-filter=AMT")
}

func lines(all []string) io.Reader { return strings.NewReader(strings.Join(all, "\n") + "\n") }

// concerns reports whether a piece of the history must be examined, and returns it as
// readable text.
func (s *scan) concerns(p piece) (piece, bool) {
	// With --text git shows binary files too. As in git, a NUL marks them.
	p.binary = strings.Contains(p.text, "\x00")
	if s.detector.skips(p.path) && (!p.binary || isPicture(p.path)) {
		return p, false
	}
	if p.binary {
		p.line, p.text = 0, string(readable([]byte(p.text)))
	}
	// A file that has not changed since is examined in the tree.
	return p, p.text == "" || s.texts[p.path] != p.text
}

// sightings holds the texts that commits added, by path and hash.
type sightings struct {
	all   sync.Map
	seeds [2]maphash.Seed // two, so that no text can be made to collide with another
}

// sighting is one text that a commit added. The lines of its matches count from 1.
type sighting struct {
	once sync.Once
	hits []secret
}

// again examines what a commit added, unless another commit added the same text to the
// same file, as reverts and cherry-picks do.
func (s *scan) again(ctx context.Context, seen *sightings, p piece, age int) {
	name := p.path + "\x00" + p.text
	entry, _ := seen.all.LoadOrStore([2]uint64{maphash.String(seen.seeds[0], name), maphash.String(seen.seeds[1], name)}, &sighting{})
	sight := entry.(*sighting)
	line := p.line
	p.line = min(line, 1)
	sight.once.Do(func() {
		one := &scan{detector: s.detector}
		one.look(ctx, p)
		sight.hits = one.found.hits
	})
	for _, hit := range sight.hits {
		hit.commit, hit.age = p.commit, age
		if hit.line > 0 {
			hit.line += line - 1
		}
		s.found.add(hit)
	}
}

// list returns the commits, the newest first.
func (s *scan) list(ctx context.Context, options ...string) ([]string, error) {
	head := s.in.Head
	if head == "" {
		head = "HEAD"
	}
	if s.in.Base != "" {
		head = s.in.Base + ".." + head
	}
	args := append(append([]string{"rev-list"}, options...), "--end-of-options", head, "--")
	out, err := git.Foreign(s.in.Dir).Output(ctx, nil, args...)
	if err != nil {
		return nil, fmt.Errorf("cannot list commits (a shallow clone lacks some: check out with fetch-depth: 0): %w", err)
	}
	return strings.Fields(string(out)), nil
}

// shallow adds a gap when the clone lacks a part of its history.
func (s *scan) shallow(ctx context.Context, commits []string) error {
	name, err := git.Foreign(s.in.Dir).Run(ctx, "rev-parse", "--path-format=absolute", "--git-path", "shallow")
	if err != nil {
		return err
	}
	cut, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range commits {
		if bytes.Contains(cut, []byte(c)) {
			s.missing = append(s.missing, gate.Gap{What: fmt.Sprintf("git history before %.7s", c),
				Why: "the clone is shallow", Remedy: "check out with fetch-depth: 0"})
			return nil
		}
	}
	return nil
}
