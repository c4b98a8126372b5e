package trivy

import (
	"context"
	"maps"
	"path"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// kustomizations are the kustomizations of a repository. A resource or a patch is a
// fragment: what it leaves out, or what it sets, may be set by another file of the
// kustomization, so only what is built is judged.
type kustomizations struct {
	tree *render.Tree
	refs map[string]render.References // by folder
	gaps []gate.Gap
}

// built is what the checks found in a kustomization.
type built struct {
	file      string   // kustomization.yaml
	resources []string // files, with those of the kustomizations that it uses
	complete  bool     // it could be built
}

func key(rule, file string) string { return rule + "\x00" + file }

func kustomizationsIn(tree *render.Tree, files []gate.File) *kustomizations {
	k := &kustomizations{tree: tree, refs: map[string]render.References{}}
	for _, f := range files {
		if !render.IsKustomization(f.Path) || f.Link {
			continue
		}
		refs, err := tree.References(f.Path)
		if err != nil {
			k.gaps = append(k.gaps, unread(f.Path, err))
			continue
		}
		k.refs[path.Dir(f.Path)] = refs
	}
	return k
}

// patches reports whether a file only changes resources of a kustomization.
func (k *kustomizations) patches(name string) bool {
	patch := false
	for _, refs := range k.refs {
		if slices.Contains(refs.Resources, name) {
			return false
		}
		patch = patch || slices.Contains(refs.Patches, name)
	}
	return patch
}

// tops returns the folders of the kustomizations that no other uses, and counts the
// components that none uses.
func (k *kustomizations) tops() (out []string, unused int) {
	used := map[string]bool{}
	for _, refs := range k.refs {
		for _, f := range refs.Folders {
			used[f] = true
		}
	}
	for dir, refs := range k.refs {
		switch {
		case used[dir]:
		case refs.Component:
			unused++
		default:
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	// Those that use each other in a circle have no top: one of them is built, which fails and
	// is reported.
	reached := map[string]bool{}
	reach := func(dir string) {
		for next := []string{dir}; len(next) > 0; next = next[1:] {
			if !reached[next[0]] {
				reached[next[0]] = true
				next = append(next, k.refs[next[0]].Folders...)
			}
		}
	}
	for _, dir := range out {
		reach(dir)
	}
	for _, dir := range slices.Sorted(maps.Keys(k.refs)) {
		if !reached[dir] && !k.refs[dir].Component {
			out = append(out, dir)
			reach(dir)
		}
	}
	return out, unused
}

// resources returns the files of a kustomization and of those that it uses, and whether
// one of them refers to something that is downloaded.
func (k *kustomizations) resources(dir string) (files []string, remote bool) {
	seen := map[string]bool{}
	for next := []string{dir}; len(next) > 0; next = next[1:] {
		if refs := k.refs[next[0]]; !seen[next[0]] {
			seen[next[0]] = true
			files, next, remote = append(files, refs.Resources...), append(next, refs.Folders...), remote || refs.Remote
		}
	}
	return files, remote
}

// kustomization builds a kustomization and checks the objects. The findings have the
// file that the object comes from; settle decides which of them are reported there.
func (s *Scanner) kustomization(ctx context.Context, k *kustomizations, dir string) result {
	a := result{noun: "kustomization", built: &built{}}
	var remote bool
	a.built.resources, remote = k.resources(dir)
	if remote {
		a.omit(remoteResources, 1)
		a.noun = ""
		return a
	}
	out, err := k.tree.Render(ctx, render.Source{Kustomize: dir}, render.Release{Inspect: true})
	if err != nil {
		out.Gaps = append(out.Gaps, render.Gap{What: "kustomization " + dir, Why: render.Reason(err), Remedy: "correct the kustomization"})
	}
	for _, g := range out.Gaps {
		a.gaps = append(a.gaps, gate.Gap{What: g.What, Why: oneLine(g.Why), Remedy: g.Remedy, Partial: true})
	}
	if len(a.gaps) > 0 {
		return a
	}
	a.built.file, a.built.complete = out.Generic, true
	a.findings, err = s.rendered(ctx, out.Objects, &a, func(file string) string { return file })
	if err != nil {
		a.gaps = append(a.gaps, unread("kustomization "+dir, err))
	}
	return a
}

// settle removes the findings of a resource that no kustomization with it has. What a
// kustomization has and its resource alone has not is a finding of the kustomization.
func settle(results []result) {
	fragment, partly := map[string]bool{}, map[string]bool{}
	alone, together := map[string]bool{}, map[string]bool{}
	for _, a := range results {
		if a.built != nil {
			for _, f := range a.built.resources {
				fragment[f] = true
				partly[f] = partly[f] || !a.built.complete
			}
		}
		for _, f := range a.findings {
			if a.built != nil {
				together[key(f.Rule, f.At.Path)] = true
			} else {
				alone[key(f.Rule, f.At.Path)] = true
			}
		}
	}
	for i := range results {
		a := &results[i]
		var kept []report.Finding
		for _, f := range a.findings {
			k := key(f.Rule, f.At.Path)
			switch {
			case a.built == nil && fragment[f.At.Path] && !partly[f.At.Path] && !together[k],
				a.built != nil && alone[k]:
				continue
			case a.built != nil:
				f.At = report.Location{Path: a.built.file}
			}
			kept = append(kept, f)
		}
		a.findings = kept
	}
}
