// Package workflow reports valid workflows and actions that are unsafe, and parses
// workflows and actions for actionlint.
package workflow

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"slices"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/origin"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Name is the tool name of the rules in reports, SARIF, waivers and docs. It differs
// from "actionlint", which does not have these rules, and from "goldenpath", the name
// for findings of the policy.
const Name = "goldenpath-workflow"

// Scanner runs the rules on .github/workflows and on every action of the repository.
type Scanner struct {
	Reader *Reader              // nil: files are read for this scanner only
	Origin *origin.Repositories // of the actions; nil: none is looked up
}

// Name is "goldenpath-workflow".
func (Scanner) Name() string { return Name }

// Kind is "workflows".
func (Scanner) Kind() string { return "workflows" }

// Version is the version of this program, which contains the rules.
func (Scanner) Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// Select calls the function Select of this package.
func (Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	return Select(files, changed)
}

// Select returns the workflows, the actions, and the configurations of actionlint,
// Dependabot and pre-commit. It
// returns all of them when one was changed or deleted, because they call each other.
func Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	var out []gate.File
	anything := false
	for _, f := range files {
		if k := kindOf(f.Path); k != other && (k != workflow || !f.Link) { // GitHub ignores a workflow that is a symbolic link
			out = append(out, f)
			anything = anything || k != configuration
		}
	}
	if !anything {
		return nil, false
	}
	if changed == nil {
		return out, true
	}
	for name, is := range changed {
		if is && kindOf(name) != other {
			return out, true
		}
	}
	return nil, false
}

// Scan checks the workflows and actions among in.Files.
func (s Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	t, err := s.Reader.Read(ctx, in)
	if err != nil {
		return gate.Result{}, err
	}
	found, looked := s.lookUp(ctx, in.Offline, t)
	res := gate.Result{Missing: slices.Clone(t.Missing), Covered: t.covered() + looked}
	res.Findings = Order(append(replaced(slices.Clone(t.Findings()), found), found...))
	for _, f := range t.files {
		if *f.budget < 0 {
			res.Missing = append(res.Missing, gap(f.Path, errors.New("the expressions in the file refer to each other too often")))
		}
	}
	return res, ctx.Err()
}

// check runs every rule that needs only the files.
func (w *File) check() (out []report.Finding) {
	for _, r := range rules() {
		if r.check != nil {
			out = append(out, r.check(w)...)
		}
	}
	return out
}

// Order sorts findings by place and removes duplicates, which YAML aliases cause.
func Order(all []report.Finding) []report.Finding {
	compare := func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	}
	slices.SortStableFunc(all, compare)
	return slices.CompactFunc(all, func(a, b report.Finding) bool { return compare(a, b) == 0 })
}

func (t *Tree) covered() string {
	count, unparsed := map[kind]int{}, 0
	for _, f := range t.files {
		if f.kind == workflow && len(f.Jobs) == 0 {
			unparsed++ // actionlint reports why
			continue
		}
		count[f.kind]++
	}
	var parts []string
	for _, k := range []kind{workflow, action, dependabot, preCommit} {
		if n := count[k]; n > 0 {
			parts = append(parts, english.Plural(n, string(k), ""))
		}
	}
	if unparsed > 0 {
		parts = append(parts, english.Plural(unparsed, "workflow", "")+" without a job that could be parsed")
	}
	return english.WordSeries(parts, "and")
}
