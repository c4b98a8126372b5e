package config

import (
	"encoding/json"
	"strings"
)

// titles returns the title of each pattern in the schema: what a message calls a value
// that the pattern accepts, such as "duration such as 30m, 24h or 7d".
func titles(schema []byte) map[string]string {
	all := map[string]string{}
	var tree any
	if json.Unmarshal(schema, &tree) == nil {
		addTitles(tree, all)
	}
	return all
}

func addTitles(tree any, all map[string]string) {
	switch v := tree.(type) {
	case map[string]any:
		pattern, _ := v["pattern"].(string)
		title, _ := v["title"].(string)
		if pattern != "" {
			all[pattern] = title
		}
		for _, inner := range v {
			addTitles(inner, all)
		}
	case []any:
		for _, inner := range v {
			addTitles(inner, all)
		}
	}
}

// formatTitle returns what a message calls a value of a format. A value with a pattern
// too has the pattern's title, so that both violations give the same message.
func (e explainer) formatTitle(got any, pattern string) string {
	if pattern == "" {
		return "path inside the repository: write it relative to the root, without .."
	}
	title := e.titles[pattern]
	if s, _ := got.(string); s != "" && strings.Trim(s, "0.dhms") == "" {
		title += ": zero is not accepted; remove the key to use the default"
	}
	return title
}

// article puts "a" or "an" before a title.
func article(title string) string {
	if strings.ContainsAny(title[:1], "aeiou") {
		return "an " + title
	}
	return "a " + title
}
