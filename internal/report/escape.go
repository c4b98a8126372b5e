package report

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// singleLine makes outside text safe to show on one line. Line breaks and tabs become
// spaces. Control characters (and with them ANSI sequences), invisible characters and
// invalid UTF-8 become U+FFFD.
func singleLine(s string) string {
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

// invisible reports whether a character changes how its neighbours are shown, such as
// bidirectional overrides (CVE-2021-42574), or hides text from people but not from
// machines, such as tags. Joiners that scripts and emoji need are allowed.
func invisible(r rune) bool {
	switch r {
	case '\u200c', '\u200d', '\u0600', '\u0601', '\u0602', '\u0603', '\u0604', '\u0605', '\u06dd', '\u070f', '\u08e2':
		return false
	}
	return unicode.Is(unicode.Cf, r)
}

// multiLine makes preformatted outside text safe. It keeps line breaks and indentation.
func multiLine(s string) string {
	all := splitLines(s)
	for i := range all {
		all[i] = singleLine(all[i])
	}
	return strings.Join(all, "\n")
}

// splitLines splits preformatted text into lines. Tabs become four spaces.
func splitLines(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\t", "    ").Replace(s)
	return strings.Split(strings.TrimRight(s, "\r\n"), "\n")
}

var (
	annotationData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// zwsp, a zero-width space, breaks up text that the runner would execute as a command.
const zwsp = "\u200b"

// LogLine makes outside text safe for one line of the runner's log: no line breaks, no
// control characters, and nothing that the runner executes as a workflow command, even
// after spaces.
func LogLine(s string) string {
	t := strings.ReplaceAll(singleLine(s), "##[", "##"+zwsp+"[")
	if strings.HasPrefix(strings.TrimSpace(t), "::") {
		t = strings.Replace(t, "::", ":"+zwsp+":", 1)
	}
	return t
}

// cut shortens s to at most n bytes, without cutting a rune, and ends it with "…".
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

// shortCommit returns the first seven characters of a commit id.
func shortCommit(commit string) string {
	runes := []rune(singleLine(cut(commit, 100)))
	return string(runes[:min(7, len(runes))])
}

// SafeLink returns the URL if a surface may link to it, else "". It must be http or
// https, name a host and no user, and contain nothing that could end the link.
func SafeLink(link string) string {
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
