package junit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// decode returns the text of a report as UTF-8. It takes the encoding from the byte
// order mark, else from the width of the first character, else from the XML header.
// A header that names UTF-16 in a file of single bytes is ignored: .NET writes such
// files.
func decode(r *bufio.Reader) (io.Reader, error) {
	head, err := r.Peek(headerSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, m := range marks {
		if bytes.HasPrefix(head, m.bytes) {
			return m.encoding.NewDecoder().Reader(r), nil
		}
	}
	declared := ""
	if m := header.FindSubmatch(head); m != nil {
		declared = string(m[1])
	}
	return decodeDeclared(r, declared)
}

// headerSize is how many bytes are searched for the XML header.
const headerSize = 1024

var header = regexp.MustCompile(`^(?:\xEF\xBB\xBF)?\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["']`)

// marks are the first bytes that identify an encoding: byte order marks, and "<" in two
// or four bytes. Longer marks come first, because a shorter one may be their beginning.
var marks = []struct {
	bytes    []byte
	encoding encoding.Encoding
}{
	{[]byte("\xFF\xFE\x00\x00"), utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
	{[]byte("\x00\x00\xFE\xFF"), utf32.UTF32(utf32.BigEndian, utf32.UseBOM)},
	{[]byte("<\x00\x00\x00"), utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	{[]byte("\x00\x00\x00<"), utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
	{[]byte("\xFF\xFE"), unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
	{[]byte("\xFE\xFF"), unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
	{[]byte("<\x00"), unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{[]byte("\x00<"), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{[]byte("\xEF\xBB\xBF"), unicode.UTF8BOM},
}

// decodeDeclared decodes a file whose markup is ASCII, by the encoding in its
// header.
func decodeDeclared(r io.Reader, declared string) (io.Reader, error) {
	name := plain(declared)
	if asIs[name] {
		return r, nil
	}
	if to, ok := aliases[name]; ok {
		name = to
	}
	for _, e := range charmap.All {
		if table, ok := e.(*charmap.Charmap); ok && plain(table.String()) == name {
			return table.NewDecoder().Reader(r), nil
		}
	}
	return nil, fmt.Errorf("encoding %q is not supported; write the report in UTF-8", declared)
}

// plain returns the name of an encoding in lower case and without punctuation, so
// that "utf8", "UTF-8" and "utf_8" are equal.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, name)
}

// asIs are the encodings that are not decoded: UTF-8, wrong headers, and multi-byte
// encodings in which no byte of a longer character looks like markup. Test names in
// the latter keep only their ASCII characters.
var asIs = map[string]bool{
	"": true, "utf8": true, "ascii": true, "usascii": true, "unicode": true,
	"utf16": true, "utf16le": true, "utf16be": true, "ucs2": true, "utf32": true, "utf32le": true, "utf32be": true, "ucs4": true,
	"gb2312": true, "gbk": true, "cp936": true, "gb18030": true, "big5": true, "cp950": true,
	"shiftjis": true, "sjis": true, "windows31j": true, "cp932": true, "eucjp": true, "euckr": true, "cp949": true,
}

// aliases map common names to those of package charmap.
var aliases = map[string]string{
	"latin1": "iso88591", "l1": "iso88591", "latin2": "iso88592", "latin5": "iso88599", "latin9": "iso885915",
	"cp437": "ibmcodepage437", "ibm437": "ibmcodepage437", "cp850": "ibmcodepage850", "ibm850": "ibmcodepage850",
	"cp852": "ibmcodepage852", "ibm852": "ibmcodepage852", "cp866": "ibmcodepage866", "ibm866": "ibmcodepage866",
	"cp1250": "windows1250", "cp1251": "windows1251", "cp1252": "windows1252", "cp1253": "windows1253", "cp1254": "windows1254",
	"cp1255": "windows1255", "cp1256": "windows1256", "cp1257": "windows1257", "cp1258": "windows1258", "macroman": "macintosh",
}
