package gitleaks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/git"
)

// merged yields the lines that merges added and that none of their parents contains. The
// ordinary patch of a merge does not show these lines. paths is as for added.
func (s *scan) merged(ctx context.Context, commits, paths []string, yield func(piece) error) error {
	read := func(r io.Reader) error {
		return combined(r, func(p piece) error {
			if p, ok := s.concerns(p); ok && ctx.Err() == nil && !gate.Excluded(p.path, s.in.Exclude) {
				return yield(p)
			}
			return ctx.Err()
		})
	}
	args := []string{"diff-tree", "--stdin", "-c", "-r", "-p", "-U0", "--text", "--full-index", "--no-color",
		"--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative", "--diff-filter=AMT", "--"}
	return git.Foreign(s.in.Dir).WithEnv("GIT_LITERAL_PATHSPECS=1").Stream(ctx, lines(commits), read, append(args, paths...)...)
}

var (
	commitLine   = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	combinedHunk = regexp.MustCompile(`^(@@@+) (?:-\d+(?:,\d+)? )+\+(\d+)(?:,\d+)? @@@+`)
	combinedFile = regexp.MustCompile(`^diff --(?:combined|cc) (.+)$`)
)

// combined reads the patches of `git diff-tree --stdin -c -p` and yields, for each
// hunk, the lines that no parent contains. Only the lines of a hunk begin with one
// column per parent.
func combined(r io.Reader, yield func(piece) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	var p piece
	var text strings.Builder
	parents := 0 // 0: not in a hunk
	flush := func() error {
		p.text = text.String()
		text.Reset()
		if p.text == "" || p.path == "" {
			return nil
		}
		return yield(p)
	}
	for {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return flush()
		}
		if err != nil {
			return fmt.Errorf("patch of merge %.7s ends within a line: %w", p.commit, err)
		}
		line = strings.TrimSuffix(line, "\n")
		if m := combinedHunk.FindStringSubmatch(line); m != nil {
			if err := flush(); err != nil {
				return err
			}
			parents = len(m[1]) - 1
			p.line, _ = strconv.Atoi(m[2])
			continue
		}
		if parents > 0 && (line == "" || strings.ContainsRune(" +-\\", rune(line[0]))) {
			if added, ok := strings.CutPrefix(line, strings.Repeat("+", parents)); ok {
				text.WriteString(added + "\n")
			}
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		parents = 0
		if m := combinedFile.FindStringSubmatch(line); m != nil {
			if p.path, err = git.Unquote(m[1]); err != nil {
				return err
			}
		} else if commitLine.MatchString(line) {
			p.commit, p.path = line, ""
		}
	}
}
