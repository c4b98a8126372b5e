package config

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// place is the position of a value in the file.
type place struct {
	key, value ast.Node
	name       string // for messages, such as preview.ttl
}

// node is the node to point at: the key, or the value if there is no key.
func (p place) node() ast.Node {
	if p.key != nil {
		return p.key
	}
	return p.value
}

// document finds the nodes of a file by path.
type document struct {
	places   map[string]place
	mappings [][]string // paths of the mappings
	problems Problems   // YAML features that are not accepted
}

func newDocument(body ast.Node) *document {
	d := &document{places: map[string]place{}}
	d.add(nil, place{value: body})
	return d
}

func pathKey(path []string) string { return strings.Join(path, "\x00") }

// at returns the place of a path, or the closest one around it.
func (d *document) at(path []string) place {
	for ; ; path = path[:len(path)-1] {
		if p, ok := d.places[pathKey(path)]; ok || len(path) == 0 {
			return p
		}
	}
}

func (d *document) add(path []string, p place) {
	if len(path) > maxDepth {
		d.problem(p.value, deepText, maxDepth)
		return
	}
	d.places[pathKey(path)] = p
	switch n := p.value.(type) {
	case *ast.MappingNode:
		d.mappings = append(d.mappings, path)
		for _, v := range n.Values {
			d.addKey(path, p, v)
		}
	case *ast.MappingValueNode:
		d.mappings = append(d.mappings, path)
		d.addKey(path, p, n)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			d.add(below(path, strconv.Itoa(i)), place{value: v, name: p.name})
		}
	case *ast.AliasNode, *ast.AnchorNode:
		// Ten lines of them can expand to gigabytes.
		d.problem(n, "anchors and aliases are not accepted: write the value out")
	case *ast.TagNode:
		d.problem(n, "tags such as !!str are not accepted: put text in quotes")
	case *ast.InfinityNode, *ast.NanNode:
		d.problem(n, "%s is not accepted: write a finite number", n.GetToken().Value)
	}
}

func (d *document) addKey(path []string, parent place, v *ast.MappingValueNode) {
	switch k := v.Key.(type) {
	case *ast.StringNode:
		name := plainName(k.Value)
		if parent.name != "" {
			name = parent.name + "." + name
		}
		d.add(below(path, k.Value), place{key: k, value: v.Value, name: name})
	case *ast.MergeKeyNode, *ast.AliasNode, *ast.AnchorNode:
		d.problem(k, "anchors and aliases are not accepted: write the value out")
	case *ast.TagNode:
		d.problem(k, "tags such as !!str are not accepted: put text in quotes")
	case *ast.MappingKeyNode:
		d.problem(k, "a key is written as key: value, without a question mark")
	default:
		d.problem(k, "key %s is not text: put it in quotes", printable(k.GetToken().Value))
	}
}

func (d *document) problem(n ast.Node, format string, args ...any) {
	d.problems = append(d.problems, at(n, format, args...))
}

// below returns a copy of the path, one level deeper.
func below(path []string, name string) []string {
	return append(path[:len(path):len(path)], name)
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// plainName is the key, quoted if it has unusual characters.
func plainName(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return quote(s)
}
