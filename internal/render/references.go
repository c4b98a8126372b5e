package render

import (
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
)

// References are what a kustomization refers to, with paths from the top of the tree.
type References struct {
	Resources []string // files
	Patches   []string // files that change resources
	Folders   []string // other kustomizations
	Remote    bool     // it also refers to something that is downloaded
	Component bool     // it only changes the kustomizations that use it
}

// IsKustomization reports whether a file has a name of a kustomization.
func IsKustomization(name string) bool {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if path.Base(name) == base {
			return true
		}
	}
	return false
}

// References reads what the kustomization file refers to, without building it.
func (t *Tree) References(name string) (References, error) {
	var refs References
	text, err := t.Read(name, maxFile)
	if err != nil {
		return refs, err
	}
	if _, err := manifest.Decode(text); err != nil { // refuses text that would exhaust the memory
		return refs, fmt.Errorf("%s: %w", name, err)
	}
	var k types.Kustomization
	if err := k.Unmarshal(text); err != nil {
		return refs, fmt.Errorf("%s: %w", name, err)
	}
	k.FixKustomization()
	dir := path.Dir(name)
	refs.Component = k.Kind == types.ComponentKind
	for _, r := range append(k.Resources, k.Components...) {
		switch at := path.Join(dir, r); {
		case remote(r):
			refs.Remote = true
		case t.Has(at):
			refs.Resources = append(refs.Resources, at)
		default:
			refs.Folders = append(refs.Folders, at)
		}
	}
	patch := func(p string) {
		if p != "" && !strings.Contains(p, "\n") && t.Has(path.Join(dir, p)) {
			refs.Patches = append(refs.Patches, path.Join(dir, p))
		}
	}
	for _, p := range append(k.Patches, k.PatchesJson6902...) {
		patch(p.Path)
	}
	for _, p := range k.PatchesStrategicMerge {
		patch(string(p))
	}
	return refs, nil
}
