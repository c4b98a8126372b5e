// Package actionlint checks workflows with actionlint, and with checks of its
// own for what makes a workflow unsafe though it is correct.
package actionlint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/dustin/go-humanize/english"
	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner lints .github/workflows and every action of the repository.
type Scanner struct{}

// Name is "actionlint".
func (Scanner) Name() string { return "actionlint" }

// Kind is what it looks for.
func (Scanner) Kind() string { return "workflows" }

// Select returns workflows, actions and the configuration of actionlint: all of
// them once one of them has changed or is gone, for they call each other.
func (Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	var out []gate.File
	anything := false
	for _, f := range files {
		if k := kindOf(f.Path); k != other && (k != workflowFile || !f.Link) { // GitHub runs no workflow that is a link
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

// Version is the version of the linked library.
func (Scanner) Version() string { return gate.ModuleVersion("github.com/rhysd/actionlint") }

// source is a file that was read.
type source struct {
	kind kind
	text []byte
	workflow
}

// Scan checks the workflows and actions among in.Files.
func (Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return gate.Result{}, fmt.Errorf("open the repository: %w", err)
	}
	defer root.Close()
	res := gate.Result{Findings: []report.Finding{}}
	sources, err := readAll(ctx, root, in.Files, &res)
	if err != nil || len(sources) == 0 {
		return res, err
	}
	set, err := readSettings(root)
	if err != nil {
		return gate.Result{}, err
	}
	lint, err := newLinter(in.Dir, root, set)
	if err != nil {
		return gate.Result{}, err
	}
	outside, count, callers := outsideWorkflows(sources), map[kind]int{}, map[string][]call{}
	for i := range sources {
		s := &sources[i]
		s.labels, s.outside, s.callers = set.labels, outside, callers
		s.calls(callers)
	}
	for _, s := range sources {
		if err := ctx.Err(); err != nil {
			return gate.Result{}, fmt.Errorf("lint workflows: %w", err)
		}
		count[s.kind]++
		if s.kind == workflowFile {
			found, gaps, err := lint.check(s.workflow, s.text)
			if err != nil {
				return gate.Result{}, fmt.Errorf("lint %s: %w", s.path, err)
			}
			res.Findings, res.Missing = append(res.Findings, found...), append(res.Missing, gaps...)
		}
		res.Findings = append(res.Findings, s.check()...)
		if *s.budget < 0 {
			res.Missing = append(res.Missing, gap(s.path, errors.New("its expressions refer to each other too often")))
		}
	}
	res.Findings = order(res.Findings)
	res.Covered = covered(count)
	return res, nil
}

// check runs our own rules.
func (w workflow) check() (out []report.Finding) {
	for _, r := range rules() {
		if r.check != nil {
			out = append(out, r.check(w)...)
		}
	}
	return out
}

// readAll reads the files. What cannot be read becomes a gap or a finding of res.
func readAll(ctx context.Context, root *os.Root, files []gate.File, res *gate.Result) ([]source, error) {
	var out []source
	for _, f := range files {
		k := kindOf(f.Path)
		if k == other || k == configuration {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read workflows: %w", err)
		}
		text, err := readSmall(root, f.Path)
		if err != nil {
			res.Missing = append(res.Missing, gap(f.Path, err))
			continue
		}
		doc, err := load(text)
		switch {
		case errors.Is(err, errNoYAML):
			if k == actionFile {
				if ours(f.Path) || bytes.HasPrefix(text, []byte("runs:")) || bytes.Contains(text, []byte("\nruns:")) {
					res.Findings = append(res.Findings, broken(f.Path, err))
				}
				continue
			}
			doc = &yaml.Node{} // actionlint says where
		case err != nil:
			res.Missing = append(res.Missing, gap(f.Path, err))
			continue
		case k == actionFile && get(doc, "runs").Kind != yaml.MappingNode:
			continue // something else has that name
		}
		s := source{kind: k, text: text}
		if k == actionFile {
			s.workflow = newAction(f.Path, text, doc)
		} else {
			s.workflow = newWorkflow(f.Path, text, doc)
		}
		out = append(out, s)
	}
	return out, nil
}

func gap(name string, err error) gate.Gap {
	return gate.Gap{What: name, Why: oneLine(err.Error()), Remedy: "make it smaller or repair it: GitHub would not take it either"}
}

func broken(name string, err error) report.Finding {
	return report.Finding{
		Rule: "syntax-check", Severity: report.High, At: report.Location{Path: name, Line: 1},
		Message: "the action cannot be read: " + short(oneLine(err.Error())),
		Fix:     "correct the syntax: GitHub does not run an action it cannot read",
	}
}

// outsideWorkflows maps the names of workflows to whether somebody outside can
// cause a run of them.
func outsideWorkflows(sources []source) map[string]bool {
	out := map[string]bool{}
	for _, s := range sources {
		if s.kind != workflowFile {
			continue
		}
		name := cmp.Or(value(s.Workflow.Name), s.path)
		out[name] = out[name] || len(s.On) == 0 || slices.ContainsFunc(s.On, func(e actionlint.Event) bool {
			_, outside := outsideEvents[e.EventName()]
			return outside || e.EventName() == "workflow_call"
		})
	}
	return out
}

func order(all []report.Finding) []report.Finding {
	compare := func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	}
	slices.SortStableFunc(all, compare)
	return slices.CompactFunc(all, func(a, b report.Finding) bool { return compare(a, b) == 0 }) // an alias repeats
}

func covered(count map[kind]int) string {
	var parts []string
	for _, k := range []kind{workflowFile, actionFile} {
		if n := count[k]; n > 0 {
			parts = append(parts, english.Plural(n, string(k), ""))
		}
	}
	return english.WordSeries(parts, "and")
}
