package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decode returns the text as UTF-8 without a byte order mark. It reads UTF-8, and UTF-16
// with a byte order mark, and XML in the encoding that it names.
func decode(b []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(b, []byte("version https://git-lfs.github.com/spec/")):
		return nil, errors.New("the file is a Git LFS pointer: check out with lfs: true")
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		if len(b)%2 != 0 {
			return nil, errors.New("the file ends within a character of UTF-16")
		}
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(b)
	}
	b = bytes.TrimPrefix(b, []byte{0xEF, 0xBB, 0xBF})
	if m := xmlEncoding.FindSubmatch(b); m != nil && !utf8.Valid(b) {
		charset, err := htmlindex.Get(string(m[1]))
		if err != nil {
			return nil, fmt.Errorf("the encoding %q is unknown", m[1])
		}
		if name, _ := htmlindex.Name(charset); name == "utf-8" { // its decoder accepts any bytes
			return nil, errors.New("the file is not UTF-8 text")
		}
		return charset.NewDecoder().Bytes(b)
	}
	if i := bytes.IndexByte(b, 0); i >= 0 || !utf8.Valid(b) {
		return nil, errors.New("the file is not UTF-8 text")
	}
	return b, nil
}

// xmlEncoding matches the encoding in the first line of an XML file.
var xmlEncoding = regexp.MustCompile(`^<\?xml [^>]*encoding=["']([A-Za-z0-9._-]+)["']`)

// lines finds the lines of entries that a decoder returns without their position. Each
// search begins where the one before ended, because most files are read in order.
type lines struct {
	text []byte
	at   int // offset of the next search
	line int // line of at, from 0
}

// next returns the line of the next occurrence of the text, or 0.
func (l *lines) next(what string) int {
	i := bytes.Index(l.text[l.at:], []byte(what))
	if i < 0 {
		return 0
	}
	l.line += bytes.Count(l.text[l.at:l.at+i], []byte("\n"))
	l.at += i
	return l.line + 1
}

// skip moves behind the text that next found.
func (l *lines) skip(n int) {
	end := min(l.at+n, len(l.text))
	l.line += bytes.Count(l.text[l.at:end], []byte("\n"))
	l.at = end
}

// isCommit reports whether the text is the id of a git commit.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// commitOf returns the commit at the end of a git address such as
// git+https://host/a/b.git?branch=main#0123…, or "".
func commitOf(address string) string {
	i := strings.LastIndexAny(address, "#/=@")
	if s := address[i+1:]; isCommit(s) {
		return s
	}
	return ""
}

// isGit reports whether an address of a JavaScript or Python package manager is the one of
// a git repository.
func isGit(address string) bool {
	for _, prefix := range []string{"git+", "git:", "git@", "git://", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:", "https://codeload.github.com/"} {
		if strings.HasPrefix(address, prefix) {
			return true
		}
	}
	path, _, hash := strings.Cut(address, "#")
	return hash && strings.HasSuffix(path, ".git")
}

// isPath reports whether a reference of a package manager is a path of the machine.
func isPath(reference string) bool {
	for _, prefix := range []string{"file:", "link:", "portal:", "workspace:", "exec:", "./", "../", "/", "root:"} {
		if strings.HasPrefix(reference, prefix) {
			return true
		}
	}
	return reference == "." || reference == ".."
}

// unknownVersion is the error for a format that is newer than this program.
func unknownVersion(what, got string, known ...string) error {
	return fmt.Errorf("%s %s is not a known version of the format; known are %s: use a newer goldenpath", what, got, strings.Join(known, ", "))
}

func decodeTOML(text []byte, into any) error {
	if _, err := toml.Decode(string(text), into); err != nil {
		return fmt.Errorf("invalid TOML: %w", err)
	}
	return nil
}
