package config

import (
	"regexp"
	"slices"
	"strings"
)

// sources are the keys that name what a target deploys. Exactly one must be set.
var sources = map[string][]string{
	"process":    nil,
	"server":     {"server"},
	"kubernetes": {"chart", "kustomize", "manifests"},
	"terraform":  {"terraform"},
}

// only lists the keys that apply to one source or target.
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
	{"url", nil, "server, kubernetes or terraform"},
	{"migrate", nil, "process, server or kubernetes"},
}

// Placeholder matches a word that is replaced, such as {number}.
var Placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// deployProblems checks that an environment's keys match its target.
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
		return nil // the schema reports it
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
				p = append(p, at(key(s).node(), "%s.%s does not apply to target %s: set target: %s", here.name, s, target, targetOf(s)))
			}
		}
	}
	slices.Sort(have)
	switch {
	case len(want) > 0 && len(have) == 0 && len(p) == 0:
		p = append(p, at(here.node(), "%s: target %s needs one of: %s", here.name, target, strings.Join(want, ", ")))
	case len(have) > 1:
		p = append(p, at(key(have[1]).node(), "%s has %s: keep one of them", here.name, strings.Join(have, " and ")))
	}
	for _, o := range only {
		if e[o.key] == nil {
			continue
		}
		if !strings.Contains(o.target, target) {
			p = append(p, at(key(o.key).node(), "%s.%s applies only to target %s: remove it", here.name, o.key, o.target))
		} else if len(o.with) > 0 && !slices.Contains(have, o.with[0]) {
			p = append(p, at(key(o.key).node(), "%s.%s needs %s, which is not set: remove it", here.name, o.key, o.with[0]))
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

// wordProblems finds unknown placeholders in url. In set and vars, braces may belong to
// the app.
func wordProblems(e map[string]any, key func(string) place, here place) (p Problems) {
	url, _ := e["url"].(string)
	for _, w := range Placeholder.FindAllString(url, -1) {
		if w != "{name}" && w != "{number}" {
			p = append(p, at(key("url").value, "%s.url: unknown placeholder %s; use {name} or {number}", here.name, w))
		}
	}
	return p
}
