package trivy

import (
	"bytes"
	"regexp"
	"strconv"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// utf8From returns the text as UTF-8: it removes a byte order mark and decodes UTF-16.
func utf8From(text []byte) []byte {
	out, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), text)
	if err != nil {
		return text
	}
	return out
}

// escape matches a letter that is written as an escape, or a line continuation.
var escape = regexp.MustCompile(`\\(?:x|u00|U000000)([4-7][0-9a-fA-F])|\\\r?\n[ \t]*`)

// marked reports whether a text may be a Kubernetes manifest. This check avoids parsing
// every lock file.
func marked(text []byte) bool {
	const mark = "apiVersion"
	if bytes.Contains(text, []byte(mark)) {
		return true
	}
	if bytes.IndexByte(text, 0) >= 0 { // UTF-16
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	if bytes.IndexByte(text, '\\') >= 0 {
		text = escape.ReplaceAllFunc(text, func(found []byte) []byte {
			if found[1] == '\r' || found[1] == '\n' {
				return nil
			}
			letter, _ := strconv.ParseUint(string(found[len(found)-2:]), 16, 8)
			return []byte{byte(letter)}
		})
	}
	return bytes.Contains(text, []byte(mark))
}

// maxMark is longer than the text "apiVersion" in any encoding, in bytes.
const maxMark = 512
