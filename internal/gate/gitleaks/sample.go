package gitleaks

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// isSample reports whether what stands around a value says that it protects nothing. line is
// that of the value in the piece, counted from 1. Only the generic rule, which guesses from a
// word beside the value, takes notice.
func isSample(p piece, line int, value string) bool {
	before := 0 // where the line begins
	for n := 1; n < line; n++ {
		i := strings.IndexByte(p.text[before:], '\n')
		if i < 0 {
			return false
		}
		before += i + 1
	}
	text, _, _ := strings.Cut(p.text[before:], "\n")
	at := strings.Index(text, value)
	return at >= 0 && (isOwnHash(text[:at], value) || isLocal(text[:at]) || isShown(p, before, text))
}

var (
	// hashName matches the end of a name that calls its value a hash, and how it is assigned.
	hashName = regexp.MustCompile(`(?i)(?:hash(?:ed)?|digest|encrypted|checksum|sha-?(?:1|256|512)|md5)_?["'\x60\]]{0,2}(?:\s*:\s*[\w&<>]+)?\s*(?:=>|:=|=|:|,|\()\s*[\w.:(]{0,24}["'\x60]?$`)
	// digest matches a hash of 16 to 64 bytes in hex or base64.
	digest = regexp.MustCompile(`^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}|[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)$`)

	// localAddress matches the address of a page of the machine itself, up to a parameter.
	localAddress = regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?/[^\s"'<>]*[?&][\w.-]+=$`)

	// quotedName matches a line of JSON.
	quotedName = regexp.MustCompile(`^[\s*]*"[\w.-]+"\s*:\s*"`)
)

// isOwnHash reports whether the name of a value says that it is the hash of a secret, and it has
// the length of one: token_encrypted = "ca3704…".
func isOwnHash(before, value string) bool {
	return digest.MatchString(value) && hashName.MatchString(before)
}

// isLocal reports whether a value is a parameter in the address of a page that a developer had
// open: http://localhost:3000/sign?token=….
func isLocal(before string) bool { return localAddress.MatchString(before) }

// isShown reports whether a line is JSON in a comment of several lines, which describes a request
// or an answer. Code that is commented out is not JSON.
func isShown(p piece, begins int, line string) bool {
	if !quotedName.MatchString(line) || !slices.Contains(blockComments, strings.ToLower(path.Ext(p.path))) {
		return false
	}
	open := strings.LastIndex(p.text[:begins], "/*")
	return open >= 0 && !strings.Contains(p.text[open:begins], "*/") && strings.Contains(p.text[open:begins], "\n") && !strings.Contains(lineBefore(p.text, open), `"`)
}

// lineBefore returns what a line has before a place.
func lineBefore(text string, at int) string {
	return text[strings.LastIndexByte(text[:at], '\n')+1 : at]
}

// blockComments are the languages whose comments begin with a slash and a star.
var blockComments = []string{".c", ".cc", ".cpp", ".cs", ".css", ".dart", ".go", ".groovy", ".h", ".hpp", ".java", ".js", ".jsx", ".kt", ".kts", ".mjs", ".cjs", ".php", ".proto", ".rs", ".scala", ".scss", ".sql", ".swift", ".ts", ".tsx", ".vue"}

// needsWhole reports whether what stands elsewhere in a file can decide about a secret in it,
// and the lines that a commit added do not show it.
func needsWhole(p piece, s secret) bool {
	if p.whole || p.binary || s.section || s.sample || s.line == 0 || isTest(p.path) || s.rule != generic && !s.guess && !shown[s.rule] {
		return false
	}
	ext := strings.ToLower(path.Ext(p.path))
	return ext == ".rs" || railsSettings.MatchString(p.path) || s.rule == generic && slices.Contains(blockComments, ext)
}
