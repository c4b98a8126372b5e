package scaffold

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// dependabot lists the repository's ecosystems. Updates wait some days, in which most
// malicious releases are discovered.
func dependabot(f *Facts) (text, not string, err error) {
	type entry struct{ ecosystem, dir string }
	all := []entry{{"github-actions", "."}}
	for _, p := range f.Parts {
		if p.Ecosystem != "" {
			all = append(all, entry{p.Ecosystem, p.Dir})
		}
	}
	for _, d := range f.Dockerfiles {
		all = append(all, entry{"docker", path.Dir(d.Path)})
	}
	for _, dir := range f.Terraform {
		all = append(all, entry{"terraform", dir})
	}
	lines := []string{"# Dependabot updates pinned versions in pull requests.", "version: 2", "updates:"}
	for i, e := range all {
		if slices.Contains(all[:i], e) {
			continue
		}
		lines = append(lines,
			"  - package-ecosystem: "+e.ecosystem,
			"    directory: "+scalar(path.Join("/", e.dir), false),
			"    schedule: {interval: weekly}",
			"    cooldown: {default-days: 7} # not for security updates")
		if e.ecosystem == "github-actions" {
			lines = append(lines, `    groups: {actions: {patterns: ["*"]}}`)
		}
	}
	return strings.Join(lines, "\n") + "\n", "", nil
}

// hook is a local pre-commit hook, so there is no other repository to pin.
type hook struct {
	id, entry, files string
	names            bool // whether it takes file names
}

// preCommit runs the quick checks before a commit and the gate before a push.
func preCommit(f *Facts) (text, not string, err error) {
	lines := []string{"# pre-commit install --hook-type pre-commit --hook-type pre-push", "repos:", "  - repo: local", "    hooks:"}
	var taken []string
	for _, p := range f.Parts {
		for _, h := range p.Hooks {
			id, entry, files := h.id, h.entry, h.files
			if p.Dir != "." {
				if h.names { // file names are relative to the root
					continue
				}
				id, entry, files = slug(path.Base(p.Dir))+"-"+id, "sh -c 'cd "+p.Dir+" && "+entry+"'", "^"+strings.ReplaceAll(p.Dir, ".", `\.`)+"/.*"+files
			}
			if slices.Contains(taken, id) {
				continue
			}
			taken = append(taken, id)
			lines = append(lines, "      - id: "+id, "        name: "+id, "        entry: "+scalar(entry, false), "        language: system", "        files: "+quoted(files))
			if !h.names {
				lines = append(lines, "        pass_filenames: false")
			}
		}
	}
	lines = append(lines,
		"      - id: security-gate", "        name: security-gate",
		"        entry: security-gate scan --offline --missing-database warn",
		"        language: system", "        pass_filenames: false", "        always_run: true", "        stages: [pre-push]")
	return strings.Join(lines, "\n") + "\n", "", nil
}

// quoted quotes a pattern and keeps its backslashes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// devcontainer uses a stage of the app's own Dockerfile, so that no other image must be
// pinned.
func devcontainer(f *Facts) (text, not string, err error) {
	if len(f.Dockerfiles) == 0 {
		return "", "it needs a Dockerfile", nil
	}
	d := f.Dockerfiles[0]
	stage, ok := d.workshop()
	if !ok {
		return "", fmt.Sprintf("%s has no named build stage: name it (FROM … AS build)", d.Path), nil
	}
	build := map[string]string{"dockerfile": "../" + d.Path, "context": path.Join("..", ".")}
	if stage != "" {
		build["target"] = stage
	}
	b, err := json.MarshalIndent(struct {
		Name  string            `json:"name"`
		Build map[string]string `json:"build"`
	}{f.App, build}, "", "  ")
	return string(b) + "\n", "", err
}
