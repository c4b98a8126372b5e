package gitleaks

import (
	"bytes"
	"strings"
)

// The library's time for a text grows with the length of the text times the number of
// matches, so a large file is examined in pieces. The pieces overlap by more than the
// length of a key.
const (
	chunkSize    = 128 << 10
	chunkOverlap = 16 << 10 // a key of 16,384 bits takes 13 KB
)

// chunks calls yield for each piece of a text, with the number of the piece's first
// line.
func chunks(p piece, yield func(piece)) {
	line, rest := p.line, p.text
	for {
		if len(rest) <= chunkSize {
			p.line, p.text = line, rest
			yield(p)
			return
		}
		end := chunkSize
		if i := strings.LastIndexByte(rest[:end], '\n'); i > end/2 {
			end = i + 1
		}
		p.line, p.text = line, rest[:end]
		yield(p)
		next := end - chunkOverlap
		if i := strings.IndexByte(rest[next:end], '\n'); i >= 0 && next+i+1 < end {
			next += i + 1
		}
		if line > 0 {
			line += strings.Count(rest[:next], "\n")
		}
		rest = rest[next:]
	}
}

// isBinary reports whether a file is binary; as in git, it is when it contains a NUL.
func isBinary(text []byte) bool { return bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 }

// wide are the byte order marks of UTF-16, little and big endian.
var wide = [][]byte{{0xff, 0xfe}, {0xfe, 0xff}}

// narrow returns UTF-16 text without its high bytes, because secrets contain only
// ASCII. It returns false for any other text.
func narrow(text []byte) ([]byte, bool) {
	for low, mark := range wide {
		if !bytes.HasPrefix(text, mark) {
			continue
		}
		out := make([]byte, 0, len(text)/2)
		for i := 2 + low; i < len(text); i += 2 {
			out = append(out, text[i])
		}
		return out, !bytes.Contains(out, []byte{0})
	}
	return nil, false
}

// shortest is the minimum length of readable text in a binary file that is examined.
const shortest = 8

// readable returns the runs of printable ASCII in a binary file, in 8-bit and 16-bit
// units, each on a line of its own.
func readable(b []byte) []byte {
	var out []byte
	start := 0
	flush := func(end, step int) {
		if (end-start)/step >= shortest {
			for i := start; i < end; i += step {
				out = append(out, b[i])
			}
			out = append(out, '\n')
		}
	}
	printable := func(c byte) bool { return c >= ' ' && c <= '~' || c == '\t' }
	for i := 0; i <= len(b); i++ {
		if i == len(b) || !printable(b[i]) {
			flush(i, 1)
			start = i + 1
		}
	}
	for offset := range 2 {
		start = offset
		for i := offset; i <= len(b); i += 2 {
			if i+1 >= len(b) || !printable(b[i]) || b[i+1] != 0 {
				flush(min(i, len(b)), 2)
				start = i + 2
			}
		}
	}
	return out
}
