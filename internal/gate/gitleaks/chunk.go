package gitleaks

import "strings"

// The library's time for a text grows with the length of the text times the number of
// matches, so a large file is examined in pieces. The pieces overlap by more than the
// length of a key.
const (
	chunkSize    = 128 << 10
	chunkOverlap = 16 << 10 // a key of 16,384 bits takes 13 KB
)

// chunks calls yield for each piece of a text, with the number of the piece's first
// line, and the column at which it begins.
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
		p.column = columnAt(p.column, rest[:next])
		rest = rest[next:]
	}
}

// columnAt returns the column, counted from 0, after a text that begins at a column.
func columnAt(column int, text string) int {
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		return len(text) - i - 1
	}
	return column + len(text)
}
