package workflow

import (
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

// newAction converts a composite or Docker action to a File, because actionlint does
// not parse actions.
func newAction(name string, text []byte, doc *yaml.Node) *File {
	w := newFile(name, action, text)
	entries(get(doc, "inputs"), func(id string, k, in *yaml.Node) {
		w.inputs[id], w.defaults[id] = true, get(in, "default").Value
		required := get(in, "required").Value == "true" && get(in, "default").Kind == 0
		w.declared = append(w.declared, Input{k.Value, required})
	})
	entries(get(doc, "outputs"), func(id string, _, out *yaml.Node) { w.outputs[id] = get(out, "value").Value })
	job := &actionlint.Job{ID: &actionlint.String{Value: "runs"}, Pos: &actionlint.Pos{Line: 1, Col: 1}}
	runs := get(doc, "runs")
	if image := get(runs, "image"); strings.HasPrefix(image.Value, "docker://") {
		job.Steps = append(job.Steps, &actionlint.Step{Exec: &actionlint.ExecAction{Uses: scalar(image)}, Pos: pos(image)})
	}
	job.Steps = append(job.Steps, stepsOf(get(runs, "steps"))...)
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

// Input is an input that an action declares.
type Input struct {
	Name     string
	Required bool // the caller has to set it
}

// ActionInputs returns the inputs of the action in a folder of the repository, in file
// order, and false if there is no such action.
func (t *Tree) ActionInputs(folder string) ([]Input, bool) {
	for _, f := range t.files {
		if f.kind == action && target(f.Path) == folder {
			return f.declared, true
		}
	}
	return nil, false
}
