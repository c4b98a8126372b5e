package terraform

import "bytes"

// maxNesting is how deep a configuration may be nested, maxJoins how often it may
// chain what the parser follows by calling itself. HCL's parser has no limit of its
// own, and running out of stack ends the process.
const (
	maxNesting = 500
	maxJoins   = 5000
)

// tooDeep reports whether a file could make the parser run out of stack. It counts
// brackets also in text and comments: what people write is far from the limits.
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
