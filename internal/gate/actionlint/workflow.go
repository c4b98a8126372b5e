package actionlint

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// workflow is a parsed workflow; of a broken one it is what could be parsed. The
// steps of an action are a workflow with one job, and without events.
type workflow struct {
	path string
	*actionlint.Workflow
	action     bool
	lines      []string
	inputs     map[string]bool   // declared inputs, in lower case; true: of any text
	cacheModes map[string]string // by id of the job in lower case; "" is the workflow's
	labels     []string          // of runners that actionlint.yaml names
	outside    map[string]bool   // names of workflows whose runs somebody outside can cause; nil: not known
	callers    map[string][]call // by target
	visited    map[visit]bool    // what is known of jobs already
	budget     *int              // expressions that may still be followed; below zero: too many
}

func newWorkflow(name string, text []byte, doc *yaml.Node) workflow {
	w := workflow{path: name, lines: split(text), inputs: map[string]bool{}, cacheModes: map[string]string{}, visited: map[visit]bool{}, budget: new(maxFollowed)}
	w.Workflow, _ = actionlint.Parse(text)
	if w.Workflow == nil {
		w.Workflow = &actionlint.Workflow{}
	}
	for _, e := range w.On {
		switch e := e.(type) {
		case *actionlint.WorkflowCallEvent:
			for _, in := range e.Inputs {
				w.inputs[in.ID] = w.inputs[in.ID] || in.Type == actionlint.WorkflowCallEventInputTypeString
			}
		case *actionlint.WorkflowDispatchEvent:
			for id, in := range e.Inputs {
				w.inputs[id] = w.inputs[id] || in.Type == actionlint.WorkflowDispatchEventInputTypeString || in.Type == actionlint.WorkflowDispatchEventInputTypeNone
			}
		}
	}
	w.cacheModes[""] = get(doc, "cache-mode").Value
	entries(get(doc, "jobs"), func(id string, _, job *yaml.Node) { w.cacheModes[id] = get(job, "cache-mode").Value })
	return w
}

// newAction is what a composite or docker action runs.
func newAction(name string, text []byte, doc *yaml.Node) workflow {
	w := workflow{path: name, action: true, lines: split(text), inputs: map[string]bool{}, cacheModes: map[string]string{}, visited: map[visit]bool{}, budget: new(maxFollowed)}
	entries(get(doc, "inputs"), func(id string, _, _ *yaml.Node) { w.inputs[id] = true })
	job := &actionlint.Job{ID: &actionlint.String{Value: "runs"}, Pos: &actionlint.Pos{Line: 1, Col: 1}}
	runs := get(doc, "runs")
	if image := get(runs, "image"); strings.HasPrefix(image.Value, "docker://") {
		job.Steps = append(job.Steps, &actionlint.Step{Exec: &actionlint.ExecAction{Uses: scalar(image)}, Pos: pos(image)})
	}
	if steps := get(runs, "steps"); steps.Kind == yaml.SequenceNode {
		for _, s := range steps.Content {
			job.Steps = append(job.Steps, step(resolve(s)))
		}
	}
	w.Workflow = &actionlint.Workflow{Jobs: map[string]*actionlint.Job{"runs": job}}
	return w
}

func step(n *yaml.Node) *actionlint.Step {
	s := &actionlint.Step{Pos: pos(n), ID: scalar(get(n, "id")), If: scalar(get(n, "if")), Env: &actionlint.Env{Vars: map[string]*actionlint.EnvVar{}}}
	entries(get(n, "env"), func(key string, k, v *yaml.Node) {
		s.Env.Vars[key] = &actionlint.EnvVar{Name: scalar(k), Value: scalar(v)}
	})
	if run := get(n, "run"); run.Kind == yaml.ScalarNode {
		s.Exec = &actionlint.ExecRun{Run: scalar(run), Shell: scalar(get(n, "shell")), RunPos: pos(run)}
		return s
	}
	uses := &actionlint.ExecAction{Uses: scalar(get(n, "uses")), Inputs: map[string]*actionlint.Input{}}
	entries(get(n, "with"), func(key string, k, v *yaml.Node) {
		uses.Inputs[key] = &actionlint.Input{Name: scalar(k), Value: scalar(v)}
	})
	s.Exec = uses
	return s
}

func scalar(n *yaml.Node) *actionlint.String {
	if n.Kind != yaml.ScalarNode {
		return nil
	}
	return &actionlint.String{Value: n.Value, Quoted: n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0, Pos: pos(n)}
}

func pos(n *yaml.Node) *actionlint.Pos { return &actionlint.Pos{Line: n.Line, Col: n.Column} }

// jobs in the order of the file.
func (w workflow) jobs() []*actionlint.Job {
	return slices.SortedFunc(maps.Values(w.Jobs), func(a, b *actionlint.Job) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
}

func (w workflow) at(p *actionlint.Pos) report.Location {
	if p == nil {
		return report.Location{Path: w.path}
	}
	return report.Location{Path: w.path, Line: p.Line, Column: p.Col}
}

// within is the place of the offset in a value that may have several lines.
func (w workflow) within(s *actionlint.String, offset int) report.Location {
	at := w.at(s.Pos)
	if at.Line < 1 || at.Line > len(w.lines) || at.Column < 1 || at.Column > len(w.lines[at.Line-1]) {
		return at
	}
	before := s.Value[:offset]
	n := strings.Count(before, "\n")
	if !strings.HasPrefix(w.lines[at.Line-1][at.Column-1:], "|") {
		return at
	}
	line := at.Line + 1 + n
	if line > len(w.lines) {
		return at
	}
	text, _, _ := strings.Cut(s.Value[strings.LastIndex(before, "\n")+1:], "\n")
	column := 0
	if i := strings.Index(w.lines[line-1], text); i >= 0 {
		column = i + 1 + offset - (strings.LastIndex(before, "\n") + 1)
	}
	return report.Location{Path: w.path, Line: line, Column: column}
}

var versionComment = regexp.MustCompile(`#.*?\b[vV]?(\d+(?:\.\d+)*)\b`)

// version of an action, from its tag or from the comment beside its commit; ""
// when neither says it.
func (w workflow) version(uses *actionlint.String) string {
	_, ref, _ := strings.Cut(value(uses), "@")
	if !commitRef.MatchString(ref) {
		return strings.TrimLeft(ref, "vV")
	}
	if p := uses.Pos; p != nil && p.Line >= 1 && p.Line <= len(w.lines) {
		if m := versionComment.FindStringSubmatch(w.lines[p.Line-1]); m != nil {
			return m[1]
		}
	}
	return ""
}

// actionName is owner/repository/path of a uses:, in lower case.
func actionName(s *actionlint.Step) string {
	a, ok := s.Exec.(*actionlint.ExecAction)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(value(a.Uses), "@")
	return strings.ToLower(name)
}

// input is the value of a step's with:, nil when it has none.
func input(s *actionlint.Step, key string) *actionlint.String {
	if a, ok := s.Exec.(*actionlint.ExecAction); ok && a.Inputs[key] != nil {
		return a.Inputs[key].Value
	}
	return nil
}

func script(s *actionlint.Step) *actionlint.String {
	if r, ok := s.Exec.(*actionlint.ExecRun); ok && r.Run != nil {
		return r.Run
	}
	return nil
}

func value(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}
