package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// pusherContexts are texts that the person who starts a run chooses.
var pusherContexts = []string{
	"env.*", "inputs.*", "github.event.inputs.*", "github.actor", "github.triggering_actor", "github.base_ref", "github.head_ref",
	"github.ref", "github.ref_name", "github.event.pull_request.head.ref", "github.event.workflow_run.head_branch",
}

// unsoundContains reports a condition that looks for a context in a literal text, as in
// contains('main develop', github.ref_name): every part of the text satisfies it.
func unsoundContains(w *File) []report.Finding {
	var out []report.Finding
	w.conditions(func(cond *actionlint.String) {
		eachNode(condition(cond), func(n actionlint.ExprNode) {
			call, ok := n.(*actionlint.FuncCallNode)
			if !ok || !strings.EqualFold(call.Callee, "contains") || len(call.Args) != 2 {
				return
			}
			text, ok := call.Args[0].(*actionlint.StringNode)
			path, known := contextPath(call.Args[1])
			if !ok || !known || !slices.ContainsFunc(pusherContexts, read{path: path}.matches) {
				return
			}
			name := strings.Join(path, ".")
			out = append(out, report.Finding{
				Rule: "unsound-contains", Severity: report.Medium, At: w.within(cond, 0),
				Message: fmt.Sprintf("contains('%s', %s) looks for a part of the text, so a name such as %q satisfies it as well", short(text.Value), name, firstHalf(text.Value)),
				Fix:     fmt.Sprintf(`compare with a list: contains(fromJSON('["%s"]'), %s)`, strings.Join(strings.FieldsFunc(short(text.Value), separator), `", "`), name),
			})
		})
	})
	return out
}

func separator(r rune) bool { return strings.ContainsRune(" ,;|", r) }

// firstHalf returns a part of the first word of a text, as an example.
func firstHalf(s string) string {
	words := strings.FieldsFunc(s, separator)
	if len(words) == 0 {
		return ""
	}
	r := []rune(words[0])
	return short(string(r[:(len(r)+1)/2]))
}

// unsoundTernary reports a && b || c with a b that is false by itself: the result is
// always c.
func unsoundTernary(w *File) []report.Finding {
	var out []report.Finding
	w.nodes(func(s *actionlint.String, p placeholder, n actionlint.ExprNode) {
		or, ok := n.(*actionlint.LogicalOpNode)
		if !ok || or.Kind != actionlint.LogicalOpNodeKindOr {
			return
		}
		and, ok := or.Left.(*actionlint.LogicalOpNode)
		if !ok || and.Kind != actionlint.LogicalOpNodeKindAnd || !falsy(and.Right) {
			return
		}
		out = append(out, report.Finding{
			Rule: "unsound-ternary", Severity: report.Low, At: w.within(s, p.offset),
			Message: fmt.Sprintf("%s never has the value after &&, because that value counts as false: the result is always what follows ||", short(p.text)),
			Fix:     "use case(condition, first, second), or negate the condition and exchange the two values",
		})
	})
	return out
}

func falsy(n actionlint.ExprNode) bool {
	switch n := n.(type) {
	case *actionlint.StringNode:
		return n.Value == ""
	case *actionlint.BoolNode:
		return !n.Value
	case *actionlint.IntNode:
		return n.Value == 0
	case *actionlint.NullNode:
		return true
	}
	return false
}

// unredactedSecrets reports fromJSON(secrets.X): the runner hides the secret as a whole
// in the log, and not the parts of it.
func unredactedSecrets(w *File) []report.Finding {
	var out []report.Finding
	w.nodes(func(s *actionlint.String, p placeholder, n actionlint.ExprNode) {
		call, ok := n.(*actionlint.FuncCallNode)
		if !ok || !strings.EqualFold(call.Callee, "fromJSON") || len(call.Args) != 1 {
			return
		}
		if path, ok := contextPath(call.Args[0]); !ok || path[0] != "secrets" {
			return
		}
		out = append(out, report.Finding{
			Rule: "unredacted-secrets", Severity: report.Medium, At: w.within(s, p.offset),
			Message: fmt.Sprintf("%s takes a secret apart, and the log shows its parts: the runner hides only the secret as a whole", short(p.text)),
			Fix:     "store each value as a secret of its own, or hide the part first: echo \"::add-mask::$PART\"",
		})
	})
	return out
}

