package actionlint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// linter is actionlint without shellcheck and pyflakes, which are programs.
type linter struct {
	*actionlint.Linter
	project *actionlint.Project
	dir     string
}

// newLinter takes from the repository's actionlint.yaml what names runners and
// variables, and not its "paths", by which a change could loosen its own gate.
func newLinter(dir string) (*linter, error) {
	project, err := actionlint.NewProject(dir) // reads the file, and needs no git
	if err != nil {
		return nil, fmt.Errorf("read .github/actionlint.yaml: %w: repair or remove it", err)
	}
	cfg := map[string]any{}
	if c := project.Config(); c != nil {
		cfg["self-hosted-runner"] = map[string]any{"labels": c.SelfHostedRunner.Labels}
		cfg["config-variables"] = c.ConfigVariables
	}
	text, err := yaml.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp("", "actionlint-*.yaml")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	if _, err := temp.Write(text); errors.Join(err, temp.Close()) != nil {
		return nil, err
	}
	l, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{
		Oneline: true, WorkingDir: dir, ConfigFile: temp.Name(),
	})
	if err != nil {
		return nil, fmt.Errorf("start actionlint: %w", err)
	}
	return &linter{l, project, dir}, nil
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

func (l *linter) check(name string, text []byte) ([]report.Finding, error) {
	errs, err := l.Lint(name, translate(text), l.project)
	if err != nil {
		return nil, err
	}
	out := []report.Finding{}
	for _, e := range errs {
		if slices.ContainsFunc(outdated, func(r *regexp.Regexp) bool { return r.MatchString(e.Message) }) {
			continue
		}
		f := report.Finding{
			Rule: e.Kind, Severity: report.Medium, Message: strings.ReplaceAll(oneLine(e.Message), l.dir+string(filepath.Separator), ""),
			At:  report.Location{Path: name, Line: e.Line, Column: e.Column},
			Fix: "correct the workflow: GitHub would refuse it, or run something else than it says",
		}
		switch {
		case e.Kind == "expression" && strings.Contains(e.Message, "potentially untrusted"):
			f.Rule, f.Severity = "script-injection", report.High
			f.Fix = "pass the value through env: and use the variable in the script, in quotes"
		case strings.Contains(e.Message, "reusable workflow file"):
			// Two rules need the file, and whichever reads it first says this.
			f.Rule = "workflow-call"
		case e.Kind == "syntax-check":
			f.Severity = report.High
			f.Fix = "correct the syntax: GitHub does not run a workflow it cannot read"
		}
		out = append(out, f)
	}
	return out, nil
}

// outdated are messages about the same and the like. Remove each when a release of
// actionlint knows it.
var outdated = []*regexp.Regexp{
	regexp.MustCompile(`^specifying action "\$/`),
	regexp.MustCompile(`^reusable workflow call "\$/`),
	regexp.MustCompile(`^property "workflow_(ref|sha|repository|file_path)" is not defined in object type \{check_run_id: `),
	regexp.MustCompile(`^unexpected key "(cache-mode|queue)" for `),
	// The runner accepts any name that begins with "Dockerfile.".
	regexp.MustCompile(`referenced from "image" key must be named "Dockerfile"`),
	regexp.MustCompile(`^unknown permission scope "(vulnerability-alerts|code-quality|artifact-metadata|models)"`),
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
