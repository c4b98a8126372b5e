package workflow

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"
)

// The possible values of an expression are texts. One that begins with hidden differs
// from every literal in a condition, and one that begins with typed is not a string.
const (
	hidden = "\x00"
	typed  = "\x01"

	forkValue = hidden + "fork" // the repository of a fork, or its owner
	ourValue  = hidden + "ours" // this repository, or its owner
	userValue = hidden + "user" // someone without a role in this repository
	tagValue  = hidden + "tag"  // the ref of a tag
)

// agree answers a question about two values. It is unknown unless all pairs of possible
// values have the same answer. No possible value means that it can be anything.
func agree(a, b []string, ask func(a, b string) truth) truth {
	out := unknown
	for i, x := range a {
		for k, y := range b {
			t := ask(x, y)
			if i+k > 0 && t != out {
				return unknown
			}
			out = t
		}
	}
	return out
}

// same compares two values as GitHub does: without regard to case, and as numbers if
// their types differ.
func same(a, b string) truth {
	switch {
	case a == tagValue && strings.HasPrefix(b, "refs/tags/") || b == tagValue && strings.HasPrefix(a, "refs/tags/"):
		return unknown
	case strings.HasPrefix(a, hidden) || strings.HasPrefix(b, hidden):
		known := a == forkValue || b == forkValue || a != ourValue && b != ourValue // the name of this repository is not known here
		if known && a != b {
			return no
		}
		return unknown
	case strings.HasPrefix(a, typed) || strings.HasPrefix(b, typed):
		return truthOf(asNumber(a) == asNumber(b))
	}
	return truthOf(strings.EqualFold(a, b))
}

// asNumber converts a value to a number as GitHub does for a comparison.
func asNumber(v string) float64 {
	switch v {
	case "", typed + "false", typed + "null":
		return 0
	case typed + "true":
		return 1
	}
	if f, err := strconv.ParseFloat(strings.TrimPrefix(v, typed), 64); err == nil {
		return f
	}
	return math.NaN()
}

// truthy reports whether a value counts as true in a condition. Every text does, except
// the empty one.
func truthy(v, _ string) truth {
	return truthOf(v != "" && (!strings.HasPrefix(v, typed) || asNumber(v) != 0))
}

func truthValue(t truth) []string {
	switch t {
	case yes:
		return []string{typed + "true"}
	case no:
		return []string{typed + "false"}
	}
	return nil
}

// both joins the possible values of two branches.
func both(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	return append(slices.Clone(a), b...)
}

// values returns the possible values of an expression in a run that an outsider
// triggered. It returns nil if the value can be anything.
func (c scope) values(n actionlint.ExprNode, event string) []string {
	if c.depth++; c.depth > 4*maxTaintDepth {
		return nil
	}
	switch n := n.(type) {
	case *actionlint.StringNode:
		return []string{n.Value}
	case *actionlint.BoolNode:
		return truthValue(truthOf(n.Value))
	case *actionlint.NullNode:
		return []string{typed + "null"}
	case *actionlint.IntNode:
		return []string{typed + strconv.Itoa(n.Value)}
	case *actionlint.NotOpNode, *actionlint.CompareOpNode:
		return truthValue(c.holds(n, event))
	case *actionlint.LogicalOpNode:
		left, right := c.values(n.Left, event), c.values(n.Right, event)
		switch c.holds(n.Left, event) {
		case truthOf(n.Kind == actionlint.LogicalOpNodeKindAnd):
			return right
		case unknown:
			return both(left, right)
		}
		return left
	case *actionlint.FuncCallNode:
		return c.result(n, event)
	}
	path, ok := contextPath(n)
	switch {
	case !ok:
		return nil
	case path[0] == "github":
		return eventValues(strings.Join(path, "."), event)
	case c.File == nil:
		return nil
	case path[0] == "inputs" && len(path) == 2:
		return c.inputValues(path[1], event)
	case path[0] == "env" && len(path) == 2 && c.job != nil && !c.overwrites(path[1]):
		return c.textValues(c.env(path[1]), event)
	case path[0] == "needs" && len(path) == 4 && c.Jobs[path[1]] != nil && c.Jobs[path[1]].Outputs[path[3]] != nil:
		j := c.Jobs[path[1]]
		return scope{c.File, j, nil, c.depth, c.from}.textValues(value(j.Outputs[path[3]].Value), event)
	case path[0] == "steps" && len(path) == 4 && c.job != nil:
		return c.outputValues(path[1], path[3], event)
	}
	return nil
}

// result is values for a call of a function.
func (c scope) result(n *actionlint.FuncCallNode, event string) []string {
	name := strings.ToLower(n.Callee)
	if len(n.Args) == 0 {
		return nil
	}
	first := c.values(n.Args[0], event)
	switch {
	case name == "case":
		if len(n.Args) < 3 {
			return first // the value of the last argument, if no condition holds
		}
		rest := &actionlint.FuncCallNode{Callee: n.Callee, Args: n.Args[2:]}
		switch c.holds(n.Args[0], event) {
		case yes:
			return c.values(n.Args[1], event)
		case no:
			return c.result(rest, event)
		}
		return both(c.values(n.Args[1], event), c.result(rest, event))
	case name == "tojson" || name == "fromjson":
		return asTyped(asText(first))
	case name == "format" && len(first) == 1:
		out := first[0]
		for i, a := range n.Args[1:] {
			v := asText(c.values(a, event))
			if len(v) != 1 {
				return nil
			}
			out = strings.ReplaceAll(out, "{"+strconv.Itoa(i)+"}", v[0])
		}
		return []string{out}
	case len(n.Args) == 2:
		return truthValue(c.search(name, n.Args[0], first, c.values(n.Args[1], event)))
	}
	return nil
}

