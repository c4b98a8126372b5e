// Package actionlint checks workflows with actionlint.
package actionlint

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner lints .github/workflows.
type Scanner struct {
	Reader *workflow.Reader // nil: files are read for this scanner only
}

// Name is "actionlint".
func (Scanner) Name() string { return "actionlint" }

// Kind is "workflows".
func (Scanner) Kind() string { return "workflows" }

// Version is the version of the linked library.
func (Scanner) Version() string { return gate.ModuleVersion("github.com/rhysd/actionlint") }

// Select is workflow.Select: workflows call actions, so actionlint reads both.
func (Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	return workflow.Select(files, changed)
}

// Scan lints the workflows among in.Files. It does not run shellcheck and pyflakes,
// which are external programs.
func (s Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	tree, err := s.Reader.Read(ctx, in)
	if err != nil {
		return gate.Result{}, err
	}
	res := gate.Result{Findings: []report.Finding{}, Missing: tree.UnreadWorkflows()}
	files := tree.Workflows()
	if len(files) == 0 {
		return res, nil
	}
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return gate.Result{}, fmt.Errorf("cannot open the repository: %w", err)
	}
	defer root.Close()
	l, err := newLinter(in.Dir, root, tree)
	if err != nil {
		return gate.Result{}, err
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return gate.Result{}, fmt.Errorf("cannot lint workflows: %w", err)
		}
		found, err := l.check(f)
		if err != nil {
			return gate.Result{}, fmt.Errorf("cannot lint %s: %w", f.Path, err)
		}
		res.Findings = append(res.Findings, found...)
	}
	res.Findings = workflow.Order(res.Findings)
	slices.SortFunc(l.gaps, func(a, b gate.Gap) int { return cmp.Compare(a.What, b.What) })
	res.Missing = append(res.Missing, l.gaps...)
	res.Covered = english.Plural(len(files), "workflow", "") + l.note()
	res.SetAside = l.aside
	return res, nil
}
