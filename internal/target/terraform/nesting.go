package terraform

import "bytes"

// maxNesting is the maximum nesting of a configuration, and maxJoins the maximum length
// of the chains that the parser follows recursively. HCL's parser has no such limits,
// and a stack overflow would end the process.
const (
	maxNesting = 500
	maxJoins   = 5000
)

// tooDeep reports whether a file could overflow the parser's stack. It also counts
// brackets in strings and comments; real configurations are far below the limits.
func tooDeep(b []byte) bool {
	depth, unary := 0, 0
	for _, c := range b {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
		switch c {
		case '!', '-':
			unary++
		case ' ', '\t', '\r', '\n':
		default:
			unary = 0
		}
		if depth > maxNesting || unary > maxNesting {
			return true
		}
	}
	return bytes.Count(b, []byte("?")) > maxJoins || bytes.Count(b, []byte("%{")) > maxJoins
}
