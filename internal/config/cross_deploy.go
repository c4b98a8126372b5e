package config

import (
	"regexp"
	"slices"
	"strings"
)

// sources are what a target deploys: exactly one of them is named.
var sources = map[string][]string{
	"process":    nil,
	"kubernetes": {"chart", "kustomize", "manifests"},
	"terraform":  {"terraform"},
}

// only says for which source, or target, a key means something.
var only = []struct {
	key    string
	with   []string
	target string
}{
	{"values", []string{"chart"}, "kubernetes"},
	{"set", []string{"chart"}, "kubernetes"},
	{"vars", []string{"terraform"}, "terraform"},
	{"backend", []string{"terraform"}, "terraform"},
	{"replace-image", nil, "kubernetes"},
	{"pull-secret", nil, "kubernetes"},
	{"isolation", nil, "kubernetes"},
	{"namespace", nil, "kubernetes"},
	{"url", nil, "kubernetes or terraform"},
}

// Placeholder is a word that is filled in: {number}.
var Placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Words are what can be filled in.
var Words = []string{"{name}", "{number}", "{host}", "{url}", "{namespace}", "{commit}", "{digest}", "{image}"}

// deployProblems holds the keys of an environment to its target.
func deployProblems(e map[string]any, doc *document, path []string) (p Problems) {
	if e == nil {
		return nil
	}
	here := doc.at(path)
	key := func(name string) place { return doc.at(append(slices.Clone(path), name)) }
	target, _ := e["target"].(string)
	if target == "" {
		target = "process"
	}
	want, known := sources[target]
	if !known {
		return nil // the schema says so
	}
	var have []string
	for _, all := range sources {
		for _, s := range all {
			if e[s] == nil {
				continue
			}
			if slices.Contains(want, s) {
				have = append(have, s)
			} else {
				p = append(p, at(key(s).node(), "%s.%s is not for target %s: write target: %s", here.name, s, target, targetOf(s)))
			}
		}
	}
	slices.Sort(have)
	switch {
	case len(want) > 0 && len(have) == 0 && len(p) == 0:
		p = append(p, at(here.node(), "%s: target %s needs %s: what is deployed", here.name, target, strings.Join(want, ", ")))
	case len(have) > 1:
		p = append(p, at(key(have[1]).node(), "%s names %s: one of them is deployed", here.name, strings.Join(have, " and ")))
	}
	for _, o := range only {
		if e[o.key] == nil {
			continue
		}
		if !strings.Contains(o.target, target) {
			p = append(p, at(key(o.key).node(), "%s.%s is for target %s only: remove it", here.name, o.key, o.target))
		} else if len(o.with) > 0 && !slices.Contains(have, o.with[0]) {
			p = append(p, at(key(o.key).node(), "%s.%s belongs to a %s, and there is none: remove it", here.name, o.key, o.with[0]))
		}
	}
	return append(p, wordProblems(e, key, here)...)
}

func targetOf(source string) string {
	for target, all := range sources {
		if slices.Contains(all, source) {
			return target
		}
	}
	return ""
}

// wordProblems finds placeholders that nothing fills in. In set and vars braces
// may be the app's own.
func wordProblems(e map[string]any, key func(string) place, here place) (p Problems) {
	url, _ := e["url"].(string)
	for _, w := range Placeholder.FindAllString(url, -1) {
		if w != "{name}" && w != "{number}" {
			p = append(p, at(key("url").value, "%s.url: nothing fills in %s; {name} and {number} are", here.name, w))
		}
	}
	return p
}
