package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// crossCheck finds what a schema cannot express, such as names that refer to nothing. It
// reads the plain value, so that it also works on a file that violates the schema.
func crossCheck(value any, doc *document) Problems {
	root, _ := value.(map[string]any)
	p := chainProblems(root, doc)
	preview, _ := root["preview"].(map[string]any)
	p = append(p, deployProblems(preview, doc, []string{"preview"})...)
	environments, _ := root["environments"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(environments)) {
		e, _ := environments[name].(map[string]any)
		p = append(p, deployProblems(e, doc, []string{"environments", name})...)
		p = append(p, laptopProblems(name, environments, doc)...)
	}
	p = append(p, serverProblems(root, doc)...)
	p = append(p, portProblems(environments, doc)...)
	artifact, _ := root["artifact"].(map[string]any)
	p = append(p, imageProblems(artifact, doc)...)
	p = append(p, appProblems(root, artifact, doc)...)
	return append(p, artifactProblems(artifact, doc)...)
}

// laptopProblems rejects a name that Laptop gives to another environment.
func laptopProblems(name string, environments map[string]any, doc *document) Problems {
	of, ok := strings.CutPrefix(name, localPrefix)
	e, _ := environments[of].(map[string]any)
	target, _ := e["target"].(string)
	if !ok || target == "" || target == processTarget {
		return nil
	}
	return Problems{at(doc.at([]string{"environments", name}).key, "goldenpath run uses the name %s for %s on this machine: choose another name", plainName(name), plainName(of))}
}

// serverProblems finds names of servers that servers does not have.
func serverProblems(root map[string]any, doc *document) (p Problems) {
	servers, _ := root["servers"].(map[string]any)
	known := slices.Sorted(maps.Keys(servers))
	check := func(deploy any, path ...string) {
		d, _ := deploy.(map[string]any)
		all, isList := d["server"].([]any)
		if !isList {
			all = []any{d["server"]}
		}
		here := doc.at(append(path, "server"))
		for i, s := range all {
			if slices.ContainsFunc(all[:i], func(other any) bool { return reflect.DeepEqual(other, s) }) {
				p = append(p, at(here.value, "%s names one server twice: remove one", here.name))
			}
			if name, is := s.(string); is && !slices.Contains(known, name) {
				p = append(p, at(here.value, "%s names %s; servers are: %s%s", here.name, quote(name), cmp.Or(list(known), "none (add servers: {"+plainName(name)+": {host: …, host-key: …}})"), suggest(name, known)))
			}
		}
	}
	check(root["preview"], "preview")
	environments, _ := root["environments"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(environments)) {
		check(environments[name], "environments", name)
	}
	return p
}

// portProblems rejects two environments of one machine with the same port.
func portProblems(environments map[string]any, doc *document) (p Problems) {
	first := map[string]string{} // of any value, because the schema has not accepted it yet
	for _, name := range slices.Sorted(maps.Keys(environments)) {
		e, _ := environments[name].(map[string]any)
		target, _ := e["target"].(string)
		port := fmt.Sprint(e["port"])
		if e["port"] == nil || port == "0" || target != "" && target != processTarget {
			continue
		}
		if other, taken := first[port]; taken {
			p = append(p, at(doc.at([]string{"environments", name, "port"}).node(), "environments.%s.port is also the port of %s, on the same machine: choose another one", plainName(name), plainName(other)))
			continue
		}
		first[port] = name
	}
	return p
}

// imageProblems rejects a repository name of one character, which registries reject.
func imageProblems(artifact map[string]any, doc *document) Problems {
	image, _ := artifact["image"].(string)
	name := image
	if host, rest, ok := strings.Cut(image, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		name = rest
	}
	if len(name) != 1 {
		return nil
	}
	return Problems{at(doc.at([]string{"artifact", "image"}).value, "image repository %q is too short: use at least two characters, such as ghcr.io/owner/app", image)}
}

// appProblems rejects a name of one character if it is also the name of the image.
func appProblems(root, artifact map[string]any, doc *document) Problems {
	app, _ := root["app"].(string)
	if artifact == nil || artifact["image"] != nil || len(app) != 1 {
		return nil
	}
	return Problems{at(doc.at([]string{"app"}).value, "app %q is too short to be the name of its image: use at least two characters, or set artifact.image", app)}
}

// ofPack are the keys that apply only to pack, because a Dockerfile has its own.
var ofPack = []string{"entrypoint", "workdir", "user", "env", "max-size"}

// artifactProblems checks that an artifact is built in exactly one way.
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
		return Problems{at(here, "missing key \"pack\" or \"dockerfile\" in artifact: set the folder that becomes the image's root, or the Dockerfile that builds it")}
	case packed && built:
		return Problems{at(doc.at([]string{"artifact", "dockerfile"}).key, "artifact has both pack and dockerfile: remove one of them")}
	case packed && !started:
		return Problems{at(here, "missing key \"entrypoint\" in artifact: the command that starts the app, such as [/server]")}
	}
	var p Problems
	for _, key := range ofPack {
		if _, set := artifact[key]; built && set {
			p = append(p, at(doc.at([]string{"artifact", key}).key, "artifact.%s applies only to pack: remove it and set it in the Dockerfile", key))
		}
	}
	return p
}

// chainProblems checks that the environments form one chain.
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
			return p // the schema reports it
		}
		from, _ := e["from"].(string)
		value := doc.at([]string{"environments", name, "from"}).value
		switch {
		case from == "" && first != "":
			p = append(p, at(here.key, "%s has no from, and neither does %s: only the first environment may omit it", here.name, plainName(first)))
		case from == "":
			first = name
		case from == name:
			p = append(p, at(value, "%s.from names itself: name the previous environment, or remove the key", here.name))
		case !slices.Contains(names, from):
			p = append(p, at(value, "%s.from names %s; environments are: %s%s", here.name, quote(from), list(names), suggest(from, names)))
		case next[from] != "":
			p = append(p, at(value, "%s.from names %s, but %s already follows it; each environment may have one successor", here.name, quote(from), plainName(next[from])))
		default:
			next[from] = name
		}
	}
	if len(p) > 0 {
		return p
	}
	cycle := maps.Clone(environments)
	for name := first; name != ""; name = next[name] {
		delete(cycle, name)
	}
	if len(cycle) > 0 {
		p = append(p, at(doc.at([]string{"environments"}).node(), "environments form a cycle (%s): remove from in the first one", list(slices.Sorted(maps.Keys(cycle)))))
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
