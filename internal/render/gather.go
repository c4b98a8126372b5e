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

// gatherer copies what a kustomization reaches. kustomize fetches whatever looks
// like a URL with git or HTTP and has no option against it, so nothing that does
// gets into the copy.
type gatherer struct {
	tree      *Tree
	into      filesys.FileSystem
	seen      map[string]bool // folders and files
	missing   []Gap
	annotated bool // the repository itself asks for the annotation of origin
}

const maxFolders = 1000

// kustomization copies that of a folder and all it names, and returns its path.
func (g *gatherer) kustomization(dir string, depth int) (string, error) {
	if depth > 50 || len(g.seen) > 20*maxFolders {
		return "", fmt.Errorf("%s: kustomizations are nested too deep, or name too many files", dir)
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
	if _, err := manifest.Decode(text); err != nil { // refuses what would fill the memory
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
		return "", fmt.Errorf("%s has no kustomization.yaml (a symbolic link is not followed)", dir)
	}
	return found, nil
}

// modernise replaces the deprecated fields: kustomize prints a warning for each.
func (g *gatherer) modernise(k *types.Kustomization, dir, name string) error {
	k.FixKustomization()
	if len(k.HelmCharts) > 0 || k.HelmGlobals != nil {
		return fmt.Errorf("%s renders Helm charts, which takes the helm program", name)
	}
	k.HelmGlobals = nil
	if len(k.Vars) > 0 {
		g.missing = append(g.missing, Gap{
			What: "vars of " + name, Why: "kustomize has deprecated them: what they stand for is left out here",
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
			return fmt.Errorf("%s names the patch %s, which is not there", name, p)
		}
	}
	k.PatchesStrategicMerge = nil
	return nil
}

// references copies what the kustomization names.
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

// resource is a file or another kustomization.
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
		if _, err := manifest.Decode(text); err != nil { // refuses what would fill the memory
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return g.into.WriteFile("/"+p, text)
}

// plugin is the configuration of a generator or a transformer, in a file or in
// place. It may name files of its own, so all of the folder are copied.
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
		return fmt.Errorf("%s names %s, which is no file of the repository: that is not followed for generators, transformers and validators", name, clip(p))
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
		_ = g.file(".", f, name, IsManifest(f)) // one that cannot be read is not there if it is asked for
	}
	return nil
}

// harmless refuses what would make a plugin run a program or fetch a file.
func harmless(v any) (err error) {
	switch v := v.(type) {
	case string:
		if _, after, _ := strings.Cut(v, "="); remote(v) || remote(after) {
			return fmt.Errorf("it names %s, and nothing is fetched", clip(v))
		}
	case []any:
		for _, e := range v {
			err = errors.Join(err, harmless(e))
		}
	case map[string]any:
		if kind, _ := v["kind"].(string); strings.HasPrefix(kind, "Helm") {
			return errors.New("it renders Helm charts, which takes the helm program")
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			err = errors.Join(err, harmless(v[k]))
		}
	}
	return err
}

// local refuses what is not in the repository.
func (g *gatherer) local(dir, p, name string) error {
	switch at := path.Join(dir, p); {
	case remote(p):
		return fmt.Errorf("%s names %s, and nothing is fetched: vendor it, or name what it builds as manifests", name, clip(p))
	case path.IsAbs(p) || !filepath.IsLocal(at):
		return fmt.Errorf("%s names %s, which is outside the repository", name, clip(p))
	case !g.tree.Exists(at):
		return fmt.Errorf("%s names %s, which is not there (a symbolic link is not followed)", name, clip(p))
	}
	return nil
}

// scheme is what makes kustomize fetch: see NewRepoSpecFromURL and IsRemoteFile in
// sigs.k8s.io/kustomize/api/internal. Anything with // is taken as remote too.
var scheme = regexp.MustCompile(`(?i)^\s*(git::|https?:|ssh:|file:|github\.com[/:]|[a-z][a-z0-9-]*@)`)

func remote(p string) bool {
	return scheme.MatchString(p) || strings.Contains(p, "://") && !strings.Contains(p, "\n")
}

// clip keeps a hostile path from filling a message.
func clip(s string) string { return Reason(errors.New(s)) }
