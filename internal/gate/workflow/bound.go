package workflow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// Files beyond these limits are not read. GitHub rejects expressions of more than
// 21,000 characters; no real workflow comes near the other limits.
const (
	maxFile       = 1 << 20 // bytes
	maxNodes      = 100_000 // YAML values, with every alias expanded
	maxDepth      = 100
	maxExpression = 21_000 // characters
	maxFollowed   = 20_000 // expressions that refer to each other, in one file
)

var (
	errNotYAML = errors.New("not YAML")
	errSeveral = errors.New("the file has more than one document, and only the first was read")
)

// Bounded returns an error if the file is not a small regular file, or is YAML that
// exceeds the limits. Text that is not YAML is accepted, because actionlint reports it.
func Bounded(root *os.Root, name string) error {
	text, err := files.Read(root, name, maxFile)
	if err != nil {
		return err
	}
	if _, err := load(text); err != nil && !errors.Is(err, errNotYAML) {
		return err
	}
	return nil
}

// load parses a document that is within the limits. actionlint recurses and follows
// aliases without a limit. If more documents follow, load returns the first and errSeveral.
func load(text []byte) (*yaml.Node, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("the file has %d bytes, more than the limit of %d", len(text), maxFile)
	}
	var doc yaml.Node
	all := yaml.NewDecoder(bytes.NewReader(text))
	if err := all.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %w", errNotYAML, err)
	}
	left := maxNodes
	if err := measure(&doc, 0, &left); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return &yaml.Node{}, nil
	}
	var next yaml.Node
	if err := all.Decode(&next); !errors.Is(err, io.EOF) && (err != nil || len(next.Content) > 0 && next.Content[0].Tag != "!!null") {
		return resolve(doc.Content[0]), errSeveral
	}
	return resolve(doc.Content[0]), nil
}

// repeated returns a key that a mapping has twice, which GitHub rejects, or nil.
func repeated(n *yaml.Node) *yaml.Node {
	seen := map[string]bool{}
	for i, c := range n.Content {
		if key := strings.ToLower(c.Value); n.Kind == yaml.MappingNode && i%2 == 0 && key != "<<" {
			if seen[key] {
				return c
			}
			seen[key] = true
		}
		if twice := repeated(c); twice != nil {
			return twice
		}
	}
	return nil
}

func measure(n *yaml.Node, depth int, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("the file has more than %d values with aliases expanded", maxNodes)
	}
	if depth > maxDepth {
		return fmt.Errorf("the file is nested more than %d levels deep", maxDepth)
	}
	if n.Kind == yaml.ScalarNode && longExpression(n.Value) {
		return fmt.Errorf("the expression in line %d has more than %d characters", n.Line, maxExpression)
	}
	if n.Kind == yaml.AliasNode {
		return measure(n.Alias, depth+1, left)
	}
	for i, c := range n.Content {
		if err := measure(c, depth+1, left); err != nil {
			return err
		}
		// if: is an expression even without ${{.
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

// entries calls do with each key of a mapping, in lower case, its node and its value.
func entries(n *yaml.Node, do func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		do(strings.ToLower(n.Content[i].Value), n.Content[i], resolve(n.Content[i+1]))
	}
}

// get returns the value of a key, or an empty node if the key is missing.
func get(n *yaml.Node, key string) *yaml.Node {
	out := &yaml.Node{}
	entries(n, func(k string, _, v *yaml.Node) {
		if k == key {
			out = v
		}
	})
	return out
}
