package sarif

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var (
	hunkLine   = regexp.MustCompile(`^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@`)
	headerLine = regexp.MustCompile(`^(?:diff --git|index|old mode|new mode|new file mode|deleted file mode|---) `)
)

// hunks reads the headers of a patch with no lines of context, and yields the
// lines of the new side that each hunk touches. Where lines were only taken away
// these are the two that now meet. It is strict: the counts of a hunk say how many
// lines belong to it, and a line that has no place is an error.
func hunks(r io.Reader, yield func(span)) error {
	in := bufio.NewReaderSize(r, 1<<16)
	name := ""
	for {
		line, err := start(in)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if to, ok := strings.CutPrefix(line, "+++ "); ok {
			if name, err = fileName(to); err != nil {
				return err
			}
			continue
		}
		switch hunk := hunkLine.FindStringSubmatch(line); {
		case hunk != nil:
			removed, added := count(hunk[1]), count(hunk[3])
			first, err := strconv.Atoi(hunk[2])
			if err != nil || removed < 0 || added < 0 {
				return errors.New("patch has a hunk without numbers")
			}
			if name != "" && added > 0 {
				yield(span{name, first, first + added - 1})
			} else if name != "" {
				yield(span{name, max(1, first), first + 1})
			}
			if err := skip(in, removed, added); err != nil {
				return err
			}
		case headerLine.MatchString(line):
			if strings.HasPrefix(line, "diff ") {
				name = ""
			}
		default:
			return errors.New("patch has a line that belongs to no hunk") // its text may be a secret
		}
	}
}

// count is the number of lines in a hunk's header: absent is one, -1 no number.
func count(s string) int {
	if s == "" {
		return 1
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > 1<<40 {
		return -1
	}
	return n
}

// start returns how a line starts: a file's line may be longer than what should
// be held, a header is not.
func start(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	head := string(line[:min(len(line), 8<<10)])
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = in.ReadSlice('\n')
	}
	if err == io.EOF && head != "" {
		return "", errors.New("patch ends within a line")
	}
	return strings.TrimSuffix(head, "\n"), err
}

// skip reads past the lines of a hunk.
func skip(in *bufio.Reader, removed, added int) error {
	for removed > 0 || added > 0 || remark(in) {
		line, err := start(in)
		if err != nil {
			return fmt.Errorf("patch ends within a hunk: %w", err)
		}
		switch {
		case strings.HasPrefix(line, "-") && removed > 0:
			removed--
		case strings.HasPrefix(line, "+") && added > 0:
			added--
		case strings.HasPrefix(line, `\`):
		default:
			return errors.New("patch has a hunk of more lines than it says")
		}
	}
	return nil
}

// remark reports whether git's remark on a missing newline comes next.
func remark(in *bufio.Reader) bool {
	next, _ := in.Peek(1)
	return bytes.Equal(next, []byte(`\`))
}

// fileName undoes git's quoting, which is C's, and removes the prefix; empty: the
// file is gone.
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
	name, ok := strings.CutPrefix(s, "b/")
	if !ok {
		return "", errors.New("patch has a file name without its prefix")
	}
	return name, nil
}
