package manifest

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

var (
	errDeep  = fmt.Errorf("the document is nested more than %d levels deep", maxDepth)
	errLarge = fmt.Errorf("the document has more than %d bytes with all aliases expanded", maxBytes)
	errMany  = fmt.Errorf("the document has more than %d values", maxNodes)
)

// reader reads values within limits.
type reader struct {
	nodes, bytes int                 // that may still be read
	within       map[*yaml.Node]bool // the aliases being expanded
}

func (r *reader) take(bytes, depth int) error {
	r.nodes--
	r.bytes -= bytes
	switch {
	case r.nodes < 0:
		return errMany
	case r.bytes < 0:
		return errLarge
	case depth > maxDepth:
		return errDeep
	}
	return nil
}

// value returns the value that the cluster would read: Kubernetes reads YAML 1.1, where yes
// is true, and the last of two equal keys wins.
func (r *reader) value(n *yaml.Node, depth int) (any, error) {
	if err := r.take(len(n.Value), depth); err != nil {
		return nil, err
	}
	if n.Style&yaml.TaggedStyle != 0 && !slices.Contains(tags, n.ShortTag()) {
		return nil, fmt.Errorf("line %d: the tag %s is not supported", n.Line, n.Tag)
	}
	switch n.Kind {
	case yaml.AliasNode:
		if r.within[n.Alias] {
			return nil, fmt.Errorf("line %d: the alias *%s contains itself", n.Line, n.Value)
		}
		r.within[n.Alias] = true
		defer delete(r.within, n.Alias)
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			v, err := r.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		return m, r.mapping(n, m, depth)
	case yaml.ScalarNode:
		return scalar(n)
	}
	return nil, fmt.Errorf("line %d: expected a value", n.Line)
}

// tags are the standard tags of YAML.
var tags = []string{"!!null", "!!bool", "!!int", "!!float", "!!str", "!!binary", "!!timestamp", "!!seq", "!!map"}

func (r *reader) mapping(n *yaml.Node, m map[string]any, depth int) error {
	merged := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, of := n.Content[i], n.Content[i+1]
		v, err := r.value(of, depth+1)
		if err != nil {
			return err
		}
		if isMerge(key) {
			from := map[string]any{}
			if err := merge(from, v); err != nil {
				return fmt.Errorf("line %d: %w", key.Line, err)
			}
			for k := range from {
				_, before := m[k]
				if _, again := merged[k]; before || again {
					return fmt.Errorf("line %d: tools disagree about << after a key that it sets too: put one << first", key.Line)
				}
			}
			maps.Copy(merged, from)
			continue
		}
		name, err := r.value(key, depth+1)
		if err != nil {
			return err
		}
		switch name.(type) {
		case []any, map[string]any:
			return fmt.Errorf("line %d: a %s cannot be a key", key.Line, kindOf(name))
		}
		m[keyText(key)] = v
	}
	for k, v := range merged {
		if _, ok := m[k]; !ok {
			m[k] = v
		}
	}
	return nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.ShortTag() == "!!merge"
}

func keyText(key *yaml.Node) string {
	if key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	return key.Value
}

// merge applies the merge key <<. If several maps have the same key, the first map's
// value is used.
func merge(into map[string]any, from any) error {
	switch from := from.(type) {
	case map[string]any:
		for k, v := range from {
			if _, ok := into[k]; !ok {
				into[k] = v
			}
		}
		return nil
	case []any:
		for _, f := range from {
			if _, ok := f.(map[string]any); !ok {
				return errors.New("the merge key << accepts only maps")
			}
			if err := merge(into, f); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("the merge key << accepts only maps")
}

func scalar(n *yaml.Node) (any, error) {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0 {
		switch n.Value {
		case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
			return true, nil
		case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
			return false, nil
		}
	}
	var v any
	if err := n.Decode(&v); err != nil { // the error's text would show the value
		return nil, fmt.Errorf("line %d: the value is not a valid %s", n.Line, n.ShortTag())
	}
	switch v := v.(type) {
	case int:
		return int64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return n.Value, nil
		}
	case time.Time:
		return n.Value, nil
	}
	return v, nil
}

// plain converts the numbers of a JSON value to the number types of an Object, within
// the limits.
func (r *reader) plain(v any, depth int) (any, error) {
	err := r.take(0, depth)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case float64:
		if i := int64(v); float64(i) == v && math.Abs(v) < 1<<53 {
			return i, nil
		}
	case []any:
		for i := range v {
			if v[i], err = r.plain(v[i], depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = r.plain(v[k], depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// step returns the node of a field or an element, or nil if there is none.
func step(n *yaml.Node, to any) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil {
		return nil
	}
	switch to := to.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && to < len(n.Content) {
			return n.Content[to]
		}
	case string:
		for i := len(n.Content) - 2; n.Kind == yaml.MappingNode && i >= 0; i -= 2 { // the last wins
			if n.Content[i].Value == to {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// kindOf returns the type of a value in YAML's terms.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "list"
	case map[string]any:
		return "map"
	}
	return "number"
}
