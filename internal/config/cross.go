package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// crossCheck finds what a schema cannot: names that refer to nothing. It reads
// the plain value, so that it speaks even when the schema has something to say.
func crossCheck(value any, doc *document) Problems {
	root, _ := value.(map[string]any)
	p := chainProblems(root, doc)
	preview, _ := root["preview"].(map[string]any)
	p = append(p, deployProblems(preview, doc, []string{"preview"})...)
	environments, _ := root["environments"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(environments)) {
		e, _ := environments[name].(map[string]any)
		p = append(p, deployProblems(e, doc, []string{"environments", name})...)
	}
	artifact, _ := root["artifact"].(map[string]any)
	p = append(p, imageProblems(artifact, doc)...)
	return append(p, artifactProblems(artifact, doc)...)
}

// imageProblems refuses a repository that no registry takes: the name without its
// host has two characters at least.
func imageProblems(artifact map[string]any, doc *document) Problems {
	image, _ := artifact["image"].(string)
	name := image
	if host, rest, ok := strings.Cut(image, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		name = rest
	}
	if len(name) != 1 {
		return nil
	}
	return Problems{at(doc.at([]string{"artifact", "image"}).value, "image repository %q is too short: a registry wants two characters at least, such as ghcr.io/owner/app", image)}
}

// ofPack are keys that say what a Dockerfile says itself.
var ofPack = []string{"entrypoint", "workdir", "user", "env", "max-size"}

// artifactProblems holds an artifact to one way of making it.
func artifactProblems(artifact map[string]any, doc *document) Problems {
	if artifact == nil {
		return nil
	}
	here := doc.at([]string{"artifact"}).node()
	_, packed := artifact["pack"]
	_, built := artifact["dockerfile"]
	_, started := artifact["entrypoint"]
	switch {
	case !packed && !built:
		return Problems{at(here, "missing key \"pack\" or \"dockerfile\" in artifact: the folder that becomes the image's root, or the Dockerfile that makes it")}
	case packed && built:
		return Problems{at(doc.at([]string{"artifact", "dockerfile"}).key, "artifact has pack and dockerfile: an image is made in one way, remove the other")}
	case packed && !started:
		return Problems{at(here, "missing key \"entrypoint\" in artifact: the command that starts the app, such as [/server]")}
	}
	var p Problems
	for _, key := range ofPack {
		if _, there := artifact[key]; built && there {
			p = append(p, at(doc.at([]string{"artifact", key}).key, "artifact.%s goes with pack: the Dockerfile says it", key))
		}
	}
	return p
}

// chainProblems holds environments to one line from the first to the last.
func chainProblems(root map[string]any, doc *document) Problems {
	environments, _ := root["environments"].(map[string]any)
	if len(environments) == 0 {
		return nil
	}
	var p Problems
	names := slices.Sorted(maps.Keys(environments))
	next := map[string]string{}
	first := ""
	for _, name := range names {
		here := doc.at([]string{"environments", name})
		e, isMapping := environments[name].(map[string]any)
		if !isMapping {
			return p // the schema says what is wrong, and the rest would be guesses
		}
		from, _ := e["from"].(string)
		value := doc.at([]string{"environments", name, "from"}).value
		switch {
		case from == "" && first != "":
			p = append(p, at(here.key, "%s has no from, and neither has %s: only the first environment has none", here.name, plainName(first)))
		case from == "":
			first = name
		case from == name:
			p = append(p, at(value, "%s.from names itself: name the environment before it, or remove the key", here.name))
		case !slices.Contains(names, from):
			p = append(p, at(value, "%s.from names %s; environments are: %s%s", here.name, quote(from), list(names), suggest(from, names)))
		case next[from] != "":
			p = append(p, at(value, "%s.from names %s, which %s follows already: a path is a line", here.name, quote(from), plainName(next[from])))
		default:
			next[from] = name
		}
	}
	if len(p) > 0 {
		return p
	}
	circle := maps.Clone(environments)
	for name := first; name != ""; name = next[name] {
		delete(circle, name)
	}
	if len(circle) > 0 {
		p = append(p, at(doc.at([]string{"environments"}).node(), "environments go round in a circle (%s): remove the from of the one that is first", list(slices.Sorted(maps.Keys(circle)))))
	}
	return p
}

func list(names []string) string {
	shown := make([]string, len(names))
	for i, n := range names {
		shown[i] = plainName(n)
	}
	return strings.Join(shown, ", ")
}

// keysOf returns the keys of a mapping in the order they are written.
func keysOf(n ast.Node) []string {
	var keys []string
	for _, v := range mappingValues(n) {
		if k, ok := v.Key.(*ast.StringNode); ok {
			keys = append(keys, k.Value)
		}
	}
	return keys
}
