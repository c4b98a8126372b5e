package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// placeholder is one ${{ }} expression in a value.
type placeholder struct {
	node   actionlint.ExprNode
	offset int    // of the ${{ in the value
	text   string // including ${{ and }}
}

// placeholders returns the expressions of s that can be parsed. actionlint reports the
// others.
func placeholders(s string) []placeholder {
	var out []placeholder
	for at := 0; ; {
		i := strings.Index(s[at:], "${{")
		if i < 0 {
			return out
		}
		start := at + i
		at = start + len("${{")
		lex := actionlint.NewExprLexer(s[at:])
		node, err := actionlint.NewExprParser().Parse(lex)
		if err != nil {
			continue
		}
		at += lex.Offset()
		out = append(out, placeholder{node, start, s[start:at]})
	}
}

// condition returns the expression of an if:, which does not need ${{ }}. It returns
// nil if there is no expression or it cannot be parsed.
func condition(s *actionlint.String) actionlint.ExprNode {
	text := value(s)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if strings.Contains(text, "${{") {
		// A character beside the expression, such as the line break that ends a block
		// scalar, makes the condition a string, which is always true.
		p := placeholders(text)
		if len(p) != 1 || p[0].text != text {
			return nil
		}
		return p[0].node
	}
	node, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(text + "}}"))
	if err != nil {
		return nil
	}
	return node
}

// contextPath splits github.event.commits[0].message into its parts, in lower case.
// An index that is not a string literal is "*".
func contextPath(n actionlint.ExprNode) ([]string, bool) {
	switch n := n.(type) {
	case *actionlint.VariableNode:
		return []string{strings.ToLower(n.Name)}, true
	case *actionlint.ObjectDerefNode:
		p, ok := contextPath(n.Receiver)
		return append(p, strings.ToLower(n.Property)), ok
	case *actionlint.ArrayDerefNode:
		p, ok := contextPath(n.Receiver)
		return append(p, "*"), ok
	case *actionlint.IndexAccessNode:
		p, ok := contextPath(n.Operand)
		if s, literal := n.Index.(*actionlint.StringNode); literal {
			return append(p, strings.ToLower(s.Value)), ok
		}
		return append(p, "*"), ok
	}
	return nil, false
}

// read is a context whose text becomes part of an expression's value. whole is set
// if toJSON includes everything below the path.
type read struct {
	path  []string
	whole bool
}

// reads lists the contexts whose text an expression passes on, not those it only
// compares or tests.
func reads(n actionlint.ExprNode, whole bool) []read {
	switch n := n.(type) {
	case *actionlint.LogicalOpNode:
		if n.Kind == actionlint.LogicalOpNodeKindAnd {
			return reads(n.Right, whole) // the left operand is the result only if it is falsy
		}
		return append(reads(n.Left, whole), reads(n.Right, whole)...)
	case *actionlint.FuncCallNode:
		name := strings.ToLower(n.Callee)
		if slices.Contains([]string{"contains", "startswith", "endswith", "hashfiles", "success", "failure", "always", "cancelled"}, name) {
			return nil
		}
		var out []read
		for _, a := range n.Args {
			out = append(out, reads(a, whole || name == "tojson")...)
		}
		return out
	case *actionlint.VariableNode, *actionlint.ObjectDerefNode, *actionlint.ArrayDerefNode, *actionlint.IndexAccessNode:
		if p, ok := contextPath(n); ok {
			return []read{{p, whole}}
		}
		return reads(receiver(n), whole) // fromJSON(…).name
	}
	return nil
}

func receiver(n actionlint.ExprNode) actionlint.ExprNode {
	switch n := n.(type) {
	case *actionlint.ObjectDerefNode:
		return n.Receiver
	case *actionlint.ArrayDerefNode:
		return n.Receiver
	case *actionlint.IndexAccessNode:
		return n.Operand
	}
	return nil
}

// matches reports whether the path matches the pattern, or is a parent of it that
// toJSON includes. A "*" on either side matches any part.
func (r read) matches(pattern string) bool {
	parts := strings.Split(pattern, ".")
	if len(r.path) > len(parts) || len(r.path) < len(parts) && !r.whole {
		return false
	}
	for i, p := range r.path {
		if p != parts[i] && p != "*" && parts[i] != "*" {
			return false
		}
	}
	return true
}

// list returns the values of fromJSON('[…]'), as text.
func list(n actionlint.ExprNode) ([]string, bool) {
	call, ok := n.(*actionlint.FuncCallNode)
	if !ok || !strings.EqualFold(call.Callee, "fromJSON") || len(call.Args) != 1 {
		return nil, false
	}
	s, ok := call.Args[0].(*actionlint.StringNode)
	if !ok {
		return nil, false
	}
	var all []any
	if json.Unmarshal([]byte(s.Value), &all) != nil {
		return nil, false
	}
	var out []string
	for _, v := range all {
		if f, ok := v.(float64); ok {
			v = int64(f)
		}
		out = append(out, fmt.Sprint(v))
	}
	return out, true
}
