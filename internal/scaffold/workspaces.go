package scaffold

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// workspaces returns the folders of a package.json's workspaces: those of npm and Yarn,
// or of pnpm-workspace.yaml.
func workspaces(t *tree, dir string, m manifest) []string {
	var patterns []string
	if json.Unmarshal(m.Workspaces, &patterns) != nil {
		var object struct {
			Packages []string `json:"packages"`
		}
		if json.Unmarshal(m.Workspaces, &object) == nil {
			patterns = object.Packages
		}
	}
	var pnpm struct {
		Packages []string `yaml:"packages"`
	}
	name := path.Join(dir, "pnpm-workspace.yaml")
	if b := t.read(name); b != nil {
		if err := yaml.Unmarshal(b, &pnpm); err != nil {
			t.note("%s was not read: it is not valid YAML", name)
		}
		patterns = append(patterns, pnpm.Packages...)
	}
	var all []string
	for _, found := range t.find("package.json", 5) {
		at := path.Dir(found)
		if at == dir || !within(dir, at) {
			continue
		}
		rel := at
		if dir != "." {
			rel = strings.TrimPrefix(at, dir+"/")
		}
		in := false
		for _, p := range patterns {
			not := strings.HasPrefix(p, "!")
			if p = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(p, "!"), "./"), "/"); matches(p, rel) {
				in = !not
			}
		}
		if in {
			all = append(all, at)
		}
	}
	return all
}

// matches matches a pattern of workspaces, in which ** is any number of folders.
func matches(pattern, name string) bool {
	head, deep := strings.CutSuffix(pattern, "/**")
	if pattern == "**" {
		return true
	}
	if deep {
		n := strings.Count(head, "/") + 1
		parts := strings.Split(name, "/")
		if len(parts) <= n {
			return false
		}
		ok, _ := path.Match(head, strings.Join(parts[:n], "/"))
		return ok
	}
	ok, _ := path.Match(pattern, name)
	return ok
}

// member reads one workspace as an app of its own: it is installed and built in the
// root, and started in its folder.
func member(t *tree, root *Part, dir string) *Part {
	var m, top manifest
	if json.Unmarshal(t.read(path.Join(dir, "package.json")), &m) != nil || json.Unmarshal(t.read(path.Join(root.Dir, "package.json")), &top) != nil {
		return nil
	}
	pm, _ := nodeManager(t, root.Dir, top)
	p := &Part{Dir: dir, Language: "node", Manager: root.Manager + " workspace", From: path.Join(dir, "package.json"), Ecosystem: "npm", workspace: true}
	if m.Scripts["start"] == "" && !slices.ContainsFunc(bundlers, func(b bundler) bool { return m.uses(b.name) }) {
		return nil // a library
	}
	s := nodeStart(t, dir, m, pm, false, p)
	if s == nil {
		return nil
	}
	rel := strings.TrimPrefix(strings.TrimPrefix(dir, root.Dir), "/")
	build := pm.install
	switch {
	case m.Scripts["build"] == "":
	case top.Scripts["build"] != "":
		build += " && " + pm.run + "build"
	case pm.name == "pnpm":
		build += " && pnpm --filter ./" + rel + "... run build"
	case pm.name == "npm":
		build += " && npm run build --workspaces --if-present"
	default:
		build += " && yarn --cwd " + rel + " build"
	}
	if s.pack == "dist/app" {
		s.build, s.workdir = archive(root.Dir)+" && "+build, "/"+rel
		if pm.name != "pnpm" {
			s.build += " && " + pm.prune
		}
	} else {
		s.build = cd(root.Dir, build)
	}
	p.Start = s
	p.scripts(t, dir, m, pm)
	return p
}
