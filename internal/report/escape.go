package report

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text safe to show on one line: control characters (and with them
// ANSI sequences), characters that cannot be seen and invalid UTF-8 become
// visible replacements, line breaks become spaces.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029', r == '\u0085':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), invisible(r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

// invisible: characters that change how their neighbours are shown, such as
// bidirectional overrides (CVE-2021-42574), or that hide text from a person
// and not from a machine, such as tags. The joiners that scripts and emoji need
// are left alone.
func invisible(r rune) bool {
	switch r {
	case '\u200c', '\u200d', '\u0600', '\u0601', '\u0602', '\u0603', '\u0604', '\u0605', '\u06dd', '\u070f', '\u08e2':
		return false
	}
	return unicode.Is(unicode.Cf, r)
}

// lines cleans preformatted text but keeps its line breaks and indentation.
func lines(s string) string {
	all := splitLines(s)
	for i := range all {
		all[i] = clean(all[i])
	}
	return strings.Join(all, "\n")
}

// splitLines splits preformatted text, with its tabs as blanks.
func splitLines(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\t", "    ").Replace(s)
	return strings.Split(strings.TrimRight(s, "\r\n"), "\n")
}

var (
	annotationData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// zwsp breaks what the runner would take for a command.
const zwsp = "\u200b"

// logLine makes one line of outside text safe for the runner's log: nothing in
// it can be taken for a workflow command, also when blanks precede it.
func logLine(s string) string {
	t := strings.ReplaceAll(clean(s), "##[", "##"+zwsp+"[")
	if strings.HasPrefix(strings.TrimSpace(t), "::") {
		t = strings.Replace(t, "::", ":"+zwsp+":", 1)
	}
	return t
}

// Clean is for other packages that print outside text: one line, no control
// characters, no workflow command.
func Clean(s string) string { return logLine(s) }

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

// short is the form of a commit id that people read.
func short(commit string) string {
	runes := []rune(clean(cut(commit, 100)))
	return string(runes[:min(7, len(runes))])
}

// safeLink returns the URL if a surface may link to it: http or https, a host,
// no user in front of the host, nothing that could end the link.
func safeLink(link string) string {
	if !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") {
		return ""
	}
	if len(link) > 2000 || strings.ContainsFunc(link, func(r rune) bool {
		return r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune("<>\"'`()[]|\\", r)
	}) {
		return ""
	}
	u, err := url.Parse(link)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return link
}
