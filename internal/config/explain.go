package config

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// explainer turns schema violations into messages with their place.
type explainer struct {
	doc    *document
	schema node
	titles map[string]string // of patterns, from the schema
}

// names checks the keys of mappings whose keys are names. The library does not reliably
// report the place of a wrong name, because it shares the slice of the path.
func (e explainer) names() Problems {
	var p Problems
	for _, path := range e.doc.mappings {
		want := e.schema.at(path).PropertyNames
		if want == nil {
			continue
		}
		pattern := want.resolve(e.schema).Pattern
		allowed, err := regexp.Compile(pattern)
		if err != nil {
			panic(err) // the schema is goldenpath's own
		}
		for _, v := range keysOf(e.doc.at(path).value) {
			if !allowed.MatchString(v) {
				p = append(p, at(e.doc.at(below(path, v)).key, "%s is not a valid %s", quote(v), e.titles[pattern]))
			}
		}
	}
	return p
}

func (e explainer) explain(v *jsonschema.ValidationError) Problems {
	var p Problems
	for _, leaf := range leaves(v) {
		p = append(p, e.one(leaf)...)
	}
	return p
}

// leaves returns the violations without a more specific cause. For anyOf it explains
// only the alternative that has the value's type.
func leaves(v *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if _, name := v.ErrorKind.(*kind.PropertyNames); name {
		return nil // see names
	}
	if len(v.Causes) == 0 {
		return []*jsonschema.ValidationError{v}
	}
	_, choice := v.ErrorKind.(*kind.AnyOf)
	var all []*jsonschema.ValidationError
	var wrong *kind.Type
	for _, c := range v.Causes {
		below := leaves(c)
		if choice && len(below) == 1 && len(below[0].InstanceLocation) == len(v.InstanceLocation) {
			if t, ok := below[0].ErrorKind.(*kind.Type); ok {
				if wrong == nil {
					wrong = &kind.Type{Got: t.Got}
				}
				wrong.Want = append(wrong.Want, t.Want...)
				continue
			}
		}
		all = append(all, below...)
	}
	if len(all) == 0 && wrong != nil {
		return []*jsonschema.ValidationError{{InstanceLocation: v.InstanceLocation, ErrorKind: wrong}}
	}
	return all
}

func (e explainer) one(v *jsonschema.ValidationError) Problems {
	p := e.doc.at(v.InstanceLocation)
	here := e.schema.at(v.InstanceLocation)
	name := p.name
	say := func(format string, args ...any) Problems { return Problems{at(p.value, format, args...)} }
	switch k := v.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		var all Problems
		for _, unknown := range k.Properties {
			key := e.doc.at(below(v.InstanceLocation, unknown)).key
			all = append(all, at(key, "unknown key %s%s%s", quote(unknown), in(name), suggestOrList(unknown, here.keys())))
		}
		return all
	case *kind.Required:
		var all Problems
		for _, missing := range k.Missing {
			all = append(all, at(p.node(), "missing key %q%s%s", missing, in(name), here.child(missing).summary(e.schema)))
		}
		return all
	case *kind.Type:
		return say("%s", typeText(p, k, e.titles[here.Pattern]))
	case *kind.Enum:
		return say("%s is not a valid %s; use one of: %s%s", value(k.Got), name, join(k.Want), suggest(fmt.Sprint(k.Got), texts(k.Want)))
	case *kind.Const:
		return say("%s must be %v, not %s", name, k.Want, value(k.Got))
	case *kind.Pattern:
		return say("%s is not a valid %s", quote(k.Got), e.titles[k.Want])
	case *kind.Format:
		return say("%s is not a valid %s", value(k.Got), e.formatTitle(k.Got, here.Pattern))
	case *kind.Minimum:
		return say("%s is %s; it must be at least %s", name, number(k.Got), number(k.Want))
	case *kind.ExclusiveMinimum:
		return say("%s is %s; it must be above %s: raise it or remove the key", name, number(k.Got), number(k.Want))
	case *kind.Maximum:
		return say("%s is %s; it must be at most %s", name, number(k.Got), number(k.Want))
	case *kind.MinItems, *kind.MinLength, *kind.MinProperties:
		return say("%s must not be empty: fill it or remove the key", name)
	case *kind.MaxLength:
		return say("%s is %d characters long; at most %d are accepted", name, k.Got, k.Want)
	}
	return say("%s: %s", name, printable(v.Error()))
}

// typeText names the required type and the actual one, in YAML's terms.
func typeText(p place, k *kind.Type, title string) string {
	want := make([]string, len(k.Want))
	for i, w := range k.Want {
		want[i] = typeWord(w)
	}
	remedy := ""
	if title != "" {
		want = []string{article(title)}
	} else if slices.Contains(k.Want, "string") && (k.Got == "number" || k.Got == "boolean") {
		remedy = ": put it in quotes"
	}
	wanted := strings.Join(want, " or ")
	if k.Got == "null" {
		return fmt.Sprintf("%s is empty: give it %s, or remove the key", p.name, wanted)
	}
	got := typeWord(k.Got)
	switch n := p.value.(type) {
	case *ast.StringNode:
		got = quote(n.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		got = printable(n.GetToken().Value)
	}
	return fmt.Sprintf("%s must be %s, not %s%s", p.name, wanted, got, remedy)
}

func typeWord(jsonType string) string {
	return map[string]string{
		"string": "text", "object": "a mapping", "array": "a list", "integer": "a whole number",
		"number": "a number", "boolean": "true or false", "null": "nothing",
	}[jsonType]
}

// value formats a scalar as written, and the type of anything larger.
func value(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case map[string]any:
		return typeWord("object")
	case []any:
		return typeWord("array")
	case nil:
		return typeWord("null")
	}
	return fmt.Sprint(v)
}

func number(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return fmt.Sprintf("%g", f)
}

func in(name string) string {
	if name == "" {
		return ""
	}
	return " in " + name
}
