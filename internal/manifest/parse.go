// Package manifest reads Kubernetes objects and reports objects that could break out of
// their container, their node or their namespace.
package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of one text. A Kubernetes object has at most 1.5 MiB.
const (
	maxText  = 10 << 20
	maxNodes = 1 << 20  // with all aliases expanded
	maxBytes = 64 << 20 // of scalars, with all aliases expanded
	maxDepth = 100
)

// Object is one object as the cluster would receive it.
type Object struct {
	File string
	Line int            // first line; 0: unknown
	Map  map[string]any // of nil, bool, string, int64, uint64, float64, []any and map[string]any
	node *yaml.Node     // with the lines of its fields; nil: unknown
}

// Parse reads the objects in a text of YAML or JSON documents. Parse returns the items
// of a list, and skips empty documents. A text that cannot be read completely is an
// error, because the cluster may read it differently.
func Parse(file string, text []byte) ([]Object, error) {
	var objects []Object
	err := documents(text, func(d document) error { return add(&objects, file, d) })
	if err != nil {
		return nil, fmt.Errorf("cannot parse %s: %w", file, err)
	}
	return objects, nil
}

// Decode returns the documents of a text as nil, bool, string, int64, uint64, float64,
// []any and map[string]any.
func Decode(text []byte) ([]any, error) {
	var values []any
	err := documents(text, func(d document) error { values = append(values, d.value); return nil })
	return values, err
}

type document struct {
	value any
	node  *yaml.Node // nil: unknown
	line  int
}

func documents(text []byte, each func(document) error) (err error) {
	defer func() {
		if p := recover(); p != nil { // the library has panicked on hostile text
			err = fmt.Errorf("the YAML library panicked: %T", p)
		}
	}()
	if len(text) > maxText {
		return fmt.Errorf("the file has %d bytes, more than the limit of %d", len(text), maxText)
	}
	docs, err := fromYAML(text)
	// Not every JSON text is YAML: "\ud83d\ude00" and two objects in a row are not.
	if err != nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		if more, jsonErr := fromJSON(text); jsonErr == nil {
			docs, err = more, nil
		}
	}
	for _, d := range docs {
		if err == nil {
			err = each(d)
		}
	}
	return err
}

// glued matches where kubectl and Helm end a document, but YAML does not.
var glued = regexp.MustCompile(`(?m)^---[^\s]`)

func fromYAML(text []byte) (docs []document, err error) {
	if bytes.HasPrefix(text, []byte("\xfe\xff")) || bytes.HasPrefix(text, []byte("\xff\xfe")) {
		return nil, errors.New("tools disagree about UTF-16: save the file as UTF-8")
	}
	if at := glued.FindIndex(text); at != nil {
		return nil, fmt.Errorf("line %d: tools read text after --- differently: put --- on a line of its own", lineAt(text, at[0]))
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	r := reader{maxNodes, maxBytes, map[*yaml.Node]bool{}}
	for {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		case len(doc.Content) == 0:
			continue
		}
		value, err := r.value(doc.Content[0], 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, document{value, doc.Content[0], doc.Content[0].Line})
	}
}

func fromJSON(text []byte) (docs []document, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	r := reader{maxNodes, maxBytes, map[*yaml.Node]bool{}}
	for {
		from := int(dec.InputOffset())
		from += len(text[from:]) - len(bytes.TrimLeft(text[from:], " \t\r\n"))
		var value any
		switch err := dec.Decode(&value); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		}
		value, err := r.plain(value, 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, document{value, nil, lineAt(text, from)})
	}
}

func lineAt(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }

// add adds the object in a document, or the objects in a list.
func add(objects *[]Object, file string, d document) error {
	if d.value == nil {
		return nil
	}
	object, ok := d.value.(map[string]any)
	if !ok {
		return fmt.Errorf("line %d: expected an object, found a %s", d.line, kindOf(d.value))
	}
	kind, _ := object["kind"].(string)
	items, ok := object["items"].([]any)
	if !ok || !strings.HasSuffix(kind, "List") {
		*objects = append(*objects, Object{file, d.line, object, d.node})
		return nil
	}
	for i, item := range items {
		if m, ok := item.(map[string]any); ok && kind != "List" { // items of a typed list may omit their kind
			setDefault(m, "kind", strings.TrimSuffix(kind, "List"))
			setDefault(m, "apiVersion", object["apiVersion"])
		}
		one := document{item, step(step(d.node, "items"), i), d.line}
		if one.node != nil {
			one.line = one.node.Line
		}
		if err := add(objects, file, one); err != nil {
			return err
		}
	}
	return nil
}

func setDefault(m map[string]any, key string, value any) {
	if m[key] == nil {
		m[key] = value
	}
}

// Unplaced returns the object without line numbers, because lines of rendered text do
// not exist in the repository.
func (o Object) Unplaced() Object {
	o.Line, o.node = 0, nil
	return o
}
