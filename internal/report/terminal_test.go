package report

import (
	"io"
	"regexp"
	"strings"
	"testing"
)

// TestTerminal proves NEWCOMER 15: on a terminal no line is wider than the screen, unless
// it is one word; the words and their order are those of the log.
func TestTerminal(t *testing.T) {
	colours := regexp.MustCompile(`\x1b\[[0-9]*m`)
	for name, r := range reports() {
		plain := written(t, r.WriteLog)
		for _, columns := range []int{20, 40, 80, 120, 10_000} {
			s := Screen{Columns: func() int { return columns }, Colour: true}
			got := written(t, func(w io.Writer) error { return r.WriteTerminal(w, s) })
			for line := range strings.Lines(got) {
				line = strings.TrimRight(line, "\n")
				if n := Cells(line); n > columns && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%s: %d of %d columns: %q", name, n, columns, line)
				}
			}
			bare := colours.ReplaceAllString(got, "")
			if strings.Join(strings.Fields(bare), " ") != strings.Join(strings.Fields(plain), " ") {
				t.Errorf("%s at %d columns has other words than the log:\n%s", name, columns, bare)
			}
			if columns == 10_000 && bare != plain {
				t.Errorf("%s: a line that fits was changed", name)
			}
		}
		if got := written(t, func(w io.Writer) error { return r.WriteTerminal(w, Screen{}) }); got != plain {
			t.Errorf("%s: a file does not get the log:\n%s", name, got)
		}
	}
}

func TestWrap(t *testing.T) {
	s := Screen{Columns: func() int { return 20 }}
	for line, want := range map[string]string{
		"short":                                   "short",
		"one two three four five":                 "one two three four\n    five",
		"  ✓ a 1234567890 1234567890":             "  ✓ a 1234567890\n    1234567890",
		"see https://example.com/a/long/path now": "see\n    https://example.com/a/long/path\n    now",
		"界界界界界 界界界界界":                             "界界界界界\n    界界界界界",
	} {
		if got := s.Wrap(line, 4); got != want {
			t.Errorf("%q\n got %q\nwant %q", line, got, want)
		}
	}
	if got := (Screen{}).Wrap(strings.Repeat("a ", 500), 4); strings.Contains(got, "\n") {
		t.Error("a line of a file is wrapped")
	}
}
