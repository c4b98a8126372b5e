package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text safe to show on one line: control characters (and with them
// ANSI sequences), bidirectional overrides and invalid UTF-8 become visible
// replacements, line breaks become spaces.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029', r == '\u0085':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), isBidiControl(r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

// isBidiControl: overrides and isolates can make text read as something else
// (CVE-2021-42574).
func isBidiControl(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f'
}

// lines cleans preformatted text but keeps its line breaks.
func lines(s string) string {
	all := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range all {
		all[i] = clean(all[i])
	}
	return strings.Join(all, "\n")
}

// zwsp breaks what GitHub would turn into a mention, an issue reference or a link.
const zwsp = "\u200b"

var (
	markdownText = strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`,
		"(", `\(`, ")", `\)`, "#", `\#`+zwsp, "+", `\+`, "-", `\-`, "!", `\!`, "|", `\|`, "~", `\~`, "$", `\$`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "@"+zwsp, "://", ":"+zwsp+"//", "www.", "www"+zwsp+".", "GH-", "GH"+zwsp+"-")
	annotationData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// text renders outside text as Markdown prose that says exactly that text.
func text(s string) string {
	t := markdownText.Replace(clean(s))
	// "12. text" at the start of a cell or line would become a list.
	if i := strings.IndexAny(t, ".)"); i > 0 && i < 10 && strings.Trim(t[:i], "0123456789") == "" {
		t = t[:i] + `\` + t[i:]
	}
	return t
}

// code renders outside text as a Markdown code span, in or out of a table. A
// backtick would need a longer fence, which tables handle badly: it becomes an
// apostrophe.
func code(s string) string {
	t := strings.NewReplacer("`", "'", "|", "\\|").Replace(clean(s))
	if strings.TrimSpace(t) == "" {
		return ""
	}
	// In a table cell a backslash before the pipe is taken by the table. Before
	// anything else it stays literal inside a code span.
	return "`" + t + "`"
}

// fence renders preformatted outside text as a fenced block whose fence cannot
// occur in the text.
func fence(s string) string {
	body := lines(strings.TrimRight(s, "\n"))
	n := 3
	for run, i := 0, 0; i < len(body); i++ {
		if body[i] == '`' {
			run++
			n = max(n, run+1)
		} else {
			run = 0
		}
	}
	f := strings.Repeat("`", n)
	return f + "text\n" + body + "\n" + f + "\n"
}

// logLine makes one line of outside text safe for the runner's log: nothing in
// it can be taken for a workflow command.
func logLine(s string) string {
	t := clean(s)
	t = strings.ReplaceAll(t, "##[", "##"+zwsp+"[")
	if strings.HasPrefix(strings.TrimSpace(t), "::") {
		t = strings.Replace(t, "::", ":"+zwsp+":", 1)
	}
	return t
}

// cut shortens s to at most n bytes at a rune boundary and marks the cut.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	n -= len(mark)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)] + mark
}

// safeLink returns the URL if a surface may link to it.
func safeLink(url string) string {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return ""
	}
	if strings.ContainsFunc(url, func(r rune) bool {
		return r <= ' ' || r > unicode.MaxASCII || strings.ContainsRune("<>\"'`()[]|\\", r)
	}) {
		return ""
	}
	return url
}

// Clean is clean for other packages that print outside text: one line, no
// control characters.
func Clean(s string) string { return clean(s) }
