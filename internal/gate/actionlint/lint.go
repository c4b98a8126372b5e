package actionlint

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// linter runs actionlint's rules on files that are already parsed.
type linter struct {
	tree    *workflow.Tree
	root    *os.Root
	dir     string
	project *actionlint.Project
	config  actionlint.Config
	gaps    []gate.Gap
	newer   newer

	// compared counts warnings about untrusted text that an expression only compares.
	compared int
	aside    []string // what was dropped, see gate.Aside
}

// drop notes a message that is not reported.
func (l *linter) drop(f *workflow.File, e *actionlint.Error) {
	l.aside = append(l.aside, gate.Aside(e.Kind, f.Path, fmt.Sprintf("%d:%d", e.Line, e.Column), strings.Join(strings.Fields(e.Message), " ")))
}

// newLinter prepares actionlint for the repository at dir.
func newLinter(dir string, root *os.Root, tree *workflow.Tree) (*linter, error) {
	project, err := actionlint.NewProject(dir) // does not need git
	if err != nil {
		return nil, fmt.Errorf("cannot start actionlint: %w", err)
	}
	l := &linter{tree: tree, root: root, dir: dir, project: project}
	l.config.SelfHostedRunner.Labels = tree.Settings.Labels
	l.config.ConfigVariables = tree.Settings.Variables // an empty list forbids every variable
	return l, nil
}

func (l *linter) check(f *workflow.File) ([]report.Finding, error) {
	errs, err := l.lint(f)
	if err != nil {
		return nil, err
	}
	var out []report.Finding
	for _, e := range errs {
		if l.newer.falseAlarm(f, e) {
			l.drop(f, e)
			continue
		}
		if looseInput.MatchString(e.Message) {
			if found, ok := l.looseInputs(f, e); ok {
				l.newer.dropped++
				l.drop(f, e)
				out = append(out, found...)
				continue
			}
		}
		found, same := l.joined(f, e)
		switch {
		case same:
			out = append(out, found)
		case onlyCompared(f, e):
			l.compared++
			l.drop(f, e)
		default:
			out = append(out, l.finding(f, e))
		}
	}
	return out, nil
}

// lint runs the rules that actionlint.Linter runs. The Linter itself would parse the
// file again.
func (l *linter) lint(f *workflow.File) ([]*actionlint.Error, error) {
	if f.Broken {
		return f.Errors, nil
	}
	// Caches are per file, as in Linter.Lint: a cache reports a missing file only once.
	actions := actionlint.NewLocalActionsCache(l.project, nil)
	calls := actionlint.NewLocalReusableWorkflowCache(l.project, l.dir, nil)
	for _, w := range l.tree.Workflows() {
		if e, ok := w.FindWorkflowCallEvent(); ok {
			calls.WriteWorkflowCallEvent(w.Path, e)
		}
	}
	rules := []actionlint.Rule{
		actionlint.NewRuleMatrix(),
		actionlint.NewRuleCredentials(),
		actionlint.NewRuleShellName(),
		actionlint.NewRuleRunnerLabel(),
		actionlint.NewRuleEvents(),
		actionlint.NewRuleJobNeeds(),
		actionlint.NewRuleAction(actions),
		actionlint.NewRuleEnvVar(),
		actionlint.NewRuleID(),
		actionlint.NewRuleGlob(),
		actionlint.NewRulePermissions(),
		actionlint.NewRuleWorkflowCall(f.Path, calls),
		actionlint.NewRuleExpression(actions, calls),
		actionlint.NewRuleDeprecatedCommands(),
		actionlint.NewRuleIfCond(),
	}
	v := actionlint.NewVisitor()
	for _, r := range rules {
		r.SetConfig(&l.config)
		v.AddPass(r)
	}
	if err := v.Visit(l.adapted(f)); err != nil {
		return nil, err
	}
	errs := slices.Clone(f.Errors)
	for _, r := range rules {
		errs = append(errs, r.Errs()...)
	}
	return errs, nil
}
