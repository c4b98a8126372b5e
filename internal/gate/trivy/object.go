package trivy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	kubernetes "github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes/parser"
	"gopkg.in/yaml.v3"

	cluster "github.com/seed-b235b314/goldenpath/internal/manifest"
)

var errAliases = errors.New("the aliases in the file expand to too many values")

// parse reads the objects of a file. The library alone misses the document after "--- #
// comment", the items of a list and the second of two JSON objects, and reads yes as a
// string. The library's objects are kept, and objects that only a cluster would read
// are added. Documents may be returned together with an error.
func parse(ctx context.Context, name string, text []byte) ([]*kubernetes.Manifest, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	places, harmless, err := placesIn(text)
	if err != nil {
		return nil, err
	}
	objects, unread := objectsIn(name, text)
	var documents []*kubernetes.Manifest
	if harmless {
		if documents, err = kubernetes.Parse(ctx, bytes.NewReader(text), name); err != nil {
			documents = nil
		}
	}
	seen, paired := documents, len(documents) == len(objects)
	for i, o := range objects {
		if paired && same(o.Map, documents[i].Content) {
			continue
		}
		if at := slices.IndexFunc(seen[:min(len(seen), maxAhead)], func(d *kubernetes.Manifest) bool { return same(o.Map, d.Content) }); !paired && at >= 0 {
			seen = seen[at+1:]
			continue
		}
		var place *yaml.Node
		if len(places) == len(objects) {
			place = places[i]
		}
		more, err := kubernetes.NewManifest(name, placed(o.Map, place, o.Line))
		if err != nil {
			return nil, err
		}
		if paired && more.Content != nil && same(o.Map["kind"], fieldOf(documents[i], "kind")) { // so that the same finding keeps its line
			more.Content.Offset = documents[i].Content.Offset + documents[i].Content.StartLine - more.Content.StartLine
		}
		documents = append(documents, more)
	}
	return documents, unread
}

// maxAhead is how many consecutive documents of the library may be something other than
// an object.
const maxAhead = 16

// same reports whether the library read the same value as a cluster would. The library
// treats null as a missing value.
func same(value any, n *kubernetes.ManifestNode) bool {
	if value == nil || n == nil || n.Value == nil {
		return value == nil && (n == nil || n.Value == nil)
	}
	switch value := value.(type) {
	case []any:
		children, ok := n.Value.([]*kubernetes.ManifestNode)
		value = slices.DeleteFunc(slices.Clone(value), func(v any) bool { return v == nil })
		children = slices.DeleteFunc(slices.Clone(children), func(c *kubernetes.ManifestNode) bool { return same(nil, c) })
		return ok && slices.EqualFunc(value, children, same)
	case map[string]any:
		children, ok := n.Value.(map[string]*kubernetes.ManifestNode)
		for key, v := range value {
			ok = ok && same(v, children[key])
		}
		for key, c := range children {
			_, both := value[key]
			ok = ok && (both || same(nil, c))
		}
		return ok
	case string:
		text, ok := n.Value.(string)
		return n.Type == kubernetes.TagTimestamp || n.Type == kubernetes.TagBinary || ok && text == value
	case bool:
		return n.Value == value
	}
	return n.Type != kubernetes.TagStr && fmt.Sprint(n.Value) == fmt.Sprint(value)
}

// separator is where kubectl and Helm start a new document.
var separator = regexp.MustCompile(`(?m)^---`)

// maxParts is the maximum number of documents in a text that cannot be parsed as a
// whole.
const maxParts = 10_000

// objectsIn returns the objects that a cluster would read. kubectl also applies the
// documents before and after one that it rejects.
func objectsIn(name string, text []byte) ([]cluster.Object, error) {
	objects, whole := cluster.Parse(name, text)
	starts := separator.FindAllIndex(text, maxParts+1)
	if whole == nil || len(starts) > maxParts {
		return objects, whole
	}
	var errs []error
	from, lines := 0, 0
	for i := range len(starts) + 1 {
		to := len(text)
		if i < len(starts) {
			to = starts[i][0]
		}
		some, err := cluster.Parse(name, text[from:to])
		for _, o := range some {
			o.Line += lines
			objects = append(objects, o)
		}
		if err != nil {
			errs = append(errs, whole)
		}
		lines += bytes.Count(text[from:to], []byte("\n"))
		from = to
	}
	if errs != nil {
		return objects, errors.Unwrap(whole) // without the name
	}
	return objects, nil
}

