package junit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A scanner splits XML into start tags, end tags and comments. It reads the file once
// and keeps no text, so its memory does not depend on the size of the file. It accepts
// common mistakes of reporters that do not change the elements: control characters,
// unknown entities, and "]]>" outside CDATA. It also accepts XML 1.1.
type scanner struct {
	r    *bufio.Reader
	line int // of the next byte, from 1
}

// A token is one piece of markup.
type token struct {
	kind  kind
	name  string // of the element, without its namespace prefix
	attrs attributes
	empty bool   // a start tag that ends its element: <a/>
	text  string // of a comment, its first bytes
}

type kind int

const (
	startTag kind = iota
	endTag
	comment
)

// Limits of a document, so that a hostile document cannot exhaust memory.
const (
	maxName    = 256      // bytes of the name of an element or attribute
	maxComment = 256      // bytes of a comment that are kept
	maxDepth   = 128      // nested elements
	bufferSize = 64 << 10 // bytes
)

// next returns the next token, or io.EOF.
func (s *scanner) next(depth int) (token, error) {
	for {
		if err := s.text(depth); err != nil {
			return token{}, err
		}
		b, err := s.r.ReadByte()
		if err != nil {
			return token{}, cut(err)
		}
		switch b {
		case '?':
			if _, err := s.skipTo("?>", 0); err != nil {
				return token{}, err
			}
		case '!':
			if t, ok, err := s.declaration(depth); ok || err != nil {
				return t, err
			}
		case '/':
			return s.end()
		default:
			_ = s.r.UnreadByte()
			return s.start()
		}
	}
}

// text skips character data up to and including the next "<". Outside the root
// element, only white space is allowed.
func (s *scanner) text(depth int) error {
	for {
		b, err := s.r.ReadSlice('<')
		if depth == 0 {
			if space := len(b) - len(bytes.TrimLeft(b, " \t\r\n<\xEF\xBB\xBF")); space < len(b) {
				s.line += bytes.Count(b[:space], []byte("\n"))
				return errors.New("text outside the root element")
			}
		}
		s.line += bytes.Count(b, []byte("\n"))
		if errors.Is(err, io.EOF) && depth > 0 {
			return errCut
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// declaration reads what follows "<!". It returns false if that is not a comment,
// because only comments are tokens.
func (s *scanner) declaration(depth int) (token, bool, error) {
	head, err := s.r.Peek(len("[CDATA["))
	switch {
	case bytes.HasPrefix(head, []byte("--")):
		_, _ = s.r.Discard(2)
		text, err := s.skipTo("-->", maxComment)
		return token{kind: comment, text: text}, true, err
	case bytes.Equal(head, []byte("[CDATA[")):
		if depth == 0 {
			return token{}, false, errors.New("text outside the root element")
		}
		_, _ = s.r.Discard(len(head))
		_, err := s.skipTo("]]>", 0)
		return token{}, false, err
	case bytes.HasPrefix(bytes.ToUpper(head), []byte("DOCTYPE")):
		text, err := s.skipTo(">", bufferSize)
		if strings.Contains(text, "[") { // an entity could contain tests
			return token{}, false, errors.New("a DOCTYPE with declarations is not supported; write the report without it")
		}
		return token{}, false, err
	}
	if err != nil {
		return token{}, false, cut(err)
	}
	return token{}, false, errors.New(`"<!" begins neither a comment nor CDATA`)
}

// skipTo skips input up to and including mark, and returns at most keep bytes of the
// input before it.
func (s *scanner) skipTo(mark string, keep int) (string, error) {
	var kept, tail []byte
	last := mark[len(mark)-1]
	for {
		b, err := s.r.ReadSlice(last)
		s.line += bytes.Count(b, []byte("\n"))
		if room := keep - len(kept); room > 0 {
			kept = append(kept, b[:min(room, len(b))]...)
		}
		tail = append(tail, b[max(0, len(b)-len(mark)):]...)
		tail = tail[max(0, len(tail)-len(mark)):]
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return "", cut(err)
		case err == nil && string(tail) == mark:
			return strings.TrimSuffix(string(kept), mark), nil
		}
	}
}

// end reads what follows "</".
func (s *scanner) end() (token, error) {
	name, err := s.name()
	if err != nil {
		return token{}, err
	}
	b, err := s.pastSpace()
	if err != nil {
		return token{}, err
	}
	if b != '>' {
		return token{}, fmt.Errorf("</%s is not closed", name)
	}
	return token{kind: endTag, name: local(name)}, nil
}

// start reads a start tag from its name on.
func (s *scanner) start() (token, error) {
	name, err := s.name()
	if err != nil {
		return token{}, err
	}
	t := token{name: local(name)}
	for {
		b, err := s.pastSpace()
		if err != nil {
			return token{}, err
		}
		switch b {
		case '>':
			return t, nil
		case '/':
			if b, err = s.r.ReadByte(); err != nil {
				return token{}, cut(err)
			}
			if b != '>' {
				return token{}, fmt.Errorf("<%s is not closed", name)
			}
			t.empty = true
			return t, nil
		}
		_ = s.r.UnreadByte()
		if err := s.attribute(&t); err != nil {
			return token{}, fmt.Errorf("<%s: %w", name, err)
		}
	}
}

// name reads the name of an element or attribute.
func (s *scanner) name() (string, error) {
	var name []byte
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return "", cut(err)
		}
		if !nameByte(b) {
			_ = s.r.UnreadByte()
			break
		}
		if name = append(name, b); len(name) > maxName {
			return "", fmt.Errorf("a name is longer than %d bytes", maxName)
		}
	}
	if len(name) == 0 || strings.IndexByte("-.0123456789", name[0]) >= 0 {
		return "", errNoName
	}
	return string(name), nil
}

var errNoName = errors.New(`"<" without the name of an element; in text it is written &lt;`)

func nameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b >= 0x80 || strings.IndexByte("_:-.", b) >= 0
}

// local returns a name without its namespace prefix.
func local(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// pastSpace skips white space and returns the next byte.
func (s *scanner) pastSpace() (byte, error) {
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return 0, cut(err)
		}
		switch b {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return b, nil
		}
	}
}

// errCut means that the file ends inside an element.
var errCut = errors.New("the file ends inside an element; the tool that wrote it may have been stopped")

// cut returns errCut if err is the end of the file, otherwise err.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}
