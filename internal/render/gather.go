package render

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
)

// gatherer copies the files that a kustomization refers to. kustomize downloads
// everything that looks like a URL with git or HTTP, and has no option to disable that,
// so the copy contains no such reference.
type gatherer struct {
	tree      *Tree
	into      filesys.FileSystem
	seen      map[string]bool // folders and files
	missing   []Gap
	annotated bool // the repository itself requests the origin annotation
}

const maxFolders = 1000

// kustomization copies the kustomization of a folder with everything it refers to, and
// returns its path.
func (g *gatherer) kustomization(dir string, depth int) (string, error) {
	if depth > 50 || len(g.seen) > 20*maxFolders {
		return "", fmt.Errorf("%s: kustomizations are nested too deeply, or refer to too many files", dir)
	}
	name, err := g.find(dir)
	if err != nil || g.seen[dir] {
		return name, err
	}
	g.seen[dir] = true
	text, err := g.tree.Read(name, maxFile)
	if err != nil {
		return "", err
	}
	if _, err := manifest.Decode(text); err != nil { // refuses text that would exhaust the memory
		return "", fmt.Errorf("%s: %w", name, err)
	}
	var k types.Kustomization
	if err := k.Unmarshal(text); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if err := g.modernise(&k, dir, name); err != nil {
		return "", err
	}
	if err := k.CheckEmpty(); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if depth == 0 {
		g.annotated = mark(&k)
	}
	if err := g.references(k, dir, name, depth); err != nil {
		return "", err
	}
	again, err := yaml.Marshal(k)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return name, g.into.WriteFile("/"+name, again)
}

func (g *gatherer) find(dir string) (string, error) {
	found := ""
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if name := path.Join(dir, base); g.tree.Has(name) {
			if found != "" {
				return "", fmt.Errorf("%s has both %s and %s", dir, path.Base(found), base)
			}
			found = name
		}
	}
	if found == "" {
		return "", fmt.Errorf("%s has no kustomization.yaml (symbolic links are not followed)", dir)
	}
	return found, nil
}

// modernise replaces deprecated fields, because kustomize prints a warning for each.
func (g *gatherer) modernise(k *types.Kustomization, dir, name string) error {
	k.FixKustomization()
	if len(k.HelmCharts) > 0 || k.HelmGlobals != nil {
		return fmt.Errorf("%s renders Helm charts, which needs the helm program", name)
	}
	k.HelmGlobals = nil
	if len(k.Vars) > 0 {
		g.missing = append(g.missing, Gap{
			What: "vars of " + name, Why: "the field vars is deprecated, and vars are not substituted here",
			Remedy: "use replacements (kustomize edit fix --vars)",
		})
	}
	k.Vars = nil
	if len(k.CommonLabels) > 0 {
		k.Labels = append(k.Labels, types.Label{Pairs: k.CommonLabels, IncludeSelectors: true})
	}
	k.CommonLabels = nil
	k.Patches = append(k.Patches, k.PatchesJson6902...)
	k.PatchesJson6902 = nil
	for _, p := range k.PatchesStrategicMerge {
		if g.tree.Has(path.Join(dir, string(p))) {
			k.Patches = append(k.Patches, types.Patch{Path: string(p)})
		} else if strings.Contains(string(p), "\n") || strings.HasPrefix(string(p), "{") {
			k.Patches = append(k.Patches, types.Patch{Patch: string(p)})
		} else {
			return fmt.Errorf("%s refers to the patch %s, which does not exist", name, p)
		}
	}
	k.PatchesStrategicMerge = nil
	return nil
}

