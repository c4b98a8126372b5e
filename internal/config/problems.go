package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Problem is one mistake in a file.
type Problem struct {
	File         string
	Line, Column int
	Text         string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d:%d %s", p.File, p.Line, p.Column, p.Text) }

// Problems are all the mistakes of a file, in the order of the file.
type Problems []Problem

func (p Problems) Error() string {
	all := make([]string, len(p))
	for i := range p {
		all[i] = p[i].String()
	}
	return strings.Join(all, "\n")
}

func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(p)
}

// at places a problem at a node.
func at(n ast.Node, format string, args ...any) Problem {
	p := Problem{File: File, Line: 1, Column: 1, Text: fmt.Sprintf(format, args...)}
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		p.Line, p.Column = n.GetToken().Position.Line, n.GetToken().Position.Column
	}
	return p
}

// syntaxProblem turns the YAML library's error, which quotes the source over
// several lines, into one line with its place.
func syntaxProblem(err error) error {
	p := Problem{File: File, Line: 1, Column: 1, Text: err.Error()}
	var y yaml.Error
	if errors.As(err, &y) {
		p.Text = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
	}
	p.Text = "is not valid YAML: " + strings.Join(strings.Fields(p.Text), " ")
	return Problems{p}
}

// explain turns schema violations into problems at the place they stand.
func explain(v *jsonschema.ValidationError, body ast.Node) Problems {
	var p Problems
	for _, leaf := range leaves(v) {
		p = append(p, explainOne(leaf, body)...)
	}
	return p.sorted()
}

// leaves returns the violations that have no cause of their own. Of a choice
// (anyOf) only the alternative that fits the value's kind is explained.
func leaves(v *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if _, name := v.ErrorKind.(*kind.PropertyNames); name || len(v.Causes) == 0 {
		return []*jsonschema.ValidationError{v}
	}
	causes := v.Causes
	if _, choice := v.ErrorKind.(*kind.AnyOf); choice {
		causes = slices.DeleteFunc(slices.Clone(causes), func(c *jsonschema.ValidationError) bool {
			l := leaves(c)
			_, wrongType := l[0].ErrorKind.(*kind.Type)
			return wrongType && len(l[0].InstanceLocation) == len(v.InstanceLocation)
		})
		if len(causes) == 0 {
			causes = v.Causes[:1]
		}
	}
	var all []*jsonschema.ValidationError
	for _, c := range causes {
		all = append(all, leaves(c)...)
	}
	return all
}

func explainOne(v *jsonschema.ValidationError, body ast.Node) Problems {
	key, value := find(body, v.InstanceLocation)
	where := cmp.Or(strings.Join(v.InstanceLocation, "."), "the file")
	switch k := v.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		var p Problems
		for _, name := range k.Properties {
			n, _ := find(body, append(slices.Clone(v.InstanceLocation), name))
			p = append(p, at(n, "unknown key %q%s%s", name, in(where), suggestOrList(name, known(v.InstanceLocation))))
		}
		return p
	case *kind.Required:
		n := key
		if n == nil {
			n = value
		}
		return Problems{at(n, "missing %s%s", strings.Join(k.Missing, ", "), in(where))}
	case *kind.Type:
		return Problems{at(value, "%s must be %s, not %s", where, strings.Join(k.Want, " or "), k.Got)}
	case *kind.Enum:
		return Problems{at(value, "%v is no value of %s; it is one of: %s%s", quoted(k.Got), where, join(k.Want), suggest(fmt.Sprint(k.Got), texts(k.Want)))}
	case *kind.Const:
		return Problems{at(value, "%s must be %v", where, k.Want)}
	case *kind.Pattern:
		return Problems{at(value, "%q is no %s", k.Got, patternWord(k.Want))}
	case *kind.Format:
		return Problems{at(value, "%q is no path inside the repository: write it relative to its root, without ..", k.Got)}
	case *kind.PropertyNames:
		n, _ := find(body, append(slices.Clone(v.InstanceLocation), k.Property))
		return Problems{at(n, "%q is no name: lower-case letters, digits and hyphens, at most 40", k.Property)}
	case *kind.Minimum:
		return Problems{at(value, "%s is below %s", where, k.Want.RatString())}
	case *kind.Maximum:
		return Problems{at(value, "%s is above %s", where, k.Want.RatString())}
	case *kind.MinItems, *kind.MinLength, *kind.MinProperties:
		return Problems{at(value, "%s must not be empty", where)}
	}
	return Problems{at(value, "%s: %s", where, v.Error())}
}

func in(where string) string {
	if where == "the file" {
		return ""
	}
	return " in " + where
}

func quoted(v any) any {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return v
}

func texts(all []any) []string {
	var out []string
	for _, v := range all {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func join(all []any) string { return strings.Join(texts(all), ", ") }

// suggest names the known word that a typing mistake is closest to.
func suggest(word string, known []string) string {
	best, distance := "", 4
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ReplaceAll(word, "_", "-"), k); d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// suggestOrList is suggest, or all the known words where none is close.
func suggestOrList(word string, known []string) string {
	if s := suggest(word, known); s != "" || len(known) == 0 {
		return s
	}
	return "; known are: " + strings.Join(known, ", ")
}

// find returns the key node and the value node at a path below root.
func find(root ast.Node, path []string) (key, value ast.Node) {
	value = root
	for _, part := range path {
		key = nil
		switch n := value.(type) {
		case *ast.MappingNode:
			for _, v := range n.Values {
				if v.Key.GetToken().Value == part {
					key, value = v.Key, v.Value
				}
			}
		case *ast.MappingValueNode:
			if n.Key.GetToken().Value == part {
				key, value = n.Key, n.Value
			}
		case *ast.SequenceNode:
			if i, err := strconv.Atoi(part); err == nil && i < len(n.Values) {
				value = n.Values[i]
			}
		}
	}
	return key, value
}
