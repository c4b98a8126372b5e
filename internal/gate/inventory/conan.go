package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// conanReference matches name/version@user/channel#revision%time.
var conanReference = regexp.MustCompile(`^([^/@#%]+)/([^/@#%]+)`)

// readConan reads conan.lock. A package of a user is looked up like the one of ConanCenter,
// which it usually is.
func readConan(f file) ([]Package, error) {
	var lock struct {
		Version string   `json:"version"`
		Host    []string `json:"requires"`
		Build   []string `json:"build_requires"`
		Python  []string `json:"python_requires"`
		Config  []string `json:"config_requires"`
		Graph   struct {
			Nodes map[string]struct {
				Ref string `json:"ref"`
			} `json:"nodes"`
		} `json:"graph_lock"` // of Conan 1
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	references := slices.Concat(lock.Host, lock.Build, lock.Python, lock.Config)
	for _, key := range slices.Sorted(maps.Keys(lock.Graph.Nodes)) {
		if ref := lock.Graph.Nodes[key].Ref; strings.Contains(ref, "/") { // else the project itself
			references = append(references, ref)
		}
	}
	at := lines{text: f.text}
	var all []Package
	for _, reference := range references {
		at.at, at.line = 0, 0
		line := at.next(`"` + reference)
		m := conanReference.FindStringSubmatch(reference)
		if m == nil {
			return all, fmt.Errorf("line %d: %q does not name a package and a version", line, reference)
		}
		p := Package{Name: m[1], Version: m[2], Line: line}
		if strings.HasPrefix(m[2], "[") {
			p.Version, p.Range = "", m[2]
		}
		all = append(all, p)
	}
	return all, nil
}
