package inventory

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// element is an element of an XML file.
type element struct {
	name     string
	attrs    map[string]string
	text     string // without leading and trailing space
	line     int
	children []*element
}

// maxDepth bounds the nesting of elements, and of files that name each other.
const maxDepth = 100

// parseXML returns the root of a file. Names are without a namespace.
func parseXML(text []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // see decode
	root := &element{}
	open := []*element{root}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("invalid XML: %w", err)
		}
		at := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, errors.New("the elements are nested too deeply")
			}
			line, _ := d.InputPos()
			e := &element{name: t.Name.Local, line: line, attrs: map[string]string{}}
			for _, a := range t.Attr {
				e.attrs[a.Name.Local] = strings.TrimSpace(a.Value)
			}
			at.children = append(at.children, e)
			open = append(open, e)
		case xml.EndElement:
			at.text = strings.TrimSpace(at.text)
			open = open[:len(open)-1]
		case xml.CharData:
			at.text += string(t)
		}
	}
	if len(root.children) != 1 {
		return nil, errors.New("invalid XML: the file has no root element")
	}
	return root.children[0], nil
}

// at returns the first element at a path of names, or an empty element.
func (e *element) at(names ...string) *element {
	for _, name := range names {
		var next *element
		for _, c := range e.children {
			if c.name == name {
				next = c
				break
			}
		}
		if next == nil {
			return &element{}
		}
		e = next
	}
	return e
}

// all returns every element with a name, at any depth.
func (e *element) all(name string) iter.Seq[*element] {
	return func(yield func(*element) bool) { e.walk(name, yield) }
}

func (e *element) walk(name string, yield func(*element) bool) bool {
	for _, c := range e.children {
		if c.name == name && !yield(c) || !c.walk(name, yield) {
			return false
		}
	}
	return true
}
