package gitleaks

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// maxMerged is the largest file of a merge that is looked at.
const maxMerged = 64 << 20

// merges looks at what merges brought that none of their parents had: a patch of a
// merge shows nothing of it, and a later commit may have removed it.
func (s *scan) merges(ctx context.Context, seen *sightings, age map[string]int) error {
	commits, err := s.list(ctx, "--merges")
	if err != nil || len(commits) == 0 {
		return err
	}
	cmd := s.git(ctx, "diff-tree", "--stdin", "-c", "-r", "--name-only", "--no-renames", "--no-relative", "--diff-filter=AMT")
	cmd.Stdin = strings.NewReader(strings.Join(commits, "\n") + "\n")
	out, err := output(cmd)
	if err != nil {
		return err
	}
	var pieces []piece
	var ask strings.Builder
	commit := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if commitLine.MatchString(line) {
			commit = line
			continue
		}
		name, err := fileName(line)
		if err != nil {
			return err
		}
		if name = strings.TrimPrefix(name, "b/"); name == "" || gate.Excluded(name, s.in.Exclude) || isPicture(name) {
			continue
		}
		pieces = append(pieces, piece{path: name, commit: commit})
		ask.WriteString(commit + ":" + name + "\x00")
	}
	if len(pieces) == 0 {
		return nil
	}
	cmd = s.git(ctx, "cat-file", "--batch", "-z")
	cmd.Stdin = strings.NewReader(ask.String())
	return run(cmd, func(r io.Reader) error {
		in := bufio.NewReaderSize(r, 1<<16)
		for _, p := range pieces {
			text, err := s.blob(in, p)
			if err != nil {
				return err
			}
			if p.text, p.line = text, 1; strings.Contains(text[:min(len(text), 8000)], "\x00") {
				p.binary, p.line, p.text = true, 0, string(readable([]byte(text)))
			}
			if s.detector.skips(p.path) && !p.binary || p.text != "" && s.texts[p.path] == p.text {
				continue
			}
			if err := guard(p.path, func() error { s.again(ctx, seen, p, age[p.commit]); return ctx.Err() })(); err != nil {
				return err
			}
		}
		return nil
	})
}

// blob reads one answer of git cat-file --batch.
func (s *scan) blob(in *bufio.Reader, p piece) (string, error) {
	head, err := in.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read %s of %.7s: %w", p.path, p.commit, err)
	}
	fields := strings.Fields(head)
	if len(fields) != 3 || fields[1] != "blob" { // a submodule has no content here
		if len(fields) > 0 && fields[len(fields)-1] == "missing" || len(fields) == 2 {
			return "", nil
		}
		if len(fields) != 3 {
			return "", fmt.Errorf("read %s of %.7s: git says something else", p.path, p.commit)
		}
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return "", fmt.Errorf("read %s of %.7s: %w", p.path, p.commit, err)
	}
	if size > maxMerged || fields[1] != "blob" {
		if fields[1] == "blob" {
			s.mu.Lock()
			s.missing = append(s.missing, gate.Gap{What: p.path + " of merge " + p.commit[:7], Why: "it is larger than 64 MiB", Remedy: "exclude it (gate.exclude)"})
			s.mu.Unlock()
		}
		_, err := io.CopyN(io.Discard, in, size+1)
		return "", err
	}
	text := make([]byte, size+1) // and a newline
	if _, err := io.ReadFull(in, text); err != nil {
		return "", fmt.Errorf("read %s of %.7s: %w", p.path, p.commit, err)
	}
	return string(text[:size]), nil
}
