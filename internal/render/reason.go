package render

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// quoted matches the parts of a file that libraries show in their errors: a generator with
// its literals, a patch, a template. They may contain a secret.
var quoted = regexp.MustCompile("(?s)config: `.*`|from \\[.*\\]|`[^`]{60,}`|\"[^\"]{120,}\"")

// Reason returns the text of an error as one short line, without quoted parts of files.
func Reason(err error) string {
	const most = 400
	text := quoted.ReplaceAllString(err.Error(), "…")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
