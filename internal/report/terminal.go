package report

import (
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Screen describes where text for a person is printed. The zero value is a file or a pipe:
// lines are not wrapped, and nothing is coloured.
type Screen struct {
	Columns func() int // the current width, because a person may resize a terminal; nil: not a terminal
	Colour  bool
}

// Terminal reports whether the screen is a terminal.
func (s Screen) Terminal() bool { return s.Columns != nil }

const (
	narrowest = 20 // columns; a narrower terminal wraps by itself
	unknown   = 80 // columns of a terminal that does not report its width
)

// Width returns the number of columns, or 0 if lines have no limit.
func (s Screen) Width() int {
	if !s.Terminal() {
		return 0
	}
	if n := s.Columns(); n > 0 {
		return max(n, narrowest)
	}
	return unknown
}

// The colours have the same meaning as the marks.
const (
	Green  = "\x1b[32m"
	Yellow = "\x1b[33m"
	Red    = "\x1b[31m"
	Dim    = "\x1b[2m"
	Bold   = "\x1b[1m"
	plain  = "\x1b[0m"
)

// Paint colours text, if the screen shows colours.
func (s Screen) Paint(colour, text string) string {
	if !s.Colour || text == "" || colour == "" {
		return text
	}
	return colour + text + plain
}

// Mark returns the mark of a state in its colour.
func (s Screen) Mark(state State) string {
	return s.Paint(colourOf(stateMark(state)), stateMark(state))
}

func colourOf(mark string) string {
	switch mark {
	case marks[OK]:
		return Green
	case marks[Warned], marks[Inconclusive]:
		return Yellow
	case marks[Failed], marks[Missing]:
		return Red
	case marks[Skipped]:
		return Dim
	}
	return ""
}

// WriteTerminal writes the report as WriteLog does, wrapped to the width of the screen and
// in colour.
func (r *Report) WriteTerminal(w io.Writer, s Screen) error {
	var b strings.Builder
	if err := r.WriteLog(&b); err != nil {
		return err
	}
	verdict := string(r.Verdict) + " · "
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		indent := hanging(line)
		if mark, rest, ok := strings.Cut(strings.TrimPrefix(line, "  "), " "); ok && strings.HasPrefix(line, "  ") && colourOf(mark) != "" {
			line = "  " + s.Paint(colourOf(mark), mark) + " " + rest
		} else if rest, ok := strings.CutPrefix(line, verdict); ok {
			line = s.Paint(Bold+colourOf(r.Verdict.Mark()), string(r.Verdict)) + " · " + rest
		}
		out.WriteString(s.Wrap(line, indent) + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// hanging returns the column at which the second line of a wrapped line begins: below the
// text of a row, behind its mark and its name.
func hanging(line string) int {
	body := strings.TrimLeft(line, " ")
	lead := len(line) - len(body)
	if name, rest, ok := strings.Cut(body, "  "); ok && ansi.StringWidth(name) <= logColumn {
		return ansi.StringWidth(line) - ansi.StringWidth(strings.TrimLeft(rest, " "))
	}
	return lead + 2
}

// Wrap breaks a line at spaces, so that it fits the screen. Lines after the first are
// indented. A word that is longer than a line, such as an address, is not broken: it can be
// copied, and a terminal can open it.
func (s Screen) Wrap(line string, indent int) string {
	columns := s.Width()
	if columns == 0 || ansi.StringWidth(line) <= columns {
		return line
	}
	if indent > columns/2 {
		indent = 4
	}
	var b strings.Builder
	at, fresh := 0, true // fresh: the line has no word yet
	rest := line
	for rest != "" {
		word := strings.TrimLeft(rest, " ")
		space := len(rest) - len(word)
		if end := strings.IndexByte(word, ' '); end >= 0 {
			word = word[:end]
		}
		rest = rest[space+len(word):]
		width := ansi.StringWidth(word)
		switch {
		case width == 0 && rest == "": // spaces at the end
		case !fresh && at+space+width > columns:
			b.WriteString("\n" + strings.Repeat(" ", indent) + word)
			at = indent + width
		default:
			b.WriteString(strings.Repeat(" ", space) + word)
			at, fresh = at+space+width, false
		}
	}
	return b.String()
}

// Fit shortens a line, which may be coloured, so that it fits into columns.
func Fit(line string, columns int) string { return ansi.Truncate(line, columns, "…") }

// Cells returns the number of columns that a line takes. Colours take none, and wide
// characters take two.
func Cells(line string) int { return ansi.StringWidth(line) }
