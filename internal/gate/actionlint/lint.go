package actionlint

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// linter is actionlint without shellcheck and pyflakes, which are programs.
type linter struct {
	*actionlint.Linter
	project *actionlint.Project
	root    *os.Root
	dir     string
}

// newLinter starts actionlint for the repository at dir, whose configuration has
// been read already.
func newLinter(dir string, root *os.Root, s settings) (*linter, error) {
	project, err := actionlint.NewProject(dir) // needs no git
	if err != nil {
		return nil, fmt.Errorf("start actionlint: %w", err)
	}
	file, err := s.write()
	defer os.Remove(file)
	if err != nil {
		return nil, fmt.Errorf("write configuration of actionlint: %w", err)
	}
	l, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{Oneline: true, WorkingDir: dir, ConfigFile: file})
	if err != nil {
		return nil, fmt.Errorf("start actionlint: %w", err)
	}
	return &linter{l, project, root, dir}, nil
}

// What GitHub has learned since actionlint 1.7.12 (rhysd/actionlint#711, #705) is
// put in words it knows, at the same columns. Ignoring its errors alone would not
// do: it checks nothing behind the first one of a script.
var (
	selfReference = regexp.MustCompile(`(\buses:[ \t]*["']?)\$/`)
	jobProperty   = regexp.MustCompile(`([^\w.-]job\.)workflow_(?:ref|sha|repository|file_path)\b`)
)

func translate(text []byte) []byte {
	// GitHub resolves $/path in the repository of the file, at the running commit:
	// what actionlint checks for ./path.
	text = selfReference.ReplaceAll(text, []byte("${1}./"))
	return jobProperty.ReplaceAllFunc(text, func(m []byte) []byte {
		end := bytes.Index(m, []byte("job.")) + len("job.")
		return append(m[:end:end], fmt.Sprintf("%-*s", len(m)-end, "status")...)
	})
}

// readable makes of references that actionlint must not follow ones that it does
// not know: it opens what ./ names, wherever a link or ../ leads.
func (l *linter) readable(w workflow, text []byte) ([]byte, []gate.Gap) {
	var gaps []gate.Gap
	refs := unreadable(l.root, w)
	for _, ref := range sorted(refs) {
		if why := refs[ref]; why != "" {
			gaps = append(gaps, gate.Gap{What: short(ref) + " in " + w.path, Why: why, Remedy: "put a regular file of less than 1 MiB there, or do not use it"})
		}
		text = bytes.ReplaceAll(text, []byte(ref), []byte("$/"+ref[len("./"):]))
	}
	return text, gaps
}

func (l *linter) check(w workflow, text []byte) ([]report.Finding, []gate.Gap, error) {
	translated := translate(text)
	parsed, _ := actionlint.Parse(translated)
	if parsed == nil {
		parsed = &actionlint.Workflow{}
	}
	translated, gaps := l.readable(workflow{path: w.path, Workflow: parsed}, translated)
	if again, _ := actionlint.Parse(translated); again != nil && len(unreadable(l.root, workflow{path: w.path, Workflow: again}.onlyDot())) > 0 {
		return nil, []gate.Gap{{What: w.path, Why: "a uses: that leaves the repository is written with escapes", Remedy: "write it plainly"}}, nil
	}
	errs, err := l.Lint(w.path, translated, l.project)
	if err != nil {
		return nil, nil, err
	}
	out := []report.Finding{}
	for _, e := range errs {
		if slices.ContainsFunc(outdated, func(r *regexp.Regexp) bool { return r.MatchString(e.Message) }) {
			continue
		}
		f := report.Finding{
			Rule: e.Kind, Severity: report.Medium, Message: strings.ReplaceAll(oneLine(e.Message), l.dir+string(filepath.Separator), ""),
			At:  report.Location{Path: w.path, Line: e.Line, Column: e.Column},
			Fix: "correct the workflow: GitHub would refuse it, or run something else than it says",
		}
		switch {
		case e.Kind == "credentials", e.Kind == "expression" && strings.Contains(e.Message, "potentially untrusted"):
			continue // hardcoded-credentials and script-injection see more
		case strings.Contains(e.Message, "reusable workflow file"):
			// Two rules need the file, and whichever reads it first says this.
			f.Rule = "workflow-call"
		case e.Message == "string should not be empty", strings.Contains(e.Message, "its default value will never be used"):
			// GitHub runs such a workflow: "branches:" with nothing behind it is none.
			f.Severity, f.Fix = report.Low, "remove it: it has no effect"
		case e.Kind == "syntax-check":
			f.Severity = report.High
			f.Fix = "correct the syntax: GitHub does not run a workflow it cannot read"
		case e.Kind == "runner-label":
			f.Severity, f.Fix = report.Low, "correct the label, or name it in .github/actionlint.yaml, self-hosted-runner: {labels: [its-name]}"
		}
		out = append(out, f)
	}
	return out, gaps, nil
}

// onlyDot leaves out the references that actionlint does not follow.
func (w workflow) onlyDot() workflow {
	jobs := map[string]*actionlint.Job{}
	for id, j := range w.Jobs {
		kept := &actionlint.Job{ID: j.ID, Pos: j.Pos}
		if c := j.WorkflowCall; c != nil && strings.HasPrefix(value(c.Uses), "./") {
			kept.WorkflowCall = c
		}
		for _, s := range j.Steps {
			if a, ok := s.Exec.(*actionlint.ExecAction); ok && strings.HasPrefix(value(a.Uses), "./") {
				kept.Steps = append(kept.Steps, s)
			}
		}
		jobs[id] = kept
	}
	return workflow{path: w.path, Workflow: &actionlint.Workflow{Jobs: jobs}}
}

// outdated are messages about the same and the like. Remove each when a release of
// actionlint knows it.
var outdated = []*regexp.Regexp{
	regexp.MustCompile(`^specifying action "\$/`),
	regexp.MustCompile(`^reusable workflow call "\$/`),
	regexp.MustCompile(`^property "workflow_(ref|sha|repository|file_path)" is not defined in object type \{check_run_id: `),
	regexp.MustCompile(`^unexpected key "(cache-mode|queue)" for `),
	// matrix.* is of the values, whatever they are.
	regexp.MustCompile(`^object type .* cannot be filtered by object filtering`),
	// The runner accepts any name that begins with "Dockerfile.".
	regexp.MustCompile(`referenced from "image" key must be named "Dockerfile"`),
	regexp.MustCompile(`^unknown permission scope "(vulnerability-alerts|code-quality|artifact-metadata|models)"`),
	regexp.MustCompile(`^label "(ubuntu-26\.04(-arm)?|ubuntu-(24|26)\.04-firewall)" is unknown`),
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
