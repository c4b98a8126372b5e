package runtime

import (
	"path"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// plain reads the manifests of a file, or of every folder below one.
func (s Source) plain(t *tree) (rendering, error) {
	name := path.Clean(s.Manifests)
	files := []string{name}
	r := rendering{generic: name}
	if !t.has(name) {
		files = t.below(name)
		links, err := t.links(name)
		if err != nil {
			return r, err
		}
		r.missing = links
	}
	read := 0
	for _, f := range files {
		if !isYAML(f) && f != name {
			continue
		}
		read++
		text, err := t.read(f, maxFile)
		if err != nil {
			return r, err
		}
		r.try(f, text, true)
	}
	if read == 0 {
		r.missing = append(r.missing, gate.Gap{What: name, Why: "there is no manifest in it", Remedy: "correct gate.runtime in .goldenpath.yml"})
	}
	return r, nil
}
