package gitleaks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var (
	commitLine = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	hunkLine   = regexp.MustCompile(`^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@`)
	headerLine = regexp.MustCompile(`^(?:diff --git|index|old mode|new mode|new file mode|deleted file mode|---) `)
)

// additions reads the patches of `git diff-tree --stdin -p -U0` and yields what
// each hunk adds. It is strict: the counts of a hunk say how many lines belong to
// it, and a line that has no place is an error. (The parser the library uses
// ends in silence there.)
func additions(r io.Reader, yield func(piece) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	var commit, name string
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("patch of %.7s ends within a line: %w", commit, err)
		}
		line = strings.TrimSuffix(line, "\n")
		if to, ok := strings.CutPrefix(line, "+++ "); ok {
			if name, err = fileName(to); err != nil {
				return err
			}
			continue
		}
		hunk := hunkLine.FindStringSubmatch(line)
		switch {
		case commitLine.MatchString(line):
			commit, name = line, ""
		case hunk != nil:
			start, _ := strconv.Atoi(hunk[2])
			added, err := body(in, count(hunk[1]), count(hunk[3]))
			if err != nil {
				return fmt.Errorf("patch of %.7s: %w", commit, err)
			}
			if name == "" || added == "" {
				continue
			}
			if err := yield(piece{commit: commit, path: name, line: start, text: added}); err != nil {
				return err
			}
		case headerLine.MatchString(line):
		default:
			return fmt.Errorf("patch of %.7s: a line that belongs to no hunk", commit) // its text may be a secret
		}
	}
}

// count is the number of lines in a hunk's header: absent is one.
func count(s string) int {
	if s == "" {
		return 1
	}
	n, _ := strconv.Atoi(s)
	return n
}

// body reads a hunk of so many removed and added lines and returns the added.
func body(in *bufio.Reader, removed, added int) (string, error) {
	var text strings.Builder
	for removed > 0 || added > 0 || noNewline(in) {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("hunk ends early: %w", err)
		}
		switch {
		case line[0] == '-' && removed > 0:
			removed--
		case line[0] == '+' && added > 0:
			added--
			text.WriteString(line[1:])
		case line[0] == '\\':
		default:
			return "", errors.New("hunk holds more lines than it says")
		}
	}
	return text.String(), nil
}

// noNewline reports whether git's remark on a missing newline comes next.
func noNewline(in *bufio.Reader) bool {
	next, _ := in.Peek(1)
	return len(next) == 1 && next[0] == '\\'
}

// fileName undoes git's quoting, which is C's, and removes the prefix.
func fileName(s string) (string, error) {
	s = strings.TrimSuffix(s, "\t") // git ends a name that has a space with a tab
	if strings.HasPrefix(s, `"`) {
		var err error
		if s, err = strconv.Unquote(s); err != nil {
			return "", fmt.Errorf("unquote the name of a file: %w", err)
		}
	}
	if s == "/dev/null" {
		return "", nil
	}
	return strings.TrimPrefix(s, "b/"), nil
}
