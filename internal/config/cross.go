package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// crossCheck finds what a schema cannot: names that refer to nothing. It reads
// the plain value, so that it speaks even when the schema has something to say.
func crossCheck(value any, body ast.Node) Problems {
	root, _ := value.(map[string]any)
	p := chainProblems(root, body)
	artifact, _ := root["artifact"].(map[string]any)
	if artifact["pack"] != nil && artifact["entrypoint"] == nil {
		key, _ := find(body, []string{"artifact"})
		p = append(p, at(key, "missing entrypoint in artifact: the command that starts the app, such as [/server]"))
	}
	return p
}

// chainProblems holds environments to one line from the first to the last.
func chainProblems(root map[string]any, body ast.Node) Problems {
	environments, _ := root["environments"].(map[string]any)
	if len(environments) == 0 {
		return nil
	}
	var p Problems
	names := slices.Sorted(maps.Keys(environments))
	next := map[string]string{}
	first := ""
	for _, name := range names {
		e, _ := environments[name].(map[string]any)
		from, _ := e["from"].(string)
		_, place := find(body, []string{"environments", name, "from"})
		switch {
		case from == "":
			first = name
		case !slices.Contains(names, from):
			p = append(p, at(place, "%s.from names %q; environments are: %s%s", name, from, strings.Join(names, ", "), suggest(from, names)))
		case next[from] != "":
			p = append(p, at(place, "%s.from names %q, which %s follows already: a path is a line", name, from, next[from]))
		default:
			next[from] = name
		}
	}
	walked := 0
	for name := first; name != "" && walked <= len(names); name = next[name] {
		walked++
	}
	if len(p) == 0 && walked != len(names) {
		key, _ := find(body, []string{"environments"})
		p = append(p, at(key, "environments form no line: exactly one has no from, and each other follows another (%s)", strings.Join(names, ", ")))
	}
	return p
}
