package actionlint

import (
	"regexp"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// YAML 1.1, which the library counts by, ends a line at more than a line feed.
var lineBreak = regexp.MustCompile(`\r\n|[\n\r\x{85}\x{2028}\x{2029}]`)

// split is the text's lines as the library counts them.
func split(text []byte) []string {
	if utf8, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), text); err == nil {
		text = utf8
	}
	return lineBreak.Split(string(text), -1)
}