// references copies the files that the kustomization refers to.
func (g *gatherer) references(k types.Kustomization, dir, name string, depth int) error {
	for _, r := range k.Resources {
		if err := g.resource(dir, r, name, depth); err != nil {
			return err
		}
	}
	for _, c := range k.Components {
		if err := g.folder(dir, c, name, depth); err != nil {
			return err
		}
	}
	var files []string
	files = append(append(files, k.Crds...), k.Configurations...)
	if p := k.OpenAPI["path"]; p != "" {
		files = append(files, p)
	}
	for _, p := range k.Patches {
		if p.Path != "" {
			files = append(files, p.Path)
		}
	}
	for _, r := range k.Replacements {
		if r.Path != "" {
			files = append(files, r.Path)
		}
	}
	for _, f := range files {
		if err := g.file(dir, f, name, true); err != nil {
			return err
		}
	}
	var sources []types.KvPairSources
	for _, c := range k.ConfigMapGenerator {
		sources = append(sources, c.KvPairSources)
	}
	for _, c := range k.SecretGenerator {
		sources = append(sources, c.KvPairSources)
	}
	for _, s := range sources {
		for _, f := range append(append([]string{}, s.FileSources...), s.EnvSources...) {
			if _, after, ok := strings.Cut(f, "="); ok {
				f = after
			}
			if err := g.file(dir, f, name, false); err != nil {
				return err
			}
		}
	}
	for _, list := range [][]string{k.Generators, k.Transformers, k.Validators} {
		for _, p := range list {
			if err := g.plugin(dir, p, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// resource copies a file or another kustomization.
func (g *gatherer) resource(dir, r, name string, depth int) error {
	if !remote(r) && g.tree.Has(path.Join(dir, r)) {
		return g.file(dir, r, name, true)
	}
	return g.folder(dir, r, name, depth)
}

func (g *gatherer) folder(dir, f, name string, depth int) error {
	if err := g.local(dir, f, name); err != nil {
		return err
	}
	_, err := g.kustomization(path.Join(dir, f), depth+1)
	return err
}

func (g *gatherer) file(dir, f, name string, isYAML bool) error {
	if err := g.local(dir, f, name); err != nil {
		return err
	}
	p := path.Join(dir, f)
	if g.seen["file "+p] {
		return nil
	}
	g.seen["file "+p] = true
	text, err := g.tree.Read(p, maxFile)
	if err != nil {
		return err
	}
	if isYAML {
		if _, err := manifest.Decode(text); err != nil { // refuses text that would exhaust the memory
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return g.into.WriteFile("/"+p, text)
}

// plugin copies the configuration of a generator or a transformer, which is a file or
// inline text. The configuration may refer to further files, so the whole folder is
// copied.
func (g *gatherer) plugin(dir, p, name string) error {
	text := []byte(p)
	if g.tree.Has(path.Join(dir, p)) && !remote(p) {
		if err := g.file(dir, p, name, true); err != nil {
			return err
		}
		var err error
		if text, err = g.tree.Read(path.Join(dir, p), maxFile); err != nil {
			return err
		}
	} else if !strings.Contains(p, "\n") {
		return fmt.Errorf("%s refers to %s, which is not a file of the repository, as generators, transformers and validators must be", name, clip(p))
	}
	values, err := manifest.Decode(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, v := range values {
		if err := harmless(v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, f := range g.tree.below(dir) {
		if g.seen["file "+f] || strings.HasPrefix(path.Base(f), "kustomization.") || path.Base(f) == "Kustomization" {
			continue
		}
		_ = g.file(".", f, name, IsManifest(f)) // an unreadable file is missing if it is needed
	}
	return nil
}

// harmless returns an error for a plugin that would run a program or download a file.
func harmless(v any) (err error) {
	switch v := v.(type) {
	case string:
		if _, after, _ := strings.Cut(v, "="); remote(v) || remote(after) {
			return fmt.Errorf("the plugin refers to %s, which is not downloaded: commit the file", clip(v))
		}
	case []any:
		for _, e := range v {
			err = errors.Join(err, harmless(e))
		}
	case map[string]any:
		if kind, _ := v["kind"].(string); strings.HasPrefix(kind, "Helm") {
			return errors.New("the plugin renders Helm charts, which needs the helm program")
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			err = errors.Join(err, harmless(v[k]))
		}
	}
	return err
}

// local returns an error for a reference to a file outside the repository.
func (g *gatherer) local(dir, p, name string) error {
	switch at := path.Join(dir, p); {
	case remote(p):
		return fmt.Errorf("%s refers to %s, which is not downloaded: vendor it, or commit its output as manifests", name, clip(p))
	case path.IsAbs(p) || !filepath.IsLocal(at):
		return fmt.Errorf("%s refers to %s, which is outside the repository", name, clip(p))
	case !g.tree.Exists(at):
		return fmt.Errorf("%s refers to %s, which does not exist (symbolic links are not followed)", name, clip(p))
	}
	return nil
}

// scheme matches what kustomize downloads: see NewRepoSpecFromURL and IsRemoteFile in
// sigs.k8s.io/kustomize/api/internal. Any path with // is treated as remote too.
var scheme = regexp.MustCompile(`(?i)^\s*(git::|https?:|ssh:|file:|github\.com[/:]|[a-z][a-z0-9-]*@)`)

func remote(p string) bool {
	return scheme.MatchString(p) || strings.Contains(p, "://") && !strings.Contains(p, "\n")
}

// clip shortens a path, which may be hostile, for a message.
func clip(s string) string { return Reason(errors.New(s)) }
