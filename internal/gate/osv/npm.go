package osv

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"path"
	"strings"
)

// npmPackage is an entry of package-lock.json in version 2 or later of the format.
type npmPackage struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	Link                 bool              `json:"link"`
	Resolved             string            `json:"resolved"`
	License              jsontext.Value    `json:"license"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	PeerDependencies     map[string]string `json:"peerDependencies"`
}

// parseNPM reads package-lock.json of version 2 and 3; version 1 does not have the direct
// dependencies. Paths outside of node_modules are the repository itself.
func parseNPM(text []byte, _ func(string) []byte) manifest {
	var lock struct {
		Packages map[string]npmPackage `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil
	}
	g, at := graph{nodes: make([]node, 1)}, map[string]int{}
	for name, p := range lock.Packages {
		if !strings.Contains("/"+name, "/node_modules/") {
			at[name] = 0
			continue
		}
		if p.Link {
			continue
		}
		at[name] = len(g.nodes)
		g.nodes = append(g.nodes, node{name: npmName(name, p), version: p.Version, licences: npmLicence(p.License)})
	}
	for name, p := range lock.Packages {
		i, ok := at[name]
		if !ok {
			continue
		}
		needs := []map[string]string{p.Dependencies, p.OptionalDependencies, p.PeerDependencies}
		if i == 0 {
			needs = append(needs, p.DevDependencies)
		}
		for _, deps := range needs {
			for dep := range deps {
				if j := npmResolve(at, name, dep); j > 0 {
					g.nodes[i].needs = append(g.nodes[i].needs, j)
				}
			}
		}
	}
	return g.manifest()
}

// npmResolve finds a package as Node.js does: in node_modules of the folder, then of
// the folders above. It returns -1 if the package is not found.
func npmResolve(at map[string]int, from, name string) int {
	const deepest = 200
	for range deepest {
		if i, ok := at[strings.TrimPrefix(from+"/node_modules/"+name, "/")]; ok {
			return i
		}
		if from == "" {
			break
		}
		if from = path.Dir(from); from == "." {
			from = ""
		}
	}
	return 0
}

func npmName(at string, p npmPackage) string {
	if p.Name != "" {
		return p.Name
	}
	return at[strings.LastIndex("/"+at, "/node_modules/")+len("node_modules/"):]
}

// npmLicence reads a licence of package.json: a word, or the older {"type": …}.
func npmLicence(v jsontext.Value) []string {
	var word string
	if json.Unmarshal(v, &word) == nil && word != "" {
		return []string{word}
	}
	var old struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(v, &old) == nil && old.Type != "" {
		return []string{old.Type}
	}
	return nil
}

// parseComposer reads the licences of composer.lock. Several licences of a package are a
// choice, as Composer defines them.
func parseComposer(text []byte, _ func(string) []byte) manifest {
	type entry struct {
		Name    string   `json:"name"`
		Version string   `json:"version"`
		License []string `json:"license"`
	}
	var lock struct {
		Packages []entry `json:"packages"`
		Dev      []entry `json:"packages-dev"`
	}
	if err := json.Unmarshal(text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil
	}
	m := manifest{}
	for _, p := range append(lock.Packages, lock.Dev...) {
		if len(p.License) > 1 {
			p.License = []string{"(" + strings.Join(p.License, " OR ") + ")"}
		}
		m[[2]string{p.Name, strings.TrimPrefix(p.Version, "v")}] = dependency{licences: p.License}
	}
	return m
}
