package sarif

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxMessage = 1000
	maxFix     = 400
	maxText    = 4 << 10 // of each part of a message
)

// String returns the text of a message. If a message has only the id of a text, the
// text is looked up in tables.
func (m message) String(tables ...map[string]message) string {
	if text := m.plain(); text != "" {
		return unlink(m.filled(text))
	}
	for _, t := range tables {
		if text := t[m.ID].plain(); m.ID != "" && text != "" {
			return unlink(m.filled(text))
		}
	}
	return ""
}

// link matches [text](target), which SARIF allows in plain text too.
var link = regexp.MustCompile(`!?\[([^\[\]]*)\]\([^()]*\)`)

func (m message) plain() string {
	if strings.TrimSpace(m.Text) != "" {
		return cut(m.Text, maxText)
	}
	return unmark(cut(m.Markdown, maxText))
}

// unmark removes the most common Markdown markup.
func unmark(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "```") {
			b.WriteString(strings.TrimLeft(line, "#>") + "\n")
		}
	}
	return strings.TrimSpace(strings.NewReplacer("`", "", "**", "", "__", "").Replace(b.String()))
}

func unlink(text string) string {
	if !strings.Contains(text, "](") {
		return text
	}
	return link.ReplaceAllString(text, "$1")
}

var placeholder = regexp.MustCompile(`\{\{|\}\}|\{\d{1,3}\}`)

// filled replaces the placeholders in a text with the arguments. Without arguments,
// braces are literal.
func (m message) filled(text string) string {
	if len(m.Arguments) == 0 {
		return text
	}
	var b strings.Builder
	for b.Len() < maxText {
		at := placeholder.FindStringIndex(text)
		if at == nil {
			break
		}
		b.WriteString(text[:at[0]])
		switch found := text[at[0]:at[1]]; found {
		case "{{", "}}":
			b.WriteString(found[:1])
		default:
			if n, _ := strconv.Atoi(found[1 : len(found)-1]); n < len(m.Arguments) {
				b.WriteString(cut(m.Arguments[n], maxMessage))
			} else {
				b.WriteString(found)
			}
		}
		text = text[at[1]:]
	}
	return b.String() + text
}

// oneLine turns untrusted text into one line of at most n bytes without control
// characters.
func oneLine(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return utf8.RuneError
		}
		return r
	}, cut(s, 16*n))
	return cut(strings.Join(strings.Fields(s), " "), n)
}

// cut shortens s to at most n bytes at the end of a rune and marks the cut.
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
