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
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// history looks at the lines that commits added. The library's own git source
// is not used: it takes a git that fails, and a diff it cannot parse, for the
// end of the history, and it follows .gitattributes, by which a repository can
// declare its secrets binary.
//
// The patch of a merge shows nothing of its own: what it brings is shown by the
// commits it merges, and what it edits itself is looked at apart.
func (s *scan) history(ctx context.Context) error {
	_, err := os.Lstat(filepath.Join(s.in.Dir, ".git"))
	if errors.Is(err, fs.ErrNotExist) {
		s.missing = append(s.missing, gate.Gap{What: "git history", Why: "the folder is no git repository",
			Remedy: "scan a clone: a secret that was removed is still public in the history"})
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

// patches yields what commits added and has to be looked at.
func (s *scan) patches(ctx context.Context, commits []string, yield func(piece) error) error {
	cmd := s.git(ctx, "diff-tree", "--stdin", "-r", "-p", "-U0", "--root", "--text", "--full-index", "--no-color",
		"--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative", "--inter-hunk-context=0", "--submodule=short",
		"--src-prefix=a/", "--dst-prefix=b/", "--diff-filter=AMT")
	cmd.Stdin = strings.NewReader(strings.Join(commits, "\n") + "\n")
	return run(cmd, func(r io.Reader) error {
		return additions(r, func(p piece) error {
			if ctx.Err() != nil || gate.Excluded(p.path, s.in.Exclude) {
				return ctx.Err()
			}
			if p, ok := s.concerns(p); ok {
				return yield(p)
			}
			return nil
		})
	})
}

// concerns reports whether a piece of the history is to be looked at, and as what.
func (s *scan) concerns(p piece) (piece, bool) {
	// With --text git shows binary files too. They are told by a NUL, as git does it.
	p.binary = strings.Contains(p.text, "\x00")
	if s.detector.skips(p.path) && (!p.binary || isPicture(p.path)) {
		return p, false
	}
	if p.binary {
		p.line, p.text = 0, string(readable([]byte(p.text)))
	}
	// A file as it still stands is looked at in the tree.
	return p, p.text == "" || s.texts[p.path] != p.text
}

// sightings are the texts that commits have added, by path and hash.
type sightings struct {
	all   sync.Map
	seeds [2]maphash.Seed // two: nobody can make one text pass for another
}

// sighting is one of them. The lines of its hits count from 1.
type sighting struct {
	once sync.Once
	hits []secret
}

// again looks at what a commit added, unless another has added the same to the
// same file: a revert, a branch that was picked from, a file that came back.
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
	out, err := output(s.git(ctx, args...))
	if err != nil {
		return nil, fmt.Errorf("list commits (a shallow clone lacks some: check out with fetch-depth: 0): %w", err)
	}
	return strings.Fields(out), nil
}

// shallow says what a clone without its full history hides.
func (s *scan) shallow(ctx context.Context, commits []string) error {
	name, err := output(s.git(ctx, "rev-parse", "--path-format=absolute", "--git-path", "shallow"))
	if err != nil {
		return err
	}
	cut, err := os.ReadFile(strings.TrimSuffix(name, "\n"))
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

// git is a command that reads no configuration but the repository's own, never
// asks, and fetches nothing. The checkout may belong to another user: in a
// container it always does.
func (s *scan) git(ctx context.Context, args ...string) *exec.Cmd {
	dir, _ := filepath.EvalSymlinks(s.in.Dir)
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", s.in.Dir, "-c", "safe.directory=" + dir}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"}
	return cmd
}