// search evaluates contains(), startsWith() and endsWith(). in are the possible values of
// the first argument, and items those of the second.
func (c scope) search(name string, first actionlint.ExprNode, in, items []string) truth {
	if all, ok := list(first); ok && name == "contains" {
		return agree(items, []string{""}, func(v, _ string) truth {
			if v == ourValue {
				return unknown
			}
			return truthOf(slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, strings.TrimPrefix(v, typed)) }))
		})
	}
	return agree(in, items, func(s, v string) truth {
		s, v = strings.ToLower(s), strings.ToLower(v)
		switch {
		case name == "startswith" && s == tagValue && strings.HasPrefix("refs/tags/", v):
			return yes
		case name == "startswith" && s == tagValue && !strings.HasPrefix(v, "refs/tags/"):
			return no
		case name == "startswith" && strings.HasPrefix(s, forkValue) && wholeOwner(v):
			return no
		case strings.HasPrefix(s, hidden) || strings.HasPrefix(v, ourValue):
			return unknown
		case name == "contains":
			return truthOf(strings.Contains(s, v))
		case name == "startswith":
			return truthOf(strings.HasPrefix(s, v))
		case name == "endswith":
			return truthOf(strings.HasSuffix(s, v))
		}
		return unknown
	})
}

// wholeOwner reports whether a text is the beginning of an address, the name or the label
// of a repository's branch, with the whole name of the owner: acme/, acme:main.
func wholeOwner(text string) bool {
	text, address := strings.CutPrefix(text, "https://github.com/")
	return strings.IndexAny(text, "/:") > 0 && (address || !strings.HasPrefix(text, "http"))
}

// textValues is values for a text with expressions, which becomes a string.
func (c scope) textValues(text, event string) []string {
	return asText(c.rawValues(text, event))
}

func (c scope) rawValues(text, event string) []string {
	switch {
	case text == "":
		return nil // unset, or set at run time
	case !strings.Contains(text, "$"):
		return []string{text}
	}
	key := textIn{text, visit{c.job, event, c.from}, c.step}
	known, ok := c.texts[key]
	if !ok {
		c.texts[key] = nil // ends the recursion if texts need each other
		if p := placeholders(text); len(p) == 1 && p[0].text == strings.TrimSpace(text) {
			known = c.values(p[0].node, event)
		}
		c.texts[key] = known
	}
	return known
}

// textIn is a text with expressions that is evaluated in a job or step.
type textIn struct {
	text string
	visit
	step *actionlint.Step
}

// asText converts values to strings, and asTyped strings to what they say.
func asText(all []string) []string {
	var out []string
	for _, v := range all {
		if v == typed+"null" {
			v = ""
		}
		out = append(out, strings.TrimPrefix(v, typed))
	}
	return out
}

func asTyped(all []string) []string {
	var out []string
	for _, v := range all {
		if v == "true" || v == "false" || v == "null" {
			v = typed + v
		}
		out = append(out, v)
	}
	return out
}

func (c scope) inputValues(id, event string) []string {
	if c.from == nil {
		return nil
	}
	var all []string
	if in := c.from.inputs[id]; in != nil {
		from := c.from.scope
		from.depth = c.depth
		all = from.textValues(in.Value, event)
	} else {
		all = c.textValues(c.defaults[id], event)
	}
	if text, declared := c.inputs[id]; declared && !text {
		return asTyped(all) // a boolean
	}
	return all
}

// overwrites reports whether a step of the job may set a variable for later steps.
func (c scope) overwrites(name string) bool {
	return slices.ContainsFunc(c.job.Steps, func(s *actionlint.Step) bool {
		text := strings.ToLower(value(script(s)) + value(input(s, "script")))
		return (strings.Contains(text, "github_env") || strings.Contains(text, "exportvariable")) && strings.Contains(text, name)
	})
}

var echoesOutput = regexp.MustCompile(`(?m)^\s*echo\s+["']?(\w[\w-]*)=([^"'\n]*)["']?\s*>>\s*["']?\$\{?GITHUB_OUTPUT`)

// outputValues is values for the output of a step whose script writes it once, with echo.
func (c scope) outputValues(id, output, event string) []string {
	for _, s := range c.job.Steps {
		run := value(script(s))
		if !strings.EqualFold(value(s.ID), id) || strings.Count(strings.ToLower(run), output+"=") != 1 {
			continue
		}
		inner := scope{c.File, c.job, s, c.depth, c.from}
		for _, m := range echoesOutput.FindAllStringSubmatch(run, -1) {
			if !strings.EqualFold(m[1], output) {
				continue
			}
			if v := variable.FindStringSubmatch(m[2]); v != nil && (m[2] == "$"+v[2] || m[2] == "${"+v[2]+"}") && !assigns.MatchString(run) {
				return inner.textValues(inner.env(v[2]), event)
			}
			return inner.textValues(m[2], event)
		}
	}
	return nil
}
