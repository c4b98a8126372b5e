package config

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// suggest returns the known word closest to a misspelled one, as the end of a message.
func suggest(word string, known []string) string {
	if len(word) > 60 {
		return ""
	}
	best, score := "", 8
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ReplaceAll(strings.ToLower(word), "_", "-"), k)
		if d > 3 || 2*d > len(k) || d == 3 && len(k) < 9 {
			continue
		}
		d *= 2
		if word != "" && word[0] == k[0] {
			d-- // the first letter is rarely wrong
		}
		if d < score {
			best, score = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// Suggest returns the known word closest to a misspelled one as the end of a message,
// "; did you mean …?", or "" if none is close.
func Suggest(word string, known []string) string { return suggest(word, known) }

// suggestOrList is suggest, or the list of known words if none is close.
func suggestOrList(word string, known []string) string {
	if s := suggest(word, known); s != "" || len(known) == 0 {
		return s
	}
	return "; known keys: " + strings.Join(known, ", ")
}

func texts(all []any) []string {
	var out []string
	for _, v := range all {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func join(all []any) string { return strings.Join(texts(all), ", ") }
