package gitleaks

import (
	"encoding/base64"
	"strings"
)

// region is part of a text.
type region struct {
	line   int // of its first line, counted from 0
	column int // of its first character in that line, counted from 0
	text   string
}

// split is a string that source code splits over several lines.
type split struct {
	text  string
	line  int   // of its first part, counted from 0
	parts []int // where the part of each line begins in text
}

// lineAt returns the line, counted from 0, of a place in text.
func (s *split) lineAt(offset int) int {
	n := 0
	for n+1 < len(s.parts) && s.parts[n+1] <= offset {
		n++
	}
	return s.line + n
}

func (s *split) add(text string) {
	s.parts = append(s.parts, len(s.text))
	s.text += text
}

// joined returns strings that are split over several lines: concatenated, one below the
// other, or continued by a backslash.
func joined(text string) []split {
	var out []split
	var open *split
	var how ending
	number := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		rest, goesOn := line, false
		if open != nil {
			if rest, goesOn = continuation(line, how); !goesOn {
				if len(open.parts) > 1 {
					out = append(out, *open)
				}
				open = nil
			}
		}
		head, end := endOf(rest)
		if open == nil && end != complete {
			open = &split{line: number}
		}
		if open != nil {
			open.add(head)
		}
		if how = end; how == complete && open != nil {
			out, open = append(out, *open), nil
		}
		number++
	}
	if open != nil && len(open.parts) > 1 {
		out = append(out, *open)
	}
	return out
}

// ending says how a line ends.
type ending int

const (
	complete ending = iota
	escaped         // with a backslash
	quoted          // with a quote: another string may follow
	operated        // with a quote and an operator
)

const (
	quotes    = "\"'`"
	operators = "+.&|~<>_" // JavaScript, PHP, Visual Basic, SQL, Perl, Elixir
)

// endOf returns how a line ends, and the line without that end.
func endOf(line string) (string, ending) {
	line, slash := strings.CutSuffix(line, "\\")
	head := strings.TrimRight(line, " \t")
	literal := strings.TrimRight(head, " \t"+operators)
	switch {
	case literal != "" && strings.IndexByte(quotes, literal[len(literal)-1]) >= 0:
		if literal == head {
			return literal[:len(literal)-1], quoted
		}
		return literal[:len(literal)-1], operated
	case slash:
		return line, escaped
	}
	return line, complete
}

// continuation returns the text of a line that continues the string of the line before,
// without the operator and the quote in front. It returns false if the line is something
// else, such as the next assignment or the next key of a mapping.
func continuation(line string, how ending) (string, bool) {
	line = strings.TrimLeft(line, " \t")
	tail := strings.TrimLeft(line, " \t"+operators)
	if tail == "" || strings.IndexByte(quotes, tail[0]) < 0 {
		return line, how == escaped
	}
	if how == quoted && tail == line {
		_, after, _ := strings.Cut(tail[1:], tail[:1])
		if after = strings.TrimLeft(after, " \t"); after != "" && strings.IndexByte(":=", after[0]) >= 0 {
			return "", false
		}
	}
	return tail[1:], true
}

// wrapped returns text in base64 that is wrapped, as base64 and openssl print it: lines
// of the same length, and a last one that may be shorter.
func wrapped(text string) []split {
	var out []split
	var open *split
	width, number := 0, 0
	end := func() {
		if open != nil && len(open.parts) > 1 {
			out = append(out, *open)
		}
		open = nil
	}
	for line := range strings.Lines(text) {
		line = strings.Trim(line, " \t\r\n")
		switch coded := isBase64(line); {
		case open != nil && coded && len(line) <= width:
			open.add(line)
			if len(line) < width {
				end()
			}
		case coded && len(line) >= 16 && isReadableBase64(line):
			end()
			open, width = &split{line: number}, len(line)
			open.add(line)
		default:
			end()
		}
		number++
	}
	end()
	return out
}

func isBase64(line string) bool {
	line = strings.TrimRight(line, "=")
	for i := range len(line) {
		if c := line[i]; !isWord(c) && c != '+' && c != '/' || c == '.' || c == '_' || c == '-' {
			return false
		}
	}
	return line != ""
}

func isReadableBase64(line string) bool {
	text, err := base64.StdEncoding.DecodeString(line[:len(line)/4*4])
	return err == nil && isReadable(text)
}
