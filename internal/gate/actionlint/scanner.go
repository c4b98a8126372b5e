// Package actionlint checks workflows with actionlint, and with checks of its
// own for what makes a workflow unsafe though it is correct.
package actionlint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner lints .github/workflows, and what the actions of the repository use.
type Scanner struct{}

// Name is "actionlint".
func (Scanner) Name() string { return "actionlint" }

// Kind is what it looks for.
func (Scanner) Kind() string { return "workflows" }

// Select returns every file once a changed one may be a workflow.
func (Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	return files, changed.Any(files)
}

// Version is the version of the linked library.
func (Scanner) Version() string { return gate.ModuleVersion("github.com/rhysd/actionlint") }

// workflow is a parsed workflow; of a broken one it is what could be parsed.
type workflow struct {
	path string
	*actionlint.Workflow
}

// own runs our own checks on what actionlint parses.
func own(name string, text []byte) (out []report.Finding) {
	w, _ := actionlint.Parse(text)
	if w == nil {
		return nil
	}
	for _, check := range []func(workflow) []report.Finding{unpinnedUses, dangerousTrigger, excessivePermissions} {
		out = append(out, check(workflow{name, w})...)
	}
	return out
}

// Scan checks the workflows and actions of the repository at in.Dir.
func (Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return gate.Result{}, fmt.Errorf("open the repository: %w", err)
	}
	defer root.Close()
	files, err := list(root.FS(), in.Exclude)
	if err != nil {
		return gate.Result{}, fmt.Errorf("list workflows and actions: %w", err)
	}
	if len(files.workflows)+len(files.actions) == 0 {
		return gate.Result{}, nil
	}
	lint, err := newLinter(in.Dir)
	if err != nil {
		return gate.Result{}, err
	}
	res := gate.Result{Findings: []report.Finding{}, Covered: files.String()}
	for _, name := range append(files.workflows, files.actions...) {
		if err := ctx.Err(); err != nil {
			return gate.Result{}, fmt.Errorf("lint workflows: %w", err)
		}
		text, err := root.ReadFile(name)
		if err != nil {
			return gate.Result{}, fmt.Errorf("read %s: %w", name, err)
		}
		if slices.Contains(files.actions, name) {
			res.Findings = append(res.Findings, action(name, text)...)
			continue
		}
		found, err := lint.check(name, text)
		if err != nil {
			return gate.Result{}, fmt.Errorf("lint %s: %w", name, err)
		}
		res.Findings = append(append(res.Findings, found...), own(name, text)...)
	}
	slices.SortStableFunc(res.Findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return res, nil
}

// files are what GitHub would run, relative to the repository.
type files struct{ workflows, actions []string }

func list(dir fs.FS, exclude []string) (f files, err error) {
	for _, pattern := range []string{".github/workflows/*.yml", ".github/workflows/*.yaml"} {
		names, globErr := fs.Glob(dir, pattern)
		f.workflows, err = append(f.workflows, names...), errors.Join(err, globErr)
	}
	for _, folder := range []string{"", "actions/*/", ".github/actions/*/"} {
		for _, name := range []string{"action.yml", "action.yaml"} {
			names, globErr := fs.Glob(dir, folder+name)
			f.actions, err = append(f.actions, names...), errors.Join(err, globErr)
		}
	}
	// A symbolic link is not followed: GitHub does not either.
	skip := func(name string) bool {
		info, err := fs.Lstat(dir, name)
		return err != nil || !info.Mode().IsRegular() || slices.ContainsFunc(exclude, func(e string) bool {
			e = path.Clean(e)
			return name == e || strings.HasPrefix(name, e+"/")
		})
	}
	f.workflows, f.actions = slices.DeleteFunc(f.workflows, skip), slices.DeleteFunc(f.actions, skip)
	return f, err
}

func (f files) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{len(f.workflows), "workflow"}, {len(f.actions), "action"}} {
		if p.n == 1 {
			parts = append(parts, "1 "+p.noun)
		} else if p.n > 1 {
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.noun))
		}
	}
	return strings.Join(parts, ", ")
}
