// Package text shortens text for people.
package text

import (
	"strings"
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
