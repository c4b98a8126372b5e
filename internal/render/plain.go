package render

import (
	"path"
	"strings"
)

// plain reads the manifests in a file, or in a folder and its subfolders.
func (t *Tree) plain(s Source) (Result, error) {
	name := path.Clean(s.Manifests)
	files := []string{name}
	r := Result{Generic: name}
	if !t.Has(name) {
		files = t.below(name)
		links, err := t.links(name)
		if err != nil {
			return r, err
		}
		r.Gaps = links
	}
	read := 0
	for _, f := range files {
		// Hidden files of a repository are settings of tools, and workflows.
		if f != name && (!IsManifest(f) || name == "." && strings.HasPrefix(f, ".")) {
			continue
		}
		read++
		text, err := t.Read(f, maxFile)
		if err != nil {
			return r, err
		}
		r.add(f, text, true)
	}
	if read == 0 {
		r.Gaps = append(r.Gaps, Gap{What: name, Why: "no manifest found", Remedy: "correct " + s.at("manifests") + " in .goldenpath.yml"})
	}
	return r, nil
}
