package workflow

import (
	"slices"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

// controls are the keys that make a step without run: and uses:. GitHub has them since
// June 2026; actionlint does not know them (rhysd/actionlint#693).
var controls = []string{"parallel", "wait", "wait-all", "cancel"}

// nest adds the steps that actionlint does not read: those in a parallel: group, and
// those below a key of a job or a step that actionlint does not know. An unknown key
// may be as new as parallel: was, and its steps run as well.
func (w *File) nest(doc *yaml.Node) {
	entries(get(doc, "jobs"), func(id string, _, job *yaml.Node) {
		j := w.Jobs[id]
		if j == nil {
			return
		}
		listed := get(job, "steps").Content
		if len(listed) == len(j.Steps) {
			var all []*actionlint.Step
			for i, s := range j.Steps {
				all = append(all, s)
				if n := resolve(listed[i]); n.Kind == yaml.MappingNode {
					all = append(all, inner(n)...)
					w.control(n)
				}
			}
			j.Steps = all
		}
		entries(job, func(key string, _, v *yaml.Node) {
			if key != "steps" {
				j.Steps = append(j.Steps, stepsOf(v)...)
			}
		})
	})
}

// control remembers the place of a step that is complete without run: and uses:.
func (w *File) control(n *yaml.Node) {
	if slices.ContainsFunc(controls, func(key string) bool { return get(n, key).Kind != 0 }) {
		w.controls[*pos(n)] = true
	}
}

// Control reports whether a step without run: and uses: at a position is complete:
// parallel:, wait:, wait-all: or cancel:.
func (w *File) Control(line, column int) bool {
	return w.controls[actionlint.Pos{Line: line, Col: column}]
}

// inner returns the steps below the keys of a step.
func inner(n *yaml.Node) []*actionlint.Step {
	var out []*actionlint.Step
	entries(n, func(_ string, _, v *yaml.Node) { out = append(out, stepsOf(v)...) })
	return out
}

// stepsOf returns the steps of a list, and those inside them. It returns nil for
// anything but a list of steps.
func stepsOf(n *yaml.Node) []*actionlint.Step {
	if n.Kind != yaml.SequenceNode {
		return nil
	}
	var out []*actionlint.Step
	for _, c := range n.Content {
		c = resolve(c)
		if get(c, "run").Kind == yaml.ScalarNode || get(c, "uses").Kind == yaml.ScalarNode {
			out = append(out, step(c))
		}
		out = append(out, inner(c)...)
	}
	return out
}
