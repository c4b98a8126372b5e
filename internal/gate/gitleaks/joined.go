package gitleaks

import "strings"

// region is a string that source code splits over lines, put together.
type region struct {
	line int // of its first line, from 0
	text string
}

// joined returns what is split over lines: strings that are concatenated or stand
// one below the other, and lines that a backslash continues.
func joined(text string) []region {
	var out []region
	var open *region
	number := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if open != nil {
			open.text += next(open.text, line)
		}
		head, goes := continues(line)
		switch {
		case goes && open == nil:
			open = &region{number, head}
		case goes:
			open.text, _ = continues(open.text)
		case open != nil:
			out, open = append(out, *open), nil
		}
		number++
	}
	if open != nil {
		out = append(out, *open)
	}
	return out
}

const quotes = "\"'`"

// continues is a line without what says that it goes on in the next one: a
// backslash, or a closing quote and perhaps an operator.
func continues(line string) (string, bool) {
	if head, ok := strings.CutSuffix(line, "\\"); ok {
		return head, true
	}
	head := strings.TrimRight(line, " \t+.&")
	if head == "" || !strings.ContainsRune(quotes, rune(head[len(head)-1])) || strings.HasSuffix(line, ",") {
		return line, false
	}
	return head[:len(head)-1], true
}

// next is a line without what says that it goes on from the one before.
func next(before, line string) string {
	line = strings.TrimLeft(line, " \t")
	tail := strings.TrimLeft(line, " \t+.&")
	if tail != "" && strings.ContainsRune(quotes, rune(tail[0])) {
		return tail[1:]
	}
	return line
}