// obfuscation reports ways to write something that hide what it is: a path with empty
// parts or dots in uses:, and an expression that computes a constant.
func obfuscation(w *File) []report.Finding {
	var out []report.Finding
	for _, uses := range w.everyUses() {
		name, _, _ := strings.Cut(uses.Value, "@")
		if local(name) || strings.HasPrefix(name, "docker://") {
			continue
		}
		if parts := strings.Split(name, "/"); slices.ContainsFunc(parts, func(p string) bool { return p == "" || p == "." || p == ".." }) && len(parts) > 2 {
			out = append(out, report.Finding{
				Rule: "obfuscation", Severity: report.Low, At: w.at(uses.Pos),
				Message: fmt.Sprintf("%s has an empty part or a dot in its path, which hides the action from readers and tools", short(uses.Value)),
				Fix:     "write the path without empty parts and dots",
			})
		}
	}
	w.expressions(func(s *actionlint.String, p placeholder) {
		found := false
		eachNode(p.node, func(n actionlint.ExprNode) { found = found || computes(n) && constant(n) })
		if found {
			out = append(out, report.Finding{
				Rule: "obfuscation", Severity: report.Low, At: w.within(s, p.offset),
				Message: fmt.Sprintf("%s computes a constant, which hides it from readers and tools", short(p.text)),
				Fix:     "write the value itself",
			})
		}
	})
	return out
}

// computes reports whether a node is more than a literal or a context.
func computes(n actionlint.ExprNode) bool {
	switch n.(type) {
	case *actionlint.FuncCallNode, *actionlint.LogicalOpNode, *actionlint.CompareOpNode, *actionlint.NotOpNode:
		return true
	}
	return false
}

// constant reports whether the value of a node is always the same.
func constant(n actionlint.ExprNode) bool {
	switch n := n.(type) {
	case *actionlint.StringNode, *actionlint.BoolNode, *actionlint.IntNode, *actionlint.FloatNode, *actionlint.NullNode:
		return true
	case *actionlint.NotOpNode:
		return constant(n.Operand)
	case *actionlint.LogicalOpNode:
		return constant(n.Left) && constant(n.Right)
	case *actionlint.CompareOpNode:
		return constant(n.Left) && constant(n.Right)
	case *actionlint.FuncCallNode:
		// fromJSON of a literal is the way to write a list.
		if !slices.Contains([]string{"format", "startswith", "endswith", "contains"}, strings.ToLower(n.Callee)) {
			return false
		}
		return !slices.ContainsFunc(n.Args, func(a actionlint.ExprNode) bool { return !constant(a) })
	}
	return false
}

// eachNode calls do with every node of an expression, which may be nil.
func eachNode(n actionlint.ExprNode, do func(actionlint.ExprNode)) {
	if n == nil {
		return
	}
	actionlint.VisitExprNode(n, func(n, _ actionlint.ExprNode, entering bool) {
		if entering {
			do(n)
		}
	})
}

// conditions calls do with every if:.
func (w *File) conditions(do func(*actionlint.String)) {
	for _, j := range w.jobs() {
		if j.If != nil {
			do(j.If)
		}
		for _, s := range j.Steps {
			if s.If != nil {
				do(s.If)
			}
		}
	}
}

// nodes calls do with every part of every expression.
func (w *File) nodes(do func(*actionlint.String, placeholder, actionlint.ExprNode)) {
	w.expressions(func(s *actionlint.String, p placeholder) {
		eachNode(p.node, func(n actionlint.ExprNode) { do(s, p, n) })
	})
}

// expressions calls do with every ${{ }} in a script, an input and a variable.
func (w *File) expressions(do func(*actionlint.String, placeholder)) {
	w.values(func(s *actionlint.String) {
		for _, p := range placeholders(s.Value) {
			do(s, p)
		}
	})
}
