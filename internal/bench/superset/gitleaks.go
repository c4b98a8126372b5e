package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// leak is a finding of gitleaks, redacted.
type leak struct {
	RuleID, Match, File, Commit                string
	StartLine, EndLine, StartColumn, EndColumn int
	Tags                                       []string
}

// gitleaks runs gitleaks on the history and the tree. With all, it ignores the
// repository's exceptions: its configuration, its .gitleaksignore and the
// comments gitleaks:allow.
func gitleaks(all bool) func(context.Context, *repository) ([]fact, error) {
	return func(ctx context.Context, r *repository) ([]fact, error) {
		dir := r.dir
		if all {
			var err error
			if dir, err = r.bare(ctx); err != nil {
				return nil, err
			}
		}
		modes := []string{"git", "dir"}
		if r.treeOnly {
			modes = modes[1:]
		}
		var found []leak
		for _, mode := range modes {
			leaks, err := r.leaks(ctx, mode, dir)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", mode, err)
			}
			found = append(found, leaks...)
		}
		return r.secrets(ctx, found)
	}
}

func (r *repository) leaks(ctx context.Context, mode, dir string) ([]leak, error) {
	argv := []string{filepath.Join(r.upstream, "gitleaks"), mode, ".", "--no-banner", "--log-level", "error",
		"--redact=100", "--report-format", "json", "--report-path", "-"}
	if dir != r.dir {
		config := filepath.Join(r.scratch, "default.toml")
		if err := os.WriteFile(config, []byte("[extend]\nuseDefault = true\n"), 0o600); err != nil {
			return nil, err
		}
		argv = append(argv, "--config", config, "--ignore-gitleaks-allow")
	}
	text, err := start(ctx, dir, 1, nil, argv...)
	if err != nil {
		return nil, err
	}
	var leaks []leak
	if err := json.Unmarshal(text, &leaks); err != nil {
		return nil, fmt.Errorf("cannot read the report of gitleaks: %w", err)
	}
	return leaks, nil
}

// bare is a clone without .gitleaksignore, which gitleaks always reads.
func (r *repository) bare(ctx context.Context) (string, error) {
	dir := filepath.Join(r.scratch, filepath.Base(r.dir))
	for _, argv := range [][]string{
		{"git", "clone", "--quiet", "--mirror", r.dir, filepath.Join(dir, ".git")},
		{"git", "--git-dir", filepath.Join(dir, ".git"), "config", "core.bare", "false"},
		{"git", "-C", dir, "checkout", "--quiet", "--detach", r.commit},
	} {
		if _, err := r.start(ctx, 0, nil, argv...); err != nil {
			return "", err
		}
	}
	err := os.Remove(filepath.Join(dir, ".gitleaksignore"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return dir, err
}

// secrets joins what was reported of the same secret in the same file.
func (r *repository) secrets(ctx context.Context, leaks []leak) ([]fact, error) {
	texts := map[string][]byte{}
	var out []fact
	for _, l := range leaks {
		at := l.Commit + ":" + l.File
		if _, ok := texts[at]; !ok {
			text, err := r.text(ctx, l)
			if err != nil {
				return nil, err
			}
			texts[at] = text
		}
		f := fact{rule: l.RuleID, path: l.File, line: l.StartLine, end: l.EndLine, times: 1, commits: []string{l.Commit}, marks: r.known(l.RuleID, l.marks(texts[at]))}
		i := slices.IndexFunc(out, func(o fact) bool {
			return o.rule == f.rule && o.path == f.path && f.marks != nil && slices.Equal(o.marks, f.marks)
		})
		if i < 0 {
			out = append(out, f)
			continue
		}
		out[i].times++
		out[i].commits = append(out[i].commits, l.Commit)
	}
	return out, nil
}

// text is the file that a leak was found in.
func (r *repository) text(ctx context.Context, l leak) ([]byte, error) {
	if l.Commit == "" {
		return os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(l.File)))
	}
	return r.start(ctx, 0, nil, "git", "cat-file", "blob", l.Commit+":"+l.File)
}

func sameSecret(f fact, o report.Finding) bool { return o.At.Path == f.path && f.marked(o) }

// marked reports whether a finding is about the same secret, at any place.
func (f fact) marked(o report.Finding) bool {
	return o.Rule == f.rule && slices.ContainsFunc(f.marks, func(mark string) bool { return strings.HasSuffix(o.Fingerprint, ":"+mark) })
}

// known returns the mark that the gate reported, or all marks if only gitleaks found the
// secret.
func (r *repository) known(rule string, marks []string) []string {
	for _, m := range marks {
		if slices.ContainsFunc(r.ours, fact{rule: rule, marks: []string{m}}.marked) {
			return []string{m}
		}
	}
	return marks
}
