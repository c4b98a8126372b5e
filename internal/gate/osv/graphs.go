package osv

import (
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
)

// named maps a package name to the nodes with that name.
type named map[string][]int

func (g *graph) add(by named, name string, n node) {
	by[name] = append(by[name], len(g.nodes))
	g.nodes = append(g.nodes, n)
}

// need makes node i depend on the package name at version, or on every version of the
// package if version is "".
func (g *graph) need(i int, by named, name, version string) {
	for _, j := range by[name] {
		if j != i && (version == "" || g.nodes[j].version == version) {
			g.nodes[i].needs = append(g.nodes[i].needs, j)
		}
	}
}

// parseCargo reads Cargo.lock. A package without a source belongs to the repository.
func parseCargo(text []byte, _ func(string) []byte) manifest {
	var lock struct {
		Package []struct {
			Name, Version, Source string
			Dependencies          []string
		}
	}
	if _, err := toml.Decode(string(text), &lock); err != nil {
		return nil
	}
	g, by, at := graph{nodes: make([]node, 1)}, named{}, make([]int, len(lock.Package))
	for i, p := range lock.Package {
		if p.Source != "" {
			at[i] = len(g.nodes)
			g.add(by, p.Name, node{name: p.Name, version: p.Version})
		}
	}
	for i, p := range lock.Package {
		for _, dep := range p.Dependencies {
			name, version, _ := strings.Cut(dep, " ") // "name version (source)"
			version, _, _ = strings.Cut(version, " ")
			g.need(at[i], by, name, version)
		}
	}
	return g.manifest()
}

// parsePoetry reads poetry.lock, and the direct dependencies from pyproject.toml beside it.
func parsePoetry(text []byte, beside func(string) []byte) manifest {
	var lock struct {
		Package []struct {
			Name, Version string
			Dependencies  map[string]any
		}
	}
	if _, err := toml.Decode(string(text), &lock); err != nil {
		return nil
	}
	g, by := graph{nodes: make([]node, 1)}, named{}
	for _, p := range lock.Package {
		g.add(by, pythonName(p.Name), node{name: p.Name, version: p.Version})
	}
	for i, p := range lock.Package {
		for dep := range p.Dependencies {
			g.need(i+1, by, pythonName(dep), "")
		}
	}
	for _, name := range pyproject(beside("pyproject.toml")) {
		g.need(0, by, name, "")
	}
	return g.manifest()
}

// pyproject returns the names of a project's direct dependencies.
func pyproject(text []byte) []string {
	type group struct{ Dependencies map[string]any }
	var p struct {
		Project struct {
			Dependencies []string
			Optional     map[string][]string `toml:"optional-dependencies"`
		}
		Groups map[string][]any `toml:"dependency-groups"`
		Tool   struct {
			Poetry struct {
				Dependencies map[string]any
				Dev          map[string]any `toml:"dev-dependencies"`
				Group        map[string]group
			}
		}
	}
	if _, err := toml.Decode(string(text), &p); err != nil {
		return nil
	}
	wanted := p.Project.Dependencies
	for _, more := range p.Project.Optional {
		wanted = append(wanted, more...)
	}
	for _, more := range p.Groups {
		for _, m := range more {
			if text, ok := m.(string); ok {
				wanted = append(wanted, text)
			}
		}
	}
	tables := []map[string]any{p.Tool.Poetry.Dependencies, p.Tool.Poetry.Dev}
	for _, g := range p.Tool.Poetry.Group {
		tables = append(tables, g.Dependencies)
	}
	for _, t := range tables {
		for name := range t {
			wanted = append(wanted, name)
		}
	}
	for i, w := range wanted {
		wanted[i] = pythonName(w)
	}
	return wanted
}

// distribution returns the name at the start of a requirement: "Flask[async] >= 2".
var distribution = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*`)

func pythonName(requirement string) string { return key(distribution.FindString(requirement)) }

// parseUV reads uv.lock. Virtual and editable packages belong to the repository.
func parseUV(text []byte, _ func(string) []byte) manifest {
	type need struct{ Name, Version string }
	var lock struct {
		Package []struct {
			Name, Version string
			Source        struct{ Virtual, Editable string }
			Dependencies  []need
			Optional      map[string][]need `toml:"optional-dependencies"`
			Dev           map[string][]need `toml:"dev-dependencies"`
		}
	}
	if _, err := toml.Decode(string(text), &lock); err != nil {
		return nil
	}
	g, by, at := graph{nodes: make([]node, 1)}, named{}, make([]int, len(lock.Package))
	for i, p := range lock.Package {
		if p.Source.Virtual == "" && p.Source.Editable == "" {
			at[i] = len(g.nodes)
			g.add(by, p.Name, node{name: p.Name, version: p.Version})
		}
	}
	for i, p := range lock.Package {
		needs := p.Dependencies
		for _, more := range p.Optional {
			needs = append(needs, more...)
		}
		for _, more := range p.Dev {
			needs = append(needs, more...)
		}
		for _, n := range needs {
			g.need(at[i], by, n.Name, n.Version)
		}
	}
	return g.manifest()
}

// pnpmNeeds has the dependencies of a package or of an importer. In an importer, each
// dependency has a specifier.
type pnpmNeeds struct {
	Dependencies map[string]yaml.Node `yaml:"dependencies"`
	Dev          map[string]yaml.Node `yaml:"devDependencies"`
	Optional     map[string]yaml.Node `yaml:"optionalDependencies"`
}

// parsePNPM reads pnpm-lock.yaml of version 6 and 9.
func parsePNPM(text []byte, _ func(string) []byte) manifest {
	var lock struct {
		pnpmNeeds `yaml:",inline"`
		Importers map[string]pnpmNeeds `yaml:"importers"`
		Packages  map[string]pnpmNeeds `yaml:"packages"`
		Snapshots map[string]pnpmNeeds `yaml:"snapshots"`
	}
	if err := yaml.Unmarshal(text, &lock); err != nil {
		return nil
	}
	entries := lock.Packages
	if len(lock.Snapshots) > 0 {
		entries = lock.Snapshots
	}
	g, by := graph{nodes: make([]node, 1)}, named{}
	for id := range entries {
		id = strings.TrimPrefix(id, "/")
		plain, _, _ := strings.Cut(id, "(")
		if i := strings.LastIndexByte(plain, '@'); i > 0 {
			g.add(by, id, node{name: plain[:i], version: plain[i+1:]})
		}
	}
	g.needAll(0, by, lock.pnpmNeeds)
	for _, needs := range lock.Importers {
		g.needAll(0, by, needs)
	}
	for id, needs := range entries {
		for _, i := range by[strings.TrimPrefix(id, "/")] {
			g.needAll(i, by, needs)
		}
	}
	return g.manifest()
}

func (g *graph) needAll(i int, by named, needs pnpmNeeds) {
	for _, deps := range []map[string]yaml.Node{needs.Dependencies, needs.Dev, needs.Optional} {
		for name, v := range deps {
			var full struct {
				Version string `yaml:"version"`
			}
			version := v.Value
			if v.Kind == yaml.MappingNode && v.Decode(&full) == nil {
				version = full.Version
			}
			g.need(i, by, name+"@"+version, "")
			g.need(i, by, strings.TrimPrefix(version, "/"), "") // an alias names the package itself
		}
	}
}
