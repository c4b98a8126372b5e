package gate

import (
	"bytes"
	"os"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// mostLines is the size in bytes of the largest file whose lines are compared.
const mostLines = 1 << 20

// lineMap maps the lines of a file of the checkout to those of the same file in the base.
// Above and below the part that differs, lines correspond. Within it they do if it is as
// long as before, because then lines were edited in place.
type lineMap struct{ before, after [][]byte }

// readLines reads both versions of a file. A file that cannot be read has no lines.
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
	return lineMap{read(baseDir, old), read(dir, name)}
}

// line returns the line of the base, from 1, or 0 if it is unknown.
func (m lineMap) line(here int) int {
	a, b := m.before, m.after
	if here < 1 || here > len(b) {
		return 0
	}
	top := 0
	for top < min(len(a), len(b)) && bytes.Equal(a[top], b[top]) {
		top++
	}
	a, b = slices.Clone(a[top:]), slices.Clone(b[top:])
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	switch {
	case here <= top, len(a) == len(b):
		return here
	case here > top+len(b):
		return here - len(b) + len(a)
	}
	return 0
}
