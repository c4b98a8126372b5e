package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/release"
)

// Manifest lists what a release of the commit consists of in an environment
// (GP-PROM-4). cfg is the configuration that deploys it. Files are read from the
// commit, so that the same commit gives the same manifest in every clone.
func (c Commit) Manifest(ctx context.Context, cfg *config.Config, environment string) (release.Manifest, error) {
	m := release.Manifest{
		Version: c.ID[:min(7, len(c.ID))], Config: sha(cfg.Source()),
		Env: slices.Sorted(maps.Keys(cfg.Environments[environment].Env)),
	}
	flags, err := c.contents(ctx, cfg.Flags, ".json")
	if err != nil {
		return m, err
	}
	m.Flags = digests(flags)
	prompts, err := c.contents(ctx, cfg.LLM.Prompts, ".md")
	if err != nil {
		return m, err
	}
	delete(prompts, "README.md") // it explains the folder
	m.Prompts, m.Models = digests(prompts), models(prompts)
	migrations, err := c.below(ctx, cfg.Scorecard.Migrations, ".sql")
	if err != nil {
		return m, err
	}
	if n := len(migrations); n > 0 {
		newest := path.Base(migrations[n-1])
		m.Migration = strings.TrimSuffix(newest, path.Ext(newest))
	}
	return m, nil
}

// below lists the files directly below a folder that have an extension, sorted. An
// empty name means that the folder is not configured.
func (c Commit) below(ctx context.Context, folder, extension string) ([]string, error) {
	if folder == "" {
		return nil, nil
	}
	folder = slashed(folder)
	names, err := c.folder(ctx, folder)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return path.Dir(name) != folder || !strings.EqualFold(path.Ext(name), extension)
	})
	slices.Sort(names)
	return names, nil
}

// contents returns the contents of the files that below lists, keyed by base name.
func (c Commit) contents(ctx context.Context, folder, extension string) (map[string][]byte, error) {
	names, err := c.below(ctx, folder, extension)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, name := range names {
		b, err := c.blob(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s in commit %.7s: %w", name, c.ID, err)
		}
		all[path.Base(name)] = b
	}
	return all, nil
}

func digests(files map[string][]byte) map[string]string {
	all := map[string]string{}
	for name, b := range files {
		all[name] = sha(b)
	}
	return all
}

// modelLine matches the line at the top of a prompt that names the model.
var modelLine = regexp.MustCompile(`(?im)^\W*(model(?:[ -]version)?)\W*:\s*(\S.*?)\s*$`)

// models returns the model that each prompt names, with the version if the prompt states a
// version.
func models(prompts map[string][]byte) map[string]string {
	all := map[string]string{}
	for name, b := range prompts {
		for _, m := range modelLine.FindAllStringSubmatch(string(b), -1) {
			if version := len(m[1]) > len("model"); version || all[name] == "" {
				all[name] = m[2]
				if version {
					break
				}
			}
		}
	}
	return all
}

// slashed returns a folder of the configuration in the form that git uses.
func slashed(folder string) string { return path.Clean(filepath.ToSlash(folder)) }

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
