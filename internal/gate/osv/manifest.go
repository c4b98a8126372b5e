package osv

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/google/osv-scanner/v2/pkg/models"
)

// dependency is what a lock file states about a package in addition to its version.
type dependency struct {
	direct   bool
	through  []string // names from a direct dependency down to the one that requires the package
	licences []string
	replaces bool // a replace directive names the version
}

// manifest has the dependencies of one file by name and version.
type manifest map[[2]string]dependency

func (m manifest) of(p models.PackageVulns) dependency {
	return m[[2]string{p.Package.Inventory.Name, p.Package.Inventory.Version}]
}

// parserOf returns the function that parses a file with this name, or nil if there is
// none. The function returns nil for a file that it cannot read; the library reports
// that file.
func parserOf(base string) func(text []byte, beside func(name string) []byte) manifest {
	switch base {
	case "go.mod":
		return parseGoMod
	case "package-lock.json", "npm-shrinkwrap.json":
		return parseNPM
	case "composer.lock":
		return parseComposer
	case "Cargo.lock":
		return parseCargo
	case "poetry.lock":
		return parsePoetry
	case "uv.lock":
		return parseUV
	case "pnpm-lock.yaml":
		return parsePNPM
	}
	return nil
}

// parsed are manifests by their path in the repository.
type parsed struct {
	files map[string]manifest
	err   error
}

// manifests parses, in parallel to the library, every file of the stage that contains
// more than versions.
func (s *stage) manifests() <-chan parsed {
	done := make(chan parsed, 1)
	go func() {
		out := map[string]manifest{}
		var err error
		defer func() { done <- parsed{out, err} }()
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("cannot read which dependency requires which: panic: %v", p)
			}
		}()
		for name, original := range s.names {
			base := path.Base(name)
			if base == packageText {
				base = path.Base(original)
			}
			parse := parserOf(base)
			if parse == nil {
				continue
			}
			read := func(name string) []byte {
				text, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(name)))
				if err != nil {
					return nil
				}
				return text
			}
			beside := func(other string) []byte {
				if safe := s.safe[path.Join(path.Dir(original), other)]; safe != "" {
					return read(safe)
				}
				return nil
			}
			out[original] = parse(read(name), beside)
		}
	}()
	return done
}

// graph has the dependencies of each package. Node 0 is the repository itself.
type graph struct{ nodes []node }

type node struct {
	name, version string
	licences      []string
	needs         []int
}

// longest is the longest chain that is reported; real ones have about ten names.
const longest = 50

// manifest finds the shortest path from the repository to each package. A package that
// is not reachable has no path.
func (g graph) manifest() manifest {
	from := make([]int, len(g.nodes))
	for i := range from {
		from[i] = -1
	}
	queue := []int{0}
	seen := map[int]bool{0: true}
	m := manifest{}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, j := range g.nodes[i].needs {
			if !seen[j] {
				seen[j], from[j] = true, i
				queue = append(queue, j)
			}
		}
		if i == 0 {
			continue
		}
		n := g.nodes[i]
		k := [2]string{n.name, n.version}
		if known, ok := m[k]; ok {
			known.licences = distinct(append(known.licences, n.licences...))
			m[k] = known
			continue
		}
		d := dependency{direct: from[i] == 0, licences: n.licences}
		for j := from[i]; j > 0 && len(d.through) < longest; j = from[j] {
			d.through = append(d.through, g.nodes[j].name)
		}
		slices.Reverse(d.through)
		m[k] = d
	}
	for i, n := range g.nodes {
		if k := ([2]string{n.name, n.version}); i > 0 {
			known := m[k]
			known.licences = distinct(append(known.licences, n.licences...))
			m[k] = known
		}
	}
	return m
}
