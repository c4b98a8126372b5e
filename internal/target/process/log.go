package process

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/seed-b235b314/goldenpath/internal/text"
)

// logSize is the size at which app.log becomes app.log.1.
const logSize = 10 << 20

// rotating is a log of two files of limited size. Write never returns an error, because
// an application must not stop when a disk is full.
type rotating struct {
	path string
	most int64 // bytes of one file
	file *os.File
	size int64
}

func (l *rotating) Write(p []byte) (int, error) {
	l.open()
	if l.size > 0 && l.size+int64(len(p)) > l.most {
		l.close()
		_ = os.Rename(l.path, l.path+".1")
		l.open()
	}
	n, _ := l.file.Write(p) // a nil file writes nothing
	l.size += int64(n)
	return len(p), nil
}

func (l *rotating) open() {
	if l.file != nil {
		return
	}
	l.size = 0
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	l.file = f
	if fi, err := f.Stat(); err == nil {
		l.size = fi.Size()
	}
}

func (l *rotating) close() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

// hidden returns a mask of the values of the given variables, some of which are secrets.
func (s spec) hidden() text.Mask {
	all := slices.Clone(s.Secrets)
	for _, v := range s.Given {
		if len(v) >= 6 { // a shorter value is not a secret and may be part of a word
			all = append(all, v)
		}
	}
	return text.NewMask(all...)
}

// tail returns the last n lines of a log, without control characters and secrets.
func tail(path string, n int, secrets text.Mask) []string {
	const most = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	cut := false
	if fi, err := f.Stat(); err == nil && fi.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
		cut = true
	}
	b, _ := io.ReadAll(io.LimitReader(f, most))
	lines := lastLines(secrets.Hide(string(b)))
	if cut && len(lines) > 1 {
		lines = lines[1:]
	}
	return lines[max(0, len(lines)-n):]
}

// lastLines returns the lines of a text that are not empty, without control characters.
func lastLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = clean(strings.TrimRight(line, "\r\n")); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// ending begins the line that the shim writes when an application has ended.
const ending = "goldenpath: the application "

// lastRun returns the last n of the lines that the last start of the application wrote.
// Earlier starts failed too, mostly with the same lines. A start that goldenpath ended is
// shown only if there is no other.
func lastRun(lines []string, n int) []string {
	var all [][]string
	from := 0
	for i, line := range lines {
		if how, ok := strings.CutPrefix(line, ending); ok {
			switch {
			case strings.HasPrefix(how, "ended: "):
				all = append(all, lines[from:i+1])
			case len(all) == 0:
				all = append(all, lines[from:i])
			}
			from = i + 1
		}
	}
	if len(all) == 0 {
		all = append(all, lines[from:])
	}
	last := all[len(all)-1]
	last = slices.Clone(last[max(0, len(last)-n):])
	if len(all) > 1 {
		last = append(last, "(these lines are of its last start; it was started again after each exit)")
	}
	return last
}

// keepLog moves the log of a generation that failed into the folder for such logs. It
// returns the file, or "" if nothing was logged or the log cannot be kept.
func (t *Target) keepLog(g *generation) string {
	if t.Failed == "" || os.MkdirAll(t.Failed, 0o700) != nil {
		return ""
	}
	name := filepath.Join(t.Failed, slug(g.spec.Environment)+".log")
	_ = os.Remove(name + ".1")
	_ = os.Rename(g.path("app.log.1"), name+".1") // an older part exists only for a long log
	if os.Rename(g.path("app.log"), name) != nil {
		return ""
	}
	return name
}

var escapes = regexp.MustCompile(`\x1b(\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)`)

// clean makes untrusted text safe for one line of a terminal or a page: it removes
// control sequences and invisible characters, and limits the length.
func clean(s string) string {
	s = escapes.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 400 {
		return string(r[:400]) + "…"
	}
	return s
}
