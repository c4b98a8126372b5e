package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	logField  = 1000 // bytes of one text that a line shows
	logColumn = 60   // characters of a column
)

// WriteLog writes the report for a terminal or a step's log. The last line is the verdict.
func (r *Report) WriteLog(w io.Writer) error {
	var b strings.Builder
	width := 12
	for _, c := range r.Checks {
		width = min(logColumn, max(width, utf8.RuneCountInString(logText(c.Name))+1))
	}
	for _, c := range r.Checks {
		b.WriteString(c.log(width))
	}
	b.WriteString(r.findingLog())
	for _, s := range r.Sections {
		if s.Open {
			b.WriteString(s.log())
		}
	}
	end := logText(string(r.Verdict))
	if marks[State(r.Verdict)] == "" {
		end = "no verdict"
	}
	if r.Title != "" {
		end += " · " + logText(r.Title)
	}
	if r.Verdict == Fail && r.Reason != "" {
		end += " (" + logText(string(r.Reason)) + ")"
	}
	b.WriteString(endLines(r.end()))
	b.WriteString(end + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// endLines renders the last lines of a run.
func endLines(e End) string {
	all := e.Lines()
	wide := 10
	for _, l := range all {
		wide = max(wide, utf8.RuneCountInString(logText(l[0])))
	}
	var b strings.Builder
	for _, l := range all {
		b.WriteString("  " + pad(logText(l[0]), wide) + "  " + logText(l[1]) + "\n")
	}
	return b.String()
}

// logText is outside text, shortened for a line of the log.
func logText(s string) string { return LogLine(cut(s, logField)) }

func (c Check) log(width int) string {
	line := fmt.Sprintf("  %s %s %s", stateMark(c.State), pad(logText(c.Name), width), statePrefix(c.State)+logText(c.Result))
	if c.Note != "" {
		line += "  (" + logText(c.Note) + ")"
	}
	if took := Duration(c.Seconds); took != "" {
		line += "  " + took
	}
	return strings.TrimRight(line, " ") + "\n"
}

func (s Section) log() string {
	var b strings.Builder
	switch {
	case len(s.Head) > 0 || len(s.Rows) > 0:
		b.WriteString(logTable(append([][]string{s.Head}, s.Rows...)))
	case strings.Trim(s.Text, "\r\n") != "":
		for _, line := range splitLines(s.Text) {
			b.WriteString(strings.TrimRight("  "+LogLine(cut(line, 4*logField)), " ") + "\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return logText(s.Title) + "\n" + b.String()
}

func logTable(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(logColumn, utf8.RuneCountInString(logText(c))))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := " "
		for i, c := range row {
			line += " " + pad(logText(c), widths[i])
		}
		if line = strings.TrimRight(line, " "); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}
