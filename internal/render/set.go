package render

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// How long a key may be in bytes, how deep it may lead, and how far into a list.
const (
	maxKey   = 512
	maxSteps = 30
	maxIndex = 1000
)

// set puts the values at their keys, as they are: no character of a value has a
// meaning. In a key a dot leads into a map, \. is a dot, and [2] an element; a list
// of the chart is replaced, not altered. A key comes before those below it.
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
	errKey  = errors.New(`it is no key: write names with dots between them, \. for a dot in a name, and [0] for an element`)
	element = regexp.MustCompile(`^((?:\\.|[^\\\[\]])+)((?:\[[0-9]{1,4}\])*)$`)
	index   = regexp.MustCompile(`[0-9]+`)
)

// split takes a key apart into names and numbers.
func split(key string) (steps []any, err error) {
	if len(key) > maxKey {
		return nil, fmt.Errorf("it is longer than %d bytes", maxKey)
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
				return nil, fmt.Errorf("it leads further than %d into a list", maxIndex)
			}
			steps = append(steps, i)
		}
	}
	if len(steps) > maxSteps {
		return nil, fmt.Errorf("it leads deeper than %d", maxSteps)
	}
	return steps, nil
}

// atDots splits at the dots that are not escaped.
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

// put returns what stands there with the value at the end of the steps.
func put(there any, steps []any, value any) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	switch step := steps[0].(type) {
	case int:
		list, ok := there.([]any)
		if !ok && there != nil {
			return nil, errors.New("what it leads into is no list")
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
			return nil, errors.New("what it leads into is no map")
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
