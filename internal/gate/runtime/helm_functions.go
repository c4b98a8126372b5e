package runtime

import (
	"encoding/base64"
	"fmt"
	"strings"
	"text/template"
)

const maxRepeat = 1 << 20

// functions replace those of Helm whose result changes with every rendering, so
// that the same chart has the same findings twice, and those that fill the memory
// with one word.
func functions() template.FuncMap {
	some := func(n int) (string, error) { return repeat(n, "x") }
	return template.FuncMap{
		"randAlphaNum": some,
		"randAlpha":    some,
		"randAscii":    some,
		"randNumeric":  func(n int) (string, error) { return repeat(n, "1") },
		"randBytes": func(n int) (string, error) {
			s, err := repeat(n, "x")
			return base64.StdEncoding.EncodeToString([]byte(s)), err
		},
		"randInt":   func(least, _ int) int { return least },
		"shuffle":   func(s string) string { return s },
		"uuidv4":    func() string { return "00000000-0000-4000-8000-000000000000" },
		"repeat":    repeat,
		"until":     until,
		"untilStep": untilStep,
	}
}

func repeat(n int, s string) (string, error) {
	if n > maxRepeat || n > 0 && n*len(s) > maxRepeat {
		return "", fmt.Errorf("repeat: more than %d bytes", maxRepeat)
	}
	return strings.Repeat(s, max(0, n)), nil
}

func until(n int) ([]int, error) {
	if n < 0 {
		return untilStep(0, n, -1)
	}
	return untilStep(0, n, 1)
}

func untilStep(from, to, step int) ([]int, error) {
	out := []int{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		if len(out) == maxRepeat {
			return nil, fmt.Errorf("until: more than %d numbers", maxRepeat)
		}
		out = append(out, i)
	}
	return out, nil
}
