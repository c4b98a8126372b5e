package workflow

import (
	"regexp"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// lineBreak matches the line breaks of YAML 1.1, by which the library counts lines.
var lineBreak = regexp.MustCompile(`\r\n|[\n\r\x{85}\x{2028}\x{2029}]`)

// split returns the lines of a text as the library counts them.
func split(text []byte) []string {
	if utf8, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), text); err == nil {
		text = utf8
	}
	return lineBreak.Split(string(text), -1)
}

// oneLine joins the words of a text with single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
