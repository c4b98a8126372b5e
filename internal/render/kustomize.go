package render

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomize builds the folder of a source. It first copies the files into memory, and
// writes each kustomization from its checked fields, so that no reference leaves the
// repository and no program runs.
func (t *Tree) kustomize(s Source) Result {
	dir := path.Clean(s.Kustomize)
	r := Result{Generic: dir}
	g := gatherer{tree: t, into: filesys.MakeFsInMemory(), seen: map[string]bool{}}
	file, err := g.kustomization(dir, 0)
	r.Gaps = g.missing
	if err == nil {
		r.Generic = file
		err = r.build(dir, g)
	}
	if err != nil {
		r.Gaps = append(r.Gaps, Gap{
			What: "kustomization " + dir, Why: Reason(err),
			Remedy: "repair the kustomization (kustomize build " + dir + "), or commit its output and use that as manifests",
		})
	}
	return r
}

func (r *Result) build(dir string, g gatherer) error {
	defer silence()()
	built, err := krusty.MakeKustomizer(&krusty.Options{
		Reorder:          krusty.ReorderOptionUnspecified, // kustomize warns about any other order
		LoadRestrictions: types.LoadRestrictionsRootOnly,
		PluginConfig:     types.DisabledPluginConfig(),
	}).Run(g.into, path.Join("/", dir))
	if err != nil {
		return err
	}
	size := 0
	for _, one := range built.Resources() {
		file := origin(one, dir, r.Generic)
		if err := forget(one, g.annotated); err != nil {
			return err
		}
		text, err := one.AsYAML()
		if err != nil {
			return err
		}
		if size += len(text); size > maxOutput {
			return fmt.Errorf("the output of the kustomization is larger than %d bytes", maxOutput)
		}
		r.add(file, text, false)
	}
	return nil
}

// originKey is the annotation with the file that a resource comes from.
const originKey = "config.kubernetes.io/origin"

func origin(one *resource.Resource, dir, otherwise string) string {
	from, err := one.GetOrigin()
	if err != nil || from == nil {
		return otherwise
	}
	if p := cmp.Or(from.Path, from.ConfiguredIn); p != "" {
		return path.Join(dir, p)
	}
	return otherwise
}

// forget removes the origin annotation from a resource if the repository did not
// request it.
func forget(one *resource.Resource, asked bool) error {
	if asked {
		return nil
	}
	annotations := one.GetAnnotations()
	delete(annotations, originKey)
	return one.SetAnnotations(annotations)
}

// mark makes a kustomization request the origin annotation. It returns whether the
// repository had already requested it.
func mark(k *types.Kustomization) (asked bool) {
	if slices.Contains(k.BuildMetadata, types.OriginAnnotations) {
		return true
	}
	k.BuildMetadata = append(k.BuildMetadata, types.OriginAnnotations)
	return false
}
