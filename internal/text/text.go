// Package text shortens and cleans text for people.
package text

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// OneLine joins the lines of s with single spaces and cuts the result to at most n
// runes. The last rune of a cut text is an ellipsis. n < 1 does not cut.
func OneLine(s string, n int) string { return Clip(strings.Join(strings.Fields(s), " "), n) }

// Clip cuts s to at most n runes. The last rune of a cut text is an ellipsis.
// n < 1 does not cut.
func Clip(s string, n int) string {
	if n < 1 || len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	end := 0
	for range n - 1 {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return s[:end] + "…"
}

// Bytes cuts s to at most n bytes without cutting a rune. It adds no ellipsis.
func Bytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)]
}

// Short returns the beginning of a digest or commit id: sha256: and twelve digits, or
// seven digits. A shorter text is returned unchanged.
func Short(id string) string {
	if hex, ok := strings.CutPrefix(id, "sha256:"); ok {
		return "sha256:" + hex[:min(len(hex), 12)]
	}
	return id[:min(len(id), 7)]
}

// escapes matches the control sequences of terminals: colours, titles, movements of the
// cursor.
var escapes = regexp.MustCompile(`\x1b(\[[0-9;:<=>?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])`)

// WithoutEscapes returns the output of a program without control sequences of terminals. Of
// a line that the program wrote several times, such as a progress bar, it returns the last
// state.
func WithoutEscapes(s string) string {
	s = strings.ReplaceAll(escapes.ReplaceAllString(s, ""), "\r\n", "\n")
	if !strings.Contains(s, "\r") {
		return s
	}
	var out strings.Builder
	for line := range strings.Lines(s) {
		body := strings.TrimRight(line, "\r\n")
		out.WriteString(body[strings.LastIndexByte(body, '\r')+1:])
		if strings.HasSuffix(line, "\n") {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// Duration formats a duration as the configuration does: 10m, 6h, 1h30m.
func Duration(d time.Duration) string {
	s := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(s) - len(zero); n > 0 && s[n:] == zero {
			s = s[:n+1]
		}
	}
	return s
}
