package gitleaks

import "strings"

// region is part of a text, or a string that source code splits over several lines.
type region struct {
	line int // of its first line, counted from 0
	text string
}

// joined returns strings that are split over several lines: concatenated, one below the
// other, or continued by a backslash.
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

// continues reports whether a string continues on the next line. It returns the line
// without the sign of continuation: a backslash, or a closing quote that an operator
// may follow.
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

// next returns the text of a continuation line, without the operator and the quote
// before the text.
func next(before, line string) string {
	line = strings.TrimLeft(line, " \t")
	tail := strings.TrimLeft(line, " \t+.&")
	if tail != "" && strings.ContainsRune(quotes, rune(tail[0])) {
		return tail[1:]
	}
	return line
}
