package scorecard

import (
	"regexp"
	"strings"
)

var idPattern = regexp.MustCompile(`[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)*-[0-9]+`)

// prefix returns the first word of an id with its hyphen: GP- of GP-GATE-3. It
// separates the ids of a project from others, such as CVE-2026-1 or UTF-8.
func prefix(id string) string { return id[:strings.IndexByte(id, '-')+1] }

// ids returns the ids in a text, in their order. An underscore or a slash, as in names
// of tests, may be directly before or after an id; a letter or a digit may not.
func ids(text string) []string {
	var out []string
	for _, span := range idPattern.FindAllStringIndex(text, -1) {
		if span[0] > 0 && isWord(text[span[0]-1]) || span[1] < len(text) && (isWord(text[span[1]]) || text[span[1]] == '-') {
			continue
		}
		out = append(out, text[span[0]:span[1]])
	}
	return out
}

func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
