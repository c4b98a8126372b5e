package sarif

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxPathspec is how many bytes of paths are passed to git. With more paths the whole
// change is read.
const maxPathspec = 64 << 10

var commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// compare marks the findings that also exist in the base. The tool did not examine the
// base, so a finding is known if its file is in the base and the change touches none of
// its lines. Findings without a place, or in a file that git does not track, are new.
func compare(ctx context.Context, in gate.Input, hits []hit) error {
	if !commitID.MatchString(in.Base) {
		return errors.New("the base is not a full commit id (40 characters)")
	}
	paths := map[string]bool{}
	for i, h := range hits {
		hits[i].Status = report.New
		if h.here {
			paths[h.At.Path] = true
			for _, t := range h.touches {
				paths[t.path] = true
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	before := map[string]bool{}
	repo := git.Foreign(in.Dir)
	err := repo.Stream(ctx, nil, func(r io.Reader) error { return tree(r, before) }, "ls-tree", "-r", "-z", "--full-tree", in.Base)
	if err != nil {
		return fmt.Errorf("%w (a shallow checkout may lack the base: use fetch-depth: 0)", err)
	}
	old, err := renamed(ctx, repo, in.Base, paths, before)
	if err != nil {
		return err
	}
	renames := git.Similar
	if len(old) == 0 {
		renames = "--no-renames"
	}
	args := []string{"diff", "-U0", "--no-ext-diff", "--no-textconv", renames, "--text", "--full-index", "--no-color", "--no-relative",
		"--inter-hunk-context=0", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/", in.Base, "--"}
	names, length := slices.Sorted(maps.Keys(paths)), 0
	for _, n := range names {
		length += len(n) + 1
	}
	if length <= maxPathspec && len(old) == 0 {
		args = append(args, names...)
	}
	changed := map[string][]span{}
	err = repo.Stream(ctx, nil, func(r io.Reader) error {
		return git.ParsePatch(r, false, func(h git.Hunk) error {
			if paths[h.Path] {
				changed[h.Path] = append(changed[h.Path], spanOf(h))
			}
			return nil
		})
	}, args...)
	if err != nil {
		return err
	}
	for i := range hits {
		h := &hits[i]
		own := span{h.At.Path, h.At.Line, h.end}
		if h.here && before[cmp.Or(old[h.At.Path], h.At.Path)] && !slices.ContainsFunc(append(h.touches, own), func(s span) bool { return touched(changed[s.path], s) }) {
			h.Status = report.Known
		}
	}
	return nil
}

// renamed returns the names in the base of the files that the base has under another name.
func renamed(ctx context.Context, repo git.Repository, base string, paths, before map[string]bool) (map[string]string, error) {
	old := map[string]string{}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(paths)), func(name string) bool { return !before[name] }) {
		return old, nil
	}
	err := repo.Stream(ctx, nil, func(r io.Reader) error {
		text, err := io.ReadAll(r)
		old = git.ParseRenames(string(text))
		return err
	}, append(append([]string{"diff", "--no-ext-diff", "--no-textconv", "--no-relative"}, git.Renames()...), base, "--")...)
	return old, err
}

// spanOf returns the lines after the change that a hunk touches. Where lines were only
// removed, these are the lines before and after the gap.
func spanOf(h git.Hunk) span {
	if h.Added > 0 {
		return span{h.Path, h.Line, h.Line + h.Added - 1}
	}
	return span{h.Path, max(1, h.Line), h.Line + 1}
}

// touched reports whether a change overlaps the lines or, without lines, the file. The
// changes are in the order of a diff.
func touched(changed []span, s span) bool {
	if s.first == 0 {
		return len(changed) > 0
	}
	i, _ := slices.BinarySearchFunc(changed, s.first, func(c span, line int) int { return cmp.Compare(c.last, line) })
	return i < len(changed) && changed[i].first <= s.last
}

// tree reads `git ls-tree -r -z` and notes the regular files.
func tree(r io.Reader, files map[string]bool) error {
	in := bufio.NewReader(r)
	for {
		entry, err := in.ReadString(0)
		if err == io.EOF && entry == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the output of git ls-tree ends early: %w", err)
		}
		about, name, ok := strings.Cut(strings.TrimSuffix(entry, "\x00"), "\t")
		if !ok {
			return errors.New("the output of git ls-tree has an entry without a name")
		}
		if strings.HasPrefix(about, "100") { // neither link nor submodule
			files[name] = true
		}
	}
}
