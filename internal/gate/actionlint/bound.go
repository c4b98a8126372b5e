package actionlint

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// What is larger is not read: GitHub takes no expression above 21,000 characters
// either, and no workflow of people comes near the rest.
const (
	maxFile       = 1 << 20
	maxNodes      = 100_000 // with every alias written out
	maxDepth      = 100
	maxExpression = 21_000
	maxFollowed   = 20_000 // expressions behind expressions, in one file
)

var errNoYAML = errors.New("not YAML")

// load reads a document that is small enough for those who walk it after us, and
// who follow aliases and recurse.
func load(text []byte) (*yaml.Node, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%d bytes are more than %d", len(text), maxFile)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoYAML, err)
	}
	left := maxNodes
	if err := measure(&doc, 0, &left); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return &yaml.Node{}, nil
	}
	return resolve(doc.Content[0]), nil
}

func measure(n *yaml.Node, depth int, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("it has more than %d values, aliases written out", maxNodes)
	}
	if depth > maxDepth {
		return fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	if n.Kind == yaml.ScalarNode && longExpression(n.Value) {
		return fmt.Errorf("an expression in line %d has more than %d characters", n.Line, maxExpression)
	}
	if n.Kind == yaml.AliasNode {
		return measure(n.Alias, depth+1, left)
	}
	for i, c := range n.Content {
		if err := measure(c, depth+1, left); err != nil {
			return err
		}
		// An if: is an expression without ${{ too.
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "if" && len(resolve(c).Value) > maxExpression {
			return fmt.Errorf("the condition in line %d has more than %d characters", c.Line, maxExpression)
		}
	}
	return nil
}

func longExpression(s string) bool {
	for {
		_, after, ok := strings.Cut(s, "${{")
		if !ok {
			return false
		}
		end := strings.Index(after, "}}")
		if end < 0 {
			return len(after) > maxExpression
		}
		if end > maxExpression {
			return true
		}
		s = after
	}
}

func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil {
		return &yaml.Node{}
	}
	return n
}

// entries calls do with each key of a mapping, in lower case, and its value.
func entries(n *yaml.Node, do func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		do(strings.ToLower(n.Content[i].Value), n.Content[i], resolve(n.Content[i+1]))
	}
}

// get is the value of a key, an empty node when there is none.
func get(n *yaml.Node, key string) *yaml.Node {
	out := &yaml.Node{}
	entries(n, func(k string, _, v *yaml.Node) {
		if k == key {
			out = v
		}
	})
	return out
}
