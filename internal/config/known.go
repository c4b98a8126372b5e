package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// node is the part of a JSON Schema that is needed to explain a violation.
type node struct {
	Ref                  string          `json:"$ref"`
	Description          string          `json:"description"`
	Pattern              string          `json:"pattern"`
	Properties           map[string]node `json:"properties"`
	AdditionalProperties json.RawMessage `json:"additionalProperties"`
	PropertyNames        *node           `json:"propertyNames"`
	AnyOf                []node          `json:"anyOf"`
	Items                *node           `json:"items"`
	Defs                 map[string]node `json:"$defs"`
}

// schemaRoot returns the schema as a tree.
func schemaRoot() (node, error) {
	var root node
	err := json.Unmarshal(schemaJSON, &root)
	return root, err
}

// at returns the schema of a place.
func (n node) at(path []string) node {
	c := n
	for _, part := range path {
		c = c.child(part).resolve(n)
	}
	return c
}

// keys returns the known keys of a place, sorted.
func (n node) keys() []string { return slices.Sorted(maps.Keys(n.Properties)) }

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

func (n node) child(part string) node {
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

// summary returns the first sentence of a description, as the end of a message.
func (n node) summary(root node) string {
	d := n.Description
	if d == "" {
		d = n.resolve(root).Description
	}
	d, _, _ = strings.Cut(d, ". ")
	d = strings.TrimSuffix(d, ".")
	if d == "" {
		return ""
	}
	return ": " + strings.ToLower(d[:1]) + d[1:]
}
