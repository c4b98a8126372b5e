package gitleaks

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// sampleSize is the part of a text, in bytes, that shows its encoding. git uses the same
// size to tell binary files from text.
const sampleSize = 8000

func sample(b []byte) []byte { return b[:min(len(b), sampleSize)] }

// isBinary reports whether a file is binary; as in git, it is when it contains a NUL.
func isBinary(text []byte) bool { return bytes.IndexByte(sample(text), 0) >= 0 }

// form is how the bytes of a text are arranged.
type form struct {
	size, skip int // bytes of a unit, and bytes before the first unit
	big        bool
}

func (f form) decoder() *encoding.Decoder {
	switch {
	case f.size == 4 && f.big:
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM).NewDecoder()
	case f.size == 4:
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM).NewDecoder()
	case f.big:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	}
	return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
}

// marks are the byte order marks. The mark of UTF-32 begins with that of UTF-16.
var marks = []struct {
	mark string
	form form
}{
	{"\xff\xfe\x00\x00", form{4, 4, false}}, {"\x00\x00\xfe\xff", form{4, 4, true}},
	{"\xff\xfe", form{2, 2, false}}, {"\xfe\xff", form{2, 2, true}},
}

// guesses are the forms of a text without a mark. A hunk of a little-endian file begins
// with the second half of the newline before it.
var guesses = []form{
	{2, 0, false}, {2, 0, true}, {2, 1, false},
	{4, 0, false}, {4, 0, true}, {4, 3, false},
}

// wide returns the form of text in units of 16 or 32 bits, with or without a byte order
// mark. It returns false for 8-bit text and for binary files. b is the beginning of a
// file or a hunk.
func wide(b []byte) (form, bool) {
	b = sample(b)
	if !isBinary(b) {
		return form{}, false // 16-bit text without any ASCII letter contains no secret
	}
	for _, m := range marks {
		if bytes.HasPrefix(b, []byte(m.mark)) {
			if _, other := m.form.units(b); other >= 0 {
				return m.form, true
			}
		}
	}
	best, most := form{}, 0
	for _, f := range guesses {
		if ascii, other := f.units(b); other >= 0 && ascii > most && ascii >= other {
			best, most = f, ascii
		}
	}
	return best, most >= shortest
}

// units counts the units of ASCII text, and the others. others is -1 if the bytes cannot
// be text of this form: a unit is a NUL or another control character.
func (f form) units(b []byte) (ascii, others int) {
	for i := f.skip; i+f.size <= len(b); i += f.size {
		unit := b[i : i+f.size]
		low, high := unit[0], unit[1:]
		if f.big {
			low, high = unit[f.size-1], unit[:f.size-1]
		}
		switch {
		case len(bytes.Trim(high, "\x00")) > 0:
			others++
		case isText(low):
			ascii++
		case low < 0x80:
			return 0, -1
		default:
			others++
		}
	}
	return ascii, others
}

// decode returns 8-bit text unchanged and wider text as UTF-8. binary means that b is
// neither; it is then unchanged.
func decode(b []byte) (text []byte, binary bool) {
	f, ok := wide(b)
	switch {
	case ok:
		out, err := f.decoder().Bytes(b[f.skip:]) // an invalid unit becomes U+FFFD
		if err != nil {
			return b, true
		}
		return bytes.TrimSuffix(out, []byte("\ufffd")), false // half a newline at the end of a hunk
	case !isBinary(b):
		return b, false
	}
	if out, ok := mixed(b); ok {
		return out, false
	}
	return b, true
}

// mixed returns 8-bit text in which a part has units of 16 bits, as PowerShell writes it
// when it appends to a file, and text with NULs between its parts. It returns false for
// anything with other control characters.
func mixed(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		n := 0
		for j := i; j+1 < len(b) && isText(b[j]) && b[j+1] == 0; j += 2 {
			n++
		}
		switch {
		case n >= 4:
			for range n {
				out = append(out, b[i])
				i += 2
			}
			continue
		case b[i] == 0:
			out = append(out, '\n')
		case isText(b[i]) || b[i] >= 0x80:
			out = append(out, b[i])
		default:
			return nil, false
		}
		i++
	}
	return out, utf8.Valid(out)
}

func isText(c byte) bool {
	return c >= ' ' && c < 0x7f || c >= '\t' && c <= '\r' || c == 0x1b
}

// shortest is the minimum length of readable text in a binary file that is examined.
const shortest = 8

// readable returns the runs of printable ASCII in a binary file, in 8-bit and 16-bit
// units, each on a line of its own.
func readable(b []byte) []byte {
	var out []byte
	start := 0
	flush := func(end, step int) {
		if (end-start)/step >= shortest {
			for i := start; i < end; i += step {
				out = append(out, b[i])
			}
			out = append(out, '\n')
		}
	}
	printable := func(c byte) bool { return c >= ' ' && c <= '~' || c == '\t' }
	for i := 0; i <= len(b); i++ {
		if i == len(b) || !printable(b[i]) {
			flush(i, 1)
			start = i + 1
		}
	}
	for offset := range 2 {
		start = offset
		for i := offset; i <= len(b); i += 2 {
			if i+1 >= len(b) || !printable(b[i]) || b[i+1] != 0 {
				flush(min(i, len(b)), 2)
				start = i + 2
			}
		}
	}
	return out
}
