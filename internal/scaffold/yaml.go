package scaffold

import (
	"encoding/json"
	"regexp"
	"strings"
)

var (
	plainScalar = regexp.MustCompile(`^(-[A-Za-z]|[A-Za-z0-9_./$])[A-Za-z0-9_./$@+ ="'&|<>()*{}-]*$`)
	otherType   = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|~|y|n|[-+.]?[0-9][-+.0-9_a-fxo:]*|\.(inf|nan))$`)
)

// scalar writes text as a YAML scalar on one line that reads back as the same text. A
// flow mapping allows fewer characters without quotes.
func scalar(s string, flow bool) string {
	if plainScalar.MatchString(s) && !otherType.MatchString(s) && strings.TrimSpace(s) == s && !strings.Contains(s, " #") &&
		!strings.HasSuffix(s, "=") && (!flow || !strings.ContainsAny(s, "{},[]")) {
		return s
	}
	b, err := json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		return `""` // a string always marshals
	}
	// A JSON string is a YAML double-quoted one. These are escaped only for HTML.
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

func list(items []string) string {
	var out []string
	for _, i := range items {
		out = append(out, scalar(i, true))
	}
	return "[" + strings.Join(out, ", ") + "]"
}
