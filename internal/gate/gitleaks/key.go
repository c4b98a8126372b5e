package gitleaks

import "strings"

// privateKey is the id of the library's rule for private keys.
const privateKey = "private-key"

// keyBlock replaces its expression, which also takes the text between two lines BEGIN.
const keyBlock = `(?i)-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----(?:-{0,4}[^-]){64,}?-{0,4}-----END[ A-Z0-9_-]{0,100}KEY(?: BLOCK)?-----`

// hasKey reports whether most of a block is a key. Source code that reads keys has the
// lines BEGIN and END, too, and code between them.
func hasKey(block string) bool {
	parts := strings.Split(block, "-----")
	body := strings.Join(parts[2:max(2, len(parts)-2)], "")
	key, all := 0, 0
	for _, word := range strings.FieldsFunc(body, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`\\<>,&#;", r) }) {
		all += len(word)
		if len(word) >= 16 && isBase64(word) {
			key += len(word)
		}
	}
	return key >= 60 && 2*key >= all
}
