package render

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// Limits of a key: its length in bytes, its depth, and the largest index.
const (
	maxKey   = 512
	maxSteps = 30
	maxIndex = 1000
)

// set sets the values at their keys. No character of a value has a special meaning. In
// a key, a dot separates maps, \. is a dot, and [2] is an element. A list of the chart
// is replaced, not merged. A key is set before longer keys that begin with it.
func (s Source) set(values map[string]any) (problems []string) {
	for _, key := range slices.Sorted(maps.Keys(s.Set)) {
		steps, err := split(key)
		if err == nil {
			_, err = put(values, steps, s.Set[key])
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %s: %v", s.at("set"), clip(key), err))
		}
	}
	return problems
}

var (
	errKey  = errors.New(`not a valid key: write names with dots between them, \. for a dot in a name, and [0] for an element`)
	element = regexp.MustCompile(`^((?:\\.|[^\\\[\]])+)((?:\[[0-9]{1,4}\])*)$`)
	index   = regexp.MustCompile(`[0-9]+`)
)

// split splits a key into names and list indexes.
func split(key string) (steps []any, err error) {
	if len(key) > maxKey {
		return nil, fmt.Errorf("the key is longer than %d bytes", maxKey)
	}
	for _, part := range atDots(key) {
		m := element.FindStringSubmatch(part)
		if m == nil {
			return nil, errKey
		}
		steps = append(steps, unescape(m[1]))
		for _, digits := range index.FindAllString(m[2], -1) {
			i, err := strconv.Atoi(digits)
			if err != nil || i > maxIndex {
				return nil, fmt.Errorf("an index in the key is larger than %d", maxIndex)
			}
			steps = append(steps, i)
		}
	}
	if len(steps) > maxSteps {
		return nil, fmt.Errorf("the key is nested more than %d levels deep: use a values file for it", maxSteps)
	}
	return steps, nil
}

// atDots splits at unescaped dots.
func atDots(key string) (parts []string) {
	from := 0
	for i := 0; i < len(key); i++ {
		switch key[i] {
		case '\\':
			i++
		case '.':
			parts = append(parts, key[from:i])
			from = i + 1
		}
	}
	return append(parts, key[from:])
}

var escaped = regexp.MustCompile(`(?s)\\(.)`)

func unescape(name string) string { return escaped.ReplaceAllString(name, "$1") }

// put returns the tree there with the value set at the end of the steps.
func put(there any, steps []any, value any) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	switch step := steps[0].(type) {
	case int:
		list, ok := there.([]any)
		if !ok && there != nil {
			return nil, errors.New("the key has an index for a value that is not a list")
		}
		for len(list) <= step {
			list = append(list, nil)
		}
		v, err := put(list[step], steps[1:], value)
		list[step] = v
		return list, err
	case string:
		m, ok := there.(map[string]any)
		if !ok && there != nil {
			return nil, errors.New("the key has a name for a value that is not a map")
		}
		if m == nil {
			m = map[string]any{}
		}
		v, err := put(m[step], steps[1:], value)
		m[step] = v
		return m, err
	}
	return nil, errKey
}
