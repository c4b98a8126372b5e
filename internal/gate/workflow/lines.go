package workflow

import (
	"regexp"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/seed-b235b314/goldenpath/internal/text"
)

// lineBreak matches the line breaks of YAML 1.1, by which the library counts lines.
var lineBreak = regexp.MustCompile(`\r\n|[\n\r\x{85}\x{2028}\x{2029}]`)

// split returns the lines of a text. It splits at the same characters as the YAML
// library.
func split(b []byte) []string {
	if utf8, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), b); err == nil {
		b = utf8
	}
	return lineBreak.Split(string(b), -1)
}

// short shortens a value to one line for a message.
func short(s string) string { return text.OneLine(s, 120) }
