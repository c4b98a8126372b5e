package sarif

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// own are the scanners that run here. A file cannot speak for them.
var own = []string{"gitleaks", "osv-scanner", "trivy", "actionlint", "goldenpath", "goldenpath-workflow"}

// cleanName makes a short word of a tool's name: lower case, digits and hyphens.
func cleanName(name string) string {
	const longest = 40
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(name)) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteByte(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == longest {
			break
		}
	}
	word := strings.Trim(b.String(), "-")
	if word == "" { // of another script: tell it from others at least
		sum := sha256.Sum256([]byte(name))
		word = "tool-" + hex.EncodeToString(sum[:4])
	}
	if slices.Contains(own, word) {
		word += "-imported"
	}
	return word
}
