package sarif

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// own are the names of goldenpath's scanners, which an imported tool cannot take.
var own = []string{"gitleaks", "osv-scanner", "trivy", "actionlint", "goldenpath", "goldenpath-workflow"}

// cleanName turns a tool's name into a short word of lower-case letters, digits and
// hyphens.
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
	if word == "" { // in another script: a hash keeps names apart
		sum := sha256.Sum256([]byte(name))
		word = "tool-" + hex.EncodeToString(sum[:4])
	}
	if slices.Contains(own, word) {
		word += "-imported"
	}
	return word
}
