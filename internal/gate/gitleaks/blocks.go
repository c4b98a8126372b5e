package gitleaks

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// Some secrets are recognised by a line above or below them: a private key by BEGIN and
// END, a Kubernetes Secret by its kind. A commit that writes another key into the file
// adds only the lines between, and a patch without context does not show the others. So
// where a commit adds lines that may be a part of such a block, the file is examined as
// the commit has it.

// changed has the lines of a file that may be a part of a block.
type changed struct {
	commit, path string
	lines        []string
}

// cuts collects them from many goroutines.
type cuts struct {
	mu  sync.Mutex
	all []changed
}

func (c *cuts) add(p piece) {
	if p.binary || p.whole {
		return
	}
	lines := inBlock(p)
	if len(lines) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, changed{p.commit, p.path, lines})
}

var (
	kubernetesData = regexp.MustCompile(`^[\w.-]+:\s*["']?[A-Za-z0-9+/]{10,}={0,3}["']?$`)
	jwkPart        = regexp.MustCompile(`"d"\s*:\s*"[\w-]{42,}"`)
	curlOption     = regexp.MustCompile(`(?:^|\s)(?:-H|--header|-u|--user)[\s=]`)
)

// inBlock returns the lines of what a commit added that may be a part of a block whose
// other lines it did not add.
func inBlock(p piece) []string {
	var out []string
	kubernetes := slices.Contains([]string{".yml", ".yaml"}, strings.ToLower(path.Ext(p.path))) && !strings.Contains(p.text, "kind:")
	inside := false // between BEGIN and END
	for line := range strings.Lines(p.text) {
		if len(line) < 12 || strings.HasPrefix(line, "Subproject commit ") { // of a submodule, which has no lines
			continue
		}
		if strings.Contains(line, "-----") {
			inside = strings.Contains(line, "-----BEGIN") && !strings.Contains(line, "-----END")
			continue
		}
		line = strings.Trim(line, " \t\r\n,")
		part := bare.Replace(line)
		switch {
		case !inside && len(part) >= 40 && len(part) <= 160 && isBase64(strings.ReplaceAll(part, ";", "")),
			kubernetes && kubernetesData.MatchString(line),
			strings.Contains(line, `"d"`) && jwkPart.MatchString(line),
			curlOption.MatchString(line) && !strings.Contains(line, "curl"):
			out = append(out, line)
		}
	}
	return out
}

// hasBlock reports whether a file may have a block.
func hasBlock(text []byte) bool {
	text = bytes.ToLower(text)
	return slices.ContainsFunc([][]string{
		{"private key"}, {"kind:", "secret", "data:"}, {`"kty"`}, {"putty-user-key-file"}, {"begin ssh2"}, {"nkey seed"}, {"dockerc"}, {"curl"},
	}, func(words []string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !bytes.Contains(text, []byte(w)) })
	})
}

// blocks examines the files in which commits rewrote a part of a block. What it finds
// counts for a commit if the commit added a line of it.
func (s *scan) blocks(ctx context.Context, all []changed, past map[string]commit) error {
	slices.SortFunc(all, func(a, b changed) int {
		return strings.Compare(a.commit+"\x00"+a.path, b.commit+"\x00"+b.path)
	})
	var whole []changed // each file of a commit once
	for _, c := range all {
		if last := len(whole) - 1; last >= 0 && whole[last].commit == c.commit && whole[last].path == c.path {
			whole[last].lines = append(whole[last].lines, c.lines...)
			continue
		}
		whole = append(whole, c)
	}
	examine := func(c changed, text []byte) error {
		if !hasBlock(text) {
			return nil
		}
		p, ok := s.concerns(piece{commit: c.commit, path: c.path, line: 1, text: string(text)})
		if !ok || p.binary {
			return nil
		}
		return guard(c.path, func() error {
			s.within(ctx, p, c.lines, past[c.commit])
			return ctx.Err()
		})()
	}
	var named []changed // git reads one name from each line
	for _, c := range whole {
		if !strings.Contains(c.path, "\n") {
			named = append(named, c)
			continue
		}
		text, err := git.Foreign(s.in.Dir).Output(ctx, nil, "cat-file", "blob", c.commit+":"+c.path)
		if err != nil {
			s.lost(c, err)
		} else if err := examine(c, text); err != nil {
			return err
		}
	}
	done := 0
	read := func(r io.Reader) error {
		in := bufio.NewReaderSize(r, 1<<16)
		for _, c := range named {
			text, err := readObject(in)
			if errors.Is(err, errMissing) {
				s.lost(c, err)
			} else if err != nil {
				return err
			} else if err := examine(c, text); err != nil {
				return err
			}
			done++
		}
		return nil
	}
	if len(named) == 0 {
		return ctx.Err()
	}
	names := make([]string, len(named))
	for i, c := range named {
		names[i] = c.commit + ":" + c.path
	}
	if err := git.Foreign(s.in.Dir).Stream(ctx, lines(names), read, "cat-file", "--batch"); err != nil && ctx.Err() == nil {
		for _, c := range named[done:] {
			s.lost(c, err)
		}
	}
	return ctx.Err()
}

// lost adds a gap for a file, and has its commit examined again in the next run.
func (s *scan) lost(c changed, cause error) {
	s.kept.found(c.commit)
	if s.damaged.Load() < mostDamaged {
		s.unreadable(fmt.Sprintf("%s in commit %.7s", c.path, c.commit), cause)
	}
}

// within examines a file and adds the secrets that have one of the lines.
func (s *scan) within(ctx context.Context, p piece, lines []string, from commit) {
	one := &scan{detector: s.detector, outer: s}
	one.look(ctx, p)
	for _, hit := range one.found.hits {
		if !slices.ContainsFunc(lines, hit.overlaps) || s.found.knows(hit) {
			continue
		}
		hit.commit, hit.age, hit.added = p.commit, from.age, from.at
		s.found.add(hit)
		s.kept.found(hit.commit)
	}
}

var errMissing = errors.New("the object is missing")

// readObject reads the next object from the output of git cat-file --batch.
func readObject(in *bufio.Reader) ([]byte, error) {
	head, err := in.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("git cat-file ends early: %w", err)
	}
	if strings.HasSuffix(head, " missing\n") {
		return nil, errMissing
	}
	var id, kind string
	var size int64
	if _, err := fmt.Sscanf(head, "%s %s %d\n", &id, &kind, &size); err != nil {
		return nil, errors.New("git cat-file printed a line that is not the header of an object")
	}
	var text bytes.Buffer
	if _, err := io.CopyN(&text, in, size); err != nil {
		return nil, fmt.Errorf("git cat-file ends early: %w", err)
	}
	if c, err := in.ReadByte(); err != nil || c != '\n' {
		return nil, errors.New("git cat-file printed an object that is longer than its header states")
	}
	if kind != "blob" {
		return nil, nil // a submodule or a folder has no lines
	}
	return text.Bytes(), nil
}
