package manifest

import (
	"strconv"
	"strings"
)

// field is a place in an object. The place may have no value.
type field struct {
	v      any
	parent *field
	key    string // of a map
	index  int    // of a list, if key is empty
	check  *inspection
}

// get returns a field of a map, by one or several keys. If a value on the way is not a
// map, get adds a violation, and the returned field is empty.
func (f *field) get(keys ...string) *field {
	for _, key := range keys {
		m, ok := f.v.(map[string]any)
		if !ok && f.v != nil {
			f.wrongType("a map")
		}
		f = &field{v: m[key], parent: f, key: key, check: f.check}
	}
	return f
}

// list returns the elements of a list.
func (f *field) list() []*field {
	l, ok := f.v.([]any)
	if !ok && f.v != nil {
		f.wrongType("a list")
	}
	out := make([]*field, len(l))
	for i, v := range l {
		out[i] = &field{v: v, parent: f, index: i, check: f.check}
	}
	return out
}

// texts returns the strings in a list of strings.
func (f *field) texts() (out []string) {
	for _, e := range f.list() {
		out = append(out, e.text())
	}
	return out
}

func (f *field) text() string {
	s, ok := f.v.(string)
	if !ok && f.v != nil {
		f.wrongType("a string")
	}
	return s
}

// is reports whether a boolean field is set to want. It returns false for a field that
// is not set.
func (f *field) is(want bool) bool {
	b, ok := f.v.(bool)
	if !ok && f.v != nil {
		f.wrongType("true or false")
	}
	return ok && b == want
}

// number returns the value of an integer field, and false if it has none.
func (f *field) number() (int64, bool) {
	switch n := f.v.(type) {
	case nil:
	case int64:
		return n, true
	case float64:
		if float64(int64(n)) == n {
			return int64(n), true
		}
		f.wrongType("a whole number")
	default:
		f.wrongType("a whole number")
	}
	return 0, false
}

// set reports whether the field has a value other than null.
func (f *field) set() bool { return f.v != nil }

// path returns the path of the field: "spec.containers[0].image".
func (f *field) path() string {
	var steps []string
	for ; f.parent != nil; f = f.parent {
		if f.key != "" {
			steps = append(steps, "."+f.key)
		} else {
			steps = append(steps, "["+strconv.Itoa(f.index)+"]")
		}
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		b.WriteString(steps[i])
	}
	return strings.TrimPrefix(b.String(), ".")
}

// line returns the line of the field, or the line of its nearest parent that has one.
func (f *field) line() int {
	var up []*field
	for ; f.parent != nil; f = f.parent {
		up = append(up, f)
	}
	node, line := f.check.object.node, f.check.object.Line
	for i := len(up) - 1; i >= 0 && node != nil; i-- {
		if up[i].key != "" {
			node = step(node, up[i].key)
		} else {
			node = step(node, up[i].index)
		}
		if node != nil {
			line = node.Line
		}
	}
	return line
}

func (f *field) wrongType(want string) { f.malformed("is a " + kindOf(f.v) + ", not " + want) }

func (f *field) malformed(how string) { f.check.broken = append(f.check.broken, hit{f, how}) }
