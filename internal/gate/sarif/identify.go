package sarif

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxSource is the largest file in bytes whose lines are read.
const maxSource = 32 << 20

// identify sets the fingerprint of each hit and checks whether its file and line exist.
// The hits must be in order. A fingerprint does not contain the line number, which moves.
func identify(ctx context.Context, root *os.Root, hits []hit) error {
	seen := map[string]int{}
	for start := 0; start < len(hits); {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := start
		for end < len(hits) && hits[end].At.Path == hits[start].At.Path {
			end++
		}
		group := hits[start:end]
		text, known, err := source(root, group[0].At.Path)
		if err != nil {
			return err
		}
		lines := linesOf(text)
		for i := range group {
			h := &group[i]
			h.here = known
			what := "message\x00" + h.text
			if known && text != nil && h.At.Line > 0 {
				line, ok := lines(h.At.Line)
				if !ok {
					h.Message += fmt.Sprintf(" (the tool reported line %d, which the file does not have)", h.At.Line)
					h.At.Line, h.At.Column, h.here = 0, 0, false
				} else if line != "" {
					what = "line\x00" + line
				}
			}
			if h.mark != "" {
				what = "mark\x00" + h.mark
			}
			key := strings.Join([]string{h.Rule, h.At.Path, what}, "\x00")
			seen[key]++
			sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
			h.Fingerprint = hex.EncodeToString(sum[:16])
		}
		start = end
	}
	return nil
}

// source reads a regular file of the repository. known is false if the file does not
// exist; text is nil if the file is too large to read.
func source(root *os.Root, name string) (text []byte, known bool, err error) {
	if name == "" {
		return nil, false, nil
	}
	name = filepath.FromSlash(name)
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, false, nil // or a link leads out of the repository
	}
	if info.Size() > maxSource {
		return nil, true, nil
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, false, fmt.Errorf("cannot read %s: %w", name, err)
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxSource))
	if err != nil {
		return nil, false, fmt.Errorf("cannot read %s: %w", name, err)
	}
	return append(text, '\n'), true, nil // some tools report the line after the last one
}

// linesOf returns a function that returns a line of the text without indentation, and
// false for a line that does not exist. The function must be called with increasing
// line numbers.
func linesOf(text []byte) func(int) (string, bool) {
	at, number := 0, 1
	last, line := 0, ""
	return func(want int) (string, bool) {
		if want == last {
			return line, true
		}
		for ; at < len(text); number++ {
			length := bytes.IndexByte(text[at:], '\n')
			if length < 0 {
				length = len(text) - at
			}
			if number == want {
				last, line = want, strings.Join(strings.Fields(string(text[at:at+length])), " ")
				return line, true
			}
			at += length + 1
		}
		return "", false
	}
}