// placesIn returns the nodes of the objects, as far as the text is YAML. harmless
// reports whether the library may parse the text: the library expands every alias each
// time, forever if a list contains itself. Ten lines of aliases can expand to more than
// fits into memory, so a text with too many aliases is an error.
func placesIn(text []byte) (objects []*yaml.Node, harmless bool, err error) {
	aliases := bytes.ContainsRune(text, '&') && bytes.ContainsRune(text, '*')
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if err := documents.Decode(&document); err != nil {
			return objects, !aliases || errors.Is(err, io.EOF), nil
		}
		if aliases {
			var v any
			if err := document.Decode(&v); err != nil && strings.Contains(err.Error(), "aliasing") {
				return nil, false, errAliases
			} else if err != nil {
				return objects, false, nil
			}
		}
		if len(document.Content) > 0 && document.Content[0].ShortTag() != "!!null" {
			unwrap(document.Content[0], &objects)
		}
	}
}

// unwrap adds the items of a list, and of lists in it, to objects.
func unwrap(n *yaml.Node, objects *[]*yaml.Node) {
	n = target(n)
	kind, _ := field(n, "kind")
	items, _ := field(n, "items")
	if kind == nil || !strings.HasSuffix(kind.Value, "List") || items == nil || items.Kind != yaml.SequenceNode {
		*objects = append(*objects, n)
		return
	}
	for _, item := range items.Content {
		if item.ShortTag() != "!!null" {
			unwrap(item, objects)
		}
	}
}

// placed converts a value to the library's form, with the lines of its node or of the
// enclosing node. A null value is left out, because a cluster treats null as missing.
func placed(value any, place *yaml.Node, line int) *kubernetes.ManifestNode {
	n := &kubernetes.ManifestNode{Value: value}
	n.StartLine, n.EndLine = line, line
	place = target(place)
	switch value := value.(type) {
	case bool:
		n.Type = kubernetes.TagBool
	case string:
		n.Type = kubernetes.TagStr
	case int64, uint64:
		n.Type = kubernetes.TagInt
	case float64:
		n.Type = kubernetes.TagFloat
	case []any:
		children := make([]*kubernetes.ManifestNode, 0, len(value))
		for i, v := range value {
			if v == nil {
				continue
			}
			at, in := line, (*yaml.Node)(nil)
			if place != nil && place.Kind == yaml.SequenceNode && i < len(place.Content) {
				in = place.Content[i]
				at = in.Line
			}
			child := placed(v, in, at)
			n.EndLine = max(n.EndLine, child.EndLine)
			children = append(children, child)
		}
		n.Type, n.Value = kubernetes.TagSlice, children
	case map[string]any:
		children := make(map[string]*kubernetes.ManifestNode, len(value))
		for key, v := range value {
			if v == nil {
				continue
			}
			at := line
			in, keyLine := field(place, key)
			if in != nil {
				at = in.Line
				if _, ok := v.(map[string]any); ok {
					at = keyLine
				}
			}
			child := placed(v, in, at)
			n.EndLine = max(n.EndLine, child.EndLine)
			children[key] = child
		}
		n.Type, n.Value = kubernetes.TagMap, children
	}
	return n
}

// field returns the value of a key and the line of the key, or nil if the key is
// missing. Of duplicate keys, the last one is used.
func field(n *yaml.Node, key string) (value *yaml.Node, line int) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, 0
	}
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		if target(n.Content[i]).Value == key {
			return target(n.Content[i+1]), n.Content[i].Line
		}
	}
	return nil, 0
}

func target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// anyObject reports whether one of the documents is a Kubernetes object.
func anyObject(documents []*kubernetes.Manifest) bool {
	return slices.ContainsFunc(documents, func(d *kubernetes.Manifest) bool {
		return fieldOf(d, "apiVersion") != nil && fieldOf(d, "kind") != nil && fieldOf(d, "metadata") != nil
	})
}

func fieldOf(d *kubernetes.Manifest, key string) *kubernetes.ManifestNode {
	if d.Content == nil {
		return nil
	}
	fields, _ := d.Content.Value.(map[string]*kubernetes.ManifestNode)
	return fields[key]
}
