package git

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

// Hunk is one changed place of a file, from a patch without context lines.
type Hunk struct {
	Commit  string // the commit of `diff-tree --stdin`; empty in other patches
	Path    string // name of the file after the change; empty: the file is deleted
	Line    int    // first added line, counted from 1; without any, the line before
	Removed int    // number of removed lines
	Added   int    // number of added lines
	Text    string // the added lines, if they were asked for
}

var (
	commitLine = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	hunkLine   = regexp.MustCompile(`^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@`)
	headerLine = regexp.MustCompile(`^(?:diff --git|index|old mode|new mode|new file mode|deleted file mode|similarity index|rename from|rename to|---) `)
)

// longestHeader is the limit for a line outside of hunks, in bytes. Names are quoted:
// each of 4096 bytes may need four.
const longestHeader = 64 << 10

// ParsePatch reads a patch made with -U0, --src-prefix=a/ and --dst-prefix=b/, and
// calls yield for each hunk. If text is true, the hunk has the added lines; otherwise
// no line is held in memory.
//
// ParsePatch is strict: the header of a hunk states how many lines belong to it, and a
// line outside of all hunks is an error. A parser that stopped there would hide the
// rest of the patch. Errors do not quote lines, which may contain a secret.
func ParsePatch(r io.Reader, text bool, yield func(Hunk) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	var h Hunk
	for {
		line, err := header(in)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("patch of %.7s: %w", h.Commit, err)
		}
		if to, ok := strings.CutPrefix(line, "+++ "); ok {
			if h.Path, err = newPath(to); err != nil {
				return err
			}
			continue
		}
		hunk := hunkLine.FindStringSubmatch(line)
		switch {
		case commitLine.MatchString(line):
			h = Hunk{Commit: line}
		case strings.HasPrefix(line, "diff "):
			h.Path = ""
		}
		switch {
		case hunk != nil:
			var errs [3]error
			h.Removed, errs[0] = count(hunk[1])
			h.Line, errs[1] = strconv.Atoi(hunk[2])
			h.Added, errs[2] = count(hunk[3])
			if errors.Join(errs[:]...) != nil {
				return fmt.Errorf("patch of %.7s: the header of a hunk has no valid line numbers", h.Commit)
			}
			if h.Text, err = body(in, h.Removed, h.Added, text); err != nil {
				return fmt.Errorf("patch of %.7s: %w", h.Commit, err)
			}
			if h.Path == "" {
				continue
			}
			if err := yield(h); err != nil {
				return err
			}
		case commitLine.MatchString(line), headerLine.MatchString(line):
		default:
			return fmt.Errorf("patch of %.7s: a line is outside of all hunks", h.Commit)
		}
	}
}

// count reads the number of lines in the header of a hunk. A missing number means 1.
func count(s string) (int, error) {
	if s == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err == nil && n > 1<<40 {
		err = strconv.ErrRange
	}
	return n, err
}

// header returns a line. A line that is too long for a header is cut.
func header(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	head := string(line[:min(len(line), longestHeader)])
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = in.ReadSlice('\n')
	}
	if err == io.EOF && head != "" {
		return "", errors.New("the patch ends within a line")
	}
	return strings.TrimSuffix(head, "\n"), err
}

// body reads the lines of a hunk and, if text is set, returns the added lines.
func body(in *bufio.Reader, removed, added int, text bool) (string, error) {
	var out strings.Builder
	for removed > 0 || added > 0 || noNewline(in) {
		first, err := in.Peek(1)
		if err != nil {
			return "", fmt.Errorf("the patch ends within a hunk: %w", err)
		}
		keep := false
		switch {
		case first[0] == '-' && removed > 0:
			removed--
		case first[0] == '+' && added > 0:
			added--
			keep = text
		case first[0] == '\\':
		default:
			return "", errors.New("a hunk has more lines than its header states")
		}
		if err := readLine(in, &out, keep); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// readLine reads to the end of a line and, if keep is set, appends the line without its
// first byte to out.
func readLine(in *bufio.Reader, out *strings.Builder, keep bool) error {
	skip := 1
	for {
		part, err := in.ReadSlice('\n')
		if keep {
			out.Write(part[min(skip, len(part)):])
		}
		skip = 0
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("the patch ends within a hunk: %w", err)
		}
	}
}

// noNewline reports whether the next line is git's remark on a missing newline.
func noNewline(in *bufio.Reader) bool {
	next, _ := in.Peek(1)
	return bytes.Equal(next, []byte(`\`))
}

// Unquote returns a file name without the quoting that git uses in a patch.
func Unquote(s string) (string, error) {
	s = strings.TrimSuffix(s, "\t") // git ends a name that has a space with a tab
	if !strings.HasPrefix(s, `"`) {
		return s, nil
	}
	s, err := strconv.Unquote(s)
	if err != nil {
		return "", fmt.Errorf("patch: cannot unquote a file name: %w", err)
	}
	return s, nil
}

// newPath returns the name after "+++ " without its prefix. It returns "" for a deleted
// file (/dev/null).
func newPath(s string) (string, error) {
	s, err := Unquote(s)
	if err != nil || s == "/dev/null" {
		return "", err
	}
	name, ok := strings.CutPrefix(s, "b/")
	if !ok {
		return "", errors.New("patch: a file name does not start with b/")
	}
	return name, nil
}

// Similar is the option with which git treats a file as renamed: at least 60 % of it is
// unchanged.
const Similar = "-M60%"

// Renames returns the options of git diff and git diff-tree for ParseRenames.
func Renames() []string {
	return []string{"-z", Similar, "-l2000", "--diff-filter=R", "--name-status"}
}

// ParseRenames maps the new names of renamed files to the old ones.
func ParseRenames(out string) map[string]string {
	names := map[string]string{}
	fields := strings.Split(out, "\x00") // R087, old, new
	for i := 0; i+2 < len(fields); i += 3 {
		names[fields[i+2]] = fields[i+1]
	}
	return names
}
