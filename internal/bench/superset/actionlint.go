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

// actionlint runs it without shellcheck and pyflakes, other programs that it would
// start if they were installed.
func actionlint(ctx context.Context, r *repository) ([]fact, error) {
	if _, err := os.Stat(filepath.Join(r.dir, ".github/workflows")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil // for it, an error
	}
	text, err := r.start(ctx, 1, nil, filepath.Join(r.upstream, "actionlint"), "-shellcheck=", "-pyflakes=", "-format", "{{json .}}")
	if err != nil {
		return nil, err
	}
	var found []struct {
		Message, Kind, Filepath string
		Line, Column            int
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("cannot read the report of actionlint: %w", err)
	}
	var out []fact
	for _, e := range found {
		out = join(out, fact{rule: e.Kind, path: filepath.ToSlash(e.Filepath), line: e.Line, column: e.Column, message: oneLine(e.Message), times: 1})
	}
	return out, nil
}

// sameLint also accepts a finding that the gate joined with one of goldenpath-workflow:
// it keeps that tool's rule, message and more exact place.
func sameLint(f fact, o report.Finding) bool {
	if slices.Contains(o.Tools, "goldenpath-workflow") {
		name, _, _ := strings.Cut(strings.TrimPrefix(f.message, `"`), `"`)
		return o.At.Path == f.path && o.At.Line >= f.line &&
			(o.Rule == "hardcoded-credentials" && f.rule == "credentials" ||
				o.Rule == "script-injection" && f.rule == "expression" && strings.Contains(strings.ToLower(o.Message), strings.ToLower(name)))
	}
	return o.At == report.Location{Path: f.path, Line: f.line, Column: f.column} && o.Rule == f.rule && o.Message == f.message
}
