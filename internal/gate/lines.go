package gate

import (
	"bytes"
	"os"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// mostLines is the size in bytes of the largest file whose lines are compared.
const mostLines = 1 << 20

// lineMap maps the lines of a file of the checkout to those of the same file in the base.
// Above and below the part that differs, lines correspond. Within it they do if it is as
// long as before, because then lines were edited in place.
type lineMap struct {
	top           int // equal lines above the part that differs
	before, after int // lines of the part that differs
	bottom        int // equal lines below it
}

// readLines compares both versions of a file. A file that cannot be read has no lines.
func readLines(baseDir, old, dir, name string) lineMap {
	read := func(dir, name string) [][]byte {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil
		}
		defer root.Close()
		b, err := files.Read(root, name, mostLines)
		if err != nil {
			return nil
		}
		return bytes.Split(b, []byte("\n"))
	}
	return compareLines(read(baseDir, old), read(dir, name))
}

func compareLines(a, b [][]byte) (m lineMap) {
	for m.top < min(len(a), len(b)) && bytes.Equal(a[m.top], b[m.top]) {
		m.top++
	}
	a, b = a[m.top:], b[m.top:]
	for m.bottom < min(len(a), len(b)) && bytes.Equal(a[len(a)-1-m.bottom], b[len(b)-1-m.bottom]) {
		m.bottom++
	}
	m.before, m.after = len(a)-m.bottom, len(b)-m.bottom
	return m
}

// line returns the line of the base, from 1, or 0 if it is unknown.
func (m lineMap) line(here int) int {
	switch {
	case here < 1 || here > m.top+m.after+m.bottom:
		return 0
	case here <= m.top, m.before == m.after:
		return here
	case here > m.top+m.after:
		return here - m.after + m.before
	}
	return 0
}
