package gitleaks

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
		s.miss(gate.Gap{What: "git history", Why: "the folder is not a git repository",
			Remedy: "scan a clone: a removed secret is still public in the history"})
		return nil
	}
	if err != nil {
		return err
	}
	commits, err := s.list(ctx, s.span(s.in.Whole))
	if err != nil || len(commits) == 0 {
		return err
	}
	s.commits = len(commits)
	if s.in.Base != "" && s.in.Whole {
		after, err := s.list(ctx, s.span(false))
		if err != nil {
			return err
		}
		s.found.before = make(map[string]bool, len(commits))
		for _, c := range commits {
			s.found.before[c.id] = true
		}
		for _, c := range after {
			delete(s.found.before, c.id)
		}
	}
	if err := s.shallow(ctx, commits); err != nil {
		return err
	}
	merges, err := s.list(ctx, s.span(s.in.Whole), "--merges")
	if err != nil {
		return err
	}
	past, isMerge := make(map[string]commit, len(commits)), make(map[string]bool, len(merges))
	for _, c := range commits {
		past[c.id] = c
	}
	for _, c := range merges {
		isMerge[c.id] = true
	}

	seen := &sightings{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	parts := &cuts{}
	add := func(p piece) error {
		return guard(p.path, func() error {
			s.again(ctx, seen, p, past[p.commit])
			parts.add(p)
			return ctx.Err()
		})()
	}
	fresh := s.kept.unknown(ids(commits), &s.counts)
	group, both := errgroup.WithContext(ctx)
	lanes := min(4, runtime.GOMAXPROCS(0), len(fresh)/50+1)
	for i := range lanes {
		part := fresh[len(fresh)*i/lanes : len(fresh)*(i+1)/lanes]
		group.Go(func() error { return s.patches(both, part, s.added, add) })
	}
	group.Go(func() error {
		part := slices.DeleteFunc(slices.Clone(fresh), func(id string) bool { return !isMerge[id] })
		return s.patches(both, part, s.merged, add)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.blocks(ctx, parts.all, past); err != nil {
		return err
	}
	s.passes = func(id string) int {
		if isMerge[id] {
			return 2
		}
		return 1
	}
	return nil
}

// added yields the lines that commits added. paths limits it to these files; none: all.
func (s *scan) added(ctx context.Context, commits, paths []string, yield func(piece) error) error {
	read := func(r io.Reader) error {
		return git.ParsePatch(r, true, func(h git.Hunk) error {
			if ctx.Err() != nil || h.Added == 0 || gate.Excluded(h.Path, s.in.Exclude) {
				return ctx.Err()
			}
			whole := h.Line == 1 && h.Removed == 0
			if p, ok := s.concerns(piece{commit: h.Commit, path: h.Path, line: h.Line, text: h.Text, whole: whole}); ok {
				return yield(p)
			}
			return nil
		})
	}
	args := []string{"diff-tree", "--stdin", "-r", "-p", "-U0", "--root", "--text", "--full-index", "--no-color",
		"--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative", "--inter-hunk-context=0", "--submodule=short",
		"--src-prefix=a/", "--dst-prefix=b/", "--diff-filter=AMT", "--"}
	return git.Foreign(s.in.Dir).WithEnv("GIT_LITERAL_PATHSPECS=1").Stream(ctx, lines(commits), read, append(args, paths...)...)
}

func lines(all []string) io.Reader { return strings.NewReader(strings.Join(all, "\n") + "\n") }

// concerns reports whether a piece of the history must be examined, and returns it as
// readable text: with --text git shows binary files too.
func (s *scan) concerns(p piece) (piece, bool) {
	p.forms = s.detector.skips(p.path)
	text, binary := decode([]byte(p.text))
	if binary {
		if s.leaveOut(p, text) {
			return p, false
		}
		p.binary, p.line, text = true, 0, readable(text)
	}
	p.text = string(text)
	// A file that has not changed since is examined in the tree. git ends each line with a
	// newline, the last one too.
	if now, ok := s.texts[p.path]; ok && strings.TrimSuffix(now, "\n") == strings.TrimSuffix(p.text, "\n") {
		s.kept.same(p.commit, p.path)
		return p, false
	}
	return p, true
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
func (s *scan) again(ctx context.Context, seen *sightings, p piece, from commit) {
	name := p.path + "\x00" + p.text
	entry, _ := seen.all.LoadOrStore([2]uint64{maphash.String(seen.seeds[0], name), maphash.String(seen.seeds[1], name)}, &sighting{})
	sight := entry.(*sighting)
	line := p.line
	p.line = min(line, 1)
	sight.once.Do(func() {
		one := &scan{detector: s.detector, outer: s}
		one.look(ctx, p)
		sight.hits = one.found.hits
	})
	for _, hit := range sight.hits {
		hit.commit, hit.age, hit.added = p.commit, from.age, from.at
		if hit.line > 0 {
			hit.line += line - 1
		}
		if needsWhole(p, hit) {
			s.around(ctx, p, &hit)
		}
		s.found.add(hit)
		s.kept.found(hit.commit)
	}
}

// mostWhole is how many files of the history are read for what stands around a secret.
const mostWhole = 1000

// around looks at the whole file, as the commit has it, for what decides about a secret: the
// tests of a file of Rust begin far above the lines that a commit added to them.
func (s *scan) around(ctx context.Context, p piece, hit *secret) {
	if s.wholes.Add(1) > mostWhole {
		return
	}
	raw, err := git.Foreign(s.in.Dir).Output(ctx, nil, "cat-file", "blob", p.commit+":"+p.path)
	if err != nil { // it blocks as it would without
		return
	}
	text, binary := decode(raw)
	if binary {
		return
	}
	file := piece{path: p.path, line: 1, text: string(text)}
	hit.section = inTestSection(file, hit.line)
	hit.sample = isSample(file, hit.line, hit.value)
}

// commit is one commit of the history.
type commit struct {
	id  string
	at  time.Time
	age int // number of newer commits
}

func ids(commits []commit) []string {
	out := make([]string, len(commits))
	for i, c := range commits {
		out[i] = c.id
	}
	return out
}

// span is the commits of the scan, or those after the base.
func (s *scan) span(whole bool) string {
	head := cmp.Or(s.in.Head, "HEAD")
	if s.in.Base != "" && !whole {
		return s.in.Base + ".." + head
	}
	return head
}

// list returns the commits of a span, the newest first.
func (s *scan) list(ctx context.Context, span string, options ...string) ([]commit, error) {
	args := append(append([]string{"rev-list", "--timestamp"}, options...), "--end-of-options", span, "--")
	out, err := git.Foreign(s.in.Dir).Output(ctx, nil, args...)
	if err != nil {
		return nil, fmt.Errorf("cannot list commits: %w", err)
	}
	words := strings.Fields(string(out))
	commits := make([]commit, len(words)/2)
	for i := range commits {
		seconds, err := strconv.ParseInt(words[2*i], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("cannot list commits: git rev-list printed a date that is not a number")
		}
		commits[i] = commit{words[2*i+1], time.Unix(seconds, 0), i}
	}
	return commits, nil
}

// shallow adds a gap when the clone lacks a part of its history.
func (s *scan) shallow(ctx context.Context, commits []commit) error {
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
		if bytes.Contains(cut, []byte(c.id)) {
			s.miss(gate.Gap{What: fmt.Sprintf("git history before %.7s", c.id),
				Why: "the clone is shallow", Remedy: "check out with fetch-depth: 0"})
			return nil
		}
	}
	return nil
}
