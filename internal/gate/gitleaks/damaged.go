package gitleaks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/git"
)

// repair is how a damaged or incomplete clone becomes a complete one.
const repair = "check out with fetch-depth: 0 and without a filter; in a clone of your own run \"git fetch --refetch\", or clone again"

const (
	mostDamaged = 20  // commits and files that are named before the rest is given up
	mostPaths   = 500 // paths on one command line
)

// patcher yields what commits added to the files in paths; no path means all files.
type patcher func(ctx context.Context, commits, paths []string, yield func(piece) error) error

// patches yields what the commits added. git stops at the first object that it cannot
// read, so the commits around it are examined again without it: the object is a gap, and
// nothing else is lost. yield may get a piece more than once.
func (s *scan) patches(ctx context.Context, commits []string, read patcher, yield func(piece) error) error {
	if len(commits) == 0 {
		return ctx.Err()
	}
	return s.isolate(ctx, commits, "commit", func(part []string) error {
		err := read(ctx, part, nil, yield)
		if err == nil && ctx.Err() == nil {
			s.kept.examined(part)
		}
		return err
	}, func(commit string, cause error) error {
		// Which files, if their names can be read.
		paths, err := s.paths(ctx, commit)
		if err != nil || len(paths) == 0 {
			return cause
		}
		return s.isolate(ctx, paths, "file", func(part []string) error {
			if len(part) > mostPaths {
				return cause // isolate halves it
			}
			return read(ctx, []string{commit}, part, yield)
		}, func(path string, cause error) error {
			if s.whole(ctx, commit, path, yield) != nil {
				s.unreadable(fmt.Sprintf("%s in commit %.7s", path, commit), cause)
			}
			return nil
		})
	})
}

// isolate calls do with all items, and if that fails with halves of them, until it knows
// the items that fail. It passes these to alone, and reports the item as a gap if alone
// fails too. Only the end of the context is an error.
func (s *scan) isolate(ctx context.Context, items []string, noun string, do func([]string) error, alone func(string, error) error) error {
	err := do(items)
	switch {
	case err == nil || ctx.Err() != nil:
		return ctx.Err()
	case s.damaged.Load() >= mostDamaged:
		s.unreadable(plural(len(items), noun), err)
		return nil
	case len(items) > 1:
		half := len(items) / 2
		if err := s.isolate(ctx, items[:half], noun, do, alone); err != nil {
			return err
		}
		return s.isolate(ctx, items[half:], noun, do, alone)
	}
	if err := alone(items[0], err); err != nil && ctx.Err() == nil {
		s.unreadable(fmt.Sprintf("%s %.7s", noun, items[0]), err)
	}
	return ctx.Err()
}

func (s *scan) unreadable(what string, cause error) {
	s.damaged.Add(1)
	s.miss(gate.Gap{What: what, Why: "git cannot read it: " + cause.Error(), Remedy: repair})
}

// paths returns the files that a commit changed.
func (s *scan) paths(ctx context.Context, commit string) ([]string, error) {
	out, err := git.Foreign(s.in.Dir).Output(ctx, nil, "diff-tree", "-r", "-m", "--root", "--no-renames", "--no-relative",
		"--name-only", "-z", "--no-commit-id", "--diff-filter=AMT", commit, "--")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
}

// whole yields a file as a commit has it. It is used where git cannot read what the file
// was before, so it is unknown which lines the commit added. With a base that is
// an error: lines from before the base would appear as new.
func (s *scan) whole(ctx context.Context, commit, path string, yield func(piece) error) error {
	if s.in.Base != "" {
		return errors.New("the lines of the commit are unknown")
	}
	text, err := git.Foreign(s.in.Dir).Output(ctx, nil, "cat-file", "blob", commit+":"+path)
	if err != nil {
		return err
	}
	if p, ok := s.concerns(piece{commit: commit, path: path, line: 1, text: string(text)}); ok {
		return yield(p)
	}
	return nil
}
