package junit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"html"
	"math"
	"strconv"
	"strings"
)

// attributes are the attributes of one element, as far as the reader uses them.
type attributes []attribute

type attribute struct {
	name  string
	value string // decoded, at most maxValue bytes
	whole string // identifies the complete value
}

// maxValue is how many bytes of a value are kept.
const maxValue = 1024

// used are the names of the attributes that are kept.
var used = []string{
	"name", "classname", "file", "line", "hostname", "type", "status", "result", "failure",
	"tests", "failures", "errors", "skipped", "disabled", "ignored", "doctest_version",
}

// get returns a value, or "" if the attribute is missing.
func (a attributes) get(name string) string {
	for _, one := range a {
		if one.name == name {
			return one.value
		}
	}
	return ""
}

// key returns a hash of the values of the named attributes. A hash is small, however
// long the values are.
func (a attributes) key(names ...string) string {
	sum := sha256.New()
	for _, name := range names {
		for _, one := range a {
			if one.name == name {
				fmt.Fprintf(sum, "%q", one.whole)
			}
		}
		sum.Write([]byte{' '})
	}
	return string(sum.Sum(nil))
}

// count returns a declared number, rounded up, or 0 if the text is not a number.
func (a attributes) count(name string) int {
	n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(a.get(name)), ",", ""), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(n) {
		return 0
	}
	return int(math.Ceil(min(max(n, 0), math.MaxInt32)))
}

// attribute reads name="value" and keeps it if it is used.
func (s *scanner) attribute(t *token) error {
	name, err := s.name()
	if errors.Is(err, errNoName) {
		return errors.New("an attribute has no name")
	}
	if err != nil {
		return err
	}
	b, err := s.pastSpace()
	if err != nil {
		return err
	}
	if b != '=' {
		return fmt.Errorf("attribute %s has no value", name)
	}
	quote, err := s.pastSpace()
	if err != nil {
		return err
	}
	if quote != '"' && quote != '\'' {
		return fmt.Errorf("the value of attribute %s has no quotes", name)
	}
	value, err := s.value(quote)
	if err != nil {
		return err
	}
	for _, u := range used {
		if u == name {
			value.name = name
			t.attrs = append(t.attrs, value)
		}
	}
	return nil
}

// value reads up to the closing quote. A hash distinguishes long values that start
// with the same maxValue bytes.
func (s *scanner) value(quote byte) (attribute, error) {
	var kept []byte
	var sum hash.Hash
	for {
		b, err := s.r.ReadSlice(quote)
		s.line += bytes.Count(b, []byte("\n"))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return attribute{}, cut(err)
		}
		if err == nil {
			b = b[:len(b)-1]
		}
		if room := maxValue - len(kept); sum == nil && len(b) > room {
			sum = sha256.New()
			sum.Write(kept)
			sum.Write(b)
			kept = append(kept, b[:room]...)
		} else if sum != nil {
			sum.Write(b)
		} else {
			kept = append(kept, b...)
		}
		if err == nil {
			break
		}
	}
	a := attribute{value: clean(string(kept)), whole: string(kept)}
	if sum != nil {
		a.whole = string(sum.Sum(kept))
	}
	return a, nil
}

// clean decodes character references and joins the lines of a value. U+FFFD replaces
// invalid UTF-8 and the characters that XML forbids.
func clean(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < 0x20 || r == 0xFFFE || r == 0xFFFF:
			return 0xFFFD
		}
		return r
	}, html.UnescapeString(strings.ToValidUTF8(value, "\uFFFD")))
}
