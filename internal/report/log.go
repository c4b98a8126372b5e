package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteLog writes the report for a person at a terminal or in a step's log.
func (r *Report) WriteLog(w io.Writer) error {
	var b strings.Builder
	width := 12
	for _, c := range r.Checks {
		width = max(width, utf8.RuneCountInString(c.Name)+1)
	}
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "  %s %s %s", marks[c.State], pad(logLine(c.Name), width), stateWord(c.State)+logLine(c.Result))
		if c.Note != "" {
			fmt.Fprintf(&b, "  (%s)", logLine(c.Note))
		}
		if c.Seconds > 0 {
			fmt.Fprintf(&b, "  %.1f s", c.Seconds)
		}
		b.WriteString("\n")
	}
	const most = 20
	shown := 0
	for _, f := range r.Findings {
		if f.Status == Waived || f.Status == Known && !f.Blocking {
			continue
		}
		if shown++; shown > most {
			continue
		}
		b.WriteString(f.log())
	}
	if shown > most {
		fmt.Fprintf(&b, "  and %d more: see the report\n", shown-most)
	}
	for _, s := range r.Sections {
		if s.Open {
			b.WriteString(s.log())
		}
	}
	fmt.Fprintf(&b, "%s · %s", r.Verdict, logLine(r.Title))
	if r.Verdict == Fail {
		fmt.Fprintf(&b, " (%s)", logLine(r.Reason))
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (f Finding) log() string {
	mark := "!"
	if f.Blocking {
		mark = "✗"
	}
	out := fmt.Sprintf("  %s %s %s (%s) %s\n", mark, logLine(f.At.String()), logLine(f.Rule), f.Severity, logLine(cut(f.Message, 300)))
	if f.Fix != "" {
		out += "      fix: " + logLine(cut(f.Fix, 300)) + "\n"
	}
	if f.Waiver != "" {
		out += "      waiver: " + logLine(cut(f.Waiver, 300)) + "\n"
	}
	return out
}

func (s Section) log() string {
	var b strings.Builder
	switch {
	case len(s.Head) > 0:
		b.WriteString(logTable(append([][]string{s.Head}, s.Rows...)))
	case s.Text != "":
		for line := range strings.Lines(s.Text) {
			b.WriteString("  " + logLine(strings.TrimRight(line, "\r\n")) + "\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return logLine(s.Title) + "\n" + b.String()
}

func logTable(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(60, utf8.RuneCountInString(clean(c))))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := " "
		for i, c := range row {
			line += " " + pad(logLine(c), widths[i])
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}
