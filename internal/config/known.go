package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// node is as much of a JSON Schema as is needed to list the keys of a place.
type node struct {
	Ref                  string          `json:"$ref"`
	Properties           map[string]node `json:"properties"`
	AdditionalProperties json.RawMessage `json:"additionalProperties"`
	AnyOf                []node          `json:"anyOf"`
	Items                *node           `json:"items"`
	Defs                 map[string]node `json:"$defs"`
}

// known returns the keys the schema has at a place, sorted.
func known(path []string) []string {
	var root node
	if json.Unmarshal(schemaJSON, &root) != nil {
		return nil
	}
	n := root.resolve(root)
	for _, part := range path {
		n = n.child(part, root).resolve(root)
	}
	return slices.Sorted(maps.Keys(n.Properties))
}

func (n node) resolve(root node) node {
	if n.Ref != "" {
		return root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")].resolve(root)
	}
	for _, alt := range n.AnyOf {
		if alt = alt.resolve(root); len(alt.Properties) > 0 {
			return alt
		}
	}
	return n
}

func (n node) child(part string, root node) node {
	if c, ok := n.Properties[part]; ok {
		return c
	}
	if n.Items != nil {
		return *n.Items
	}
	var c node
	if json.Unmarshal(n.AdditionalProperties, &c) != nil {
		return node{}
	}
	return c
}
