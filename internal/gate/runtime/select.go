package runtime

import (
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/render"
)

// Select returns the files below the sources, and their values files, if one of these
// files or of the policy's files changed. A kustomization can refer to every other
// kustomization and to all files below it.
func (s *Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	if len(s.Sources) == 0 {
		return nil, false
	}
	var mine, policy []string
	kustomize := false
	for _, source := range s.Sources {
		for _, p := range append([]string{source.Chart, source.Kustomize, source.Manifests, source.Plan}, source.Values...) {
			if p != "" {
				mine = append(mine, path.Clean(p))
			}
		}
		kustomize = kustomize || source.Kustomize != ""
	}
	// Links are not read: a deployment tool would follow one, perhaps out of the
	// repository.
	files = slices.DeleteFunc(slices.Clone(files), func(f gate.File) bool { return f.Link })
	for _, f := range files {
		if kustomize && slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(f.Path)) {
			mine = append(mine, path.Dir(f.Path))
		}
	}
	if s.Policy != "" {
		policy = []string{s.Policy}
	}
	whole := slices.Contains(mine, ".")
	concerned := changed == nil
	for name := range changed {
		concerned = concerned || whole || gate.Excluded(name, mine) || gate.Excluded(name, policy) || kustomize && render.IsManifest(name)
	}
	if !concerned {
		return nil, false
	}
	var out []gate.File
	for _, f := range files {
		if whole || gate.Excluded(f.Path, mine) || s.PolicyDir == "" && gate.Excluded(f.Path, policy) {
			out = append(out, f)
		}
	}
	return out, true
}
