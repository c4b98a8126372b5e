package workflow

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

// File is a parsed workflow or action. The steps of an action form a workflow
// with one job and no events.
type File struct {
	Path                 string
	*actionlint.Workflow // what could be parsed; never nil
	// Broken is set if the text is not YAML, so that nothing could be parsed.
	Broken bool
	// Errors are the syntax errors of a workflow. Actions have none.
	Errors []*actionlint.Error

	kind       kind
	doc        *yaml.Node // of a configuration of Dependabot or pre-commit
	lines      []string
	declared   []Input           // inputs of an action
	defaults   map[string]string // of inputs, by their id in lower case
	outputs    map[string]string // of an action or a called workflow: their expressions, by id in lower case
	locked     map[string]bool   // uses: that actions.lock pins for this workflow
	inputs     map[string]bool   // declared inputs, in lower case; true: any text is accepted
	cacheModes map[string]string // by job id in lower case; "" is the mode of the workflow
	controls   map[actionlint.Pos]bool
	labels     []string          // runner labels from actionlint.yaml
	outside    map[string]bool   // workflow name → an outsider can trigger it; nil: unknown
	callers    map[string][]call // by target
	paths      []*call           // what ways returns; nil: not yet evaluated
	called     map[string][]*File
	pinned     map[string][]pin    // references of the whole repository, by owner/repository
	strangers  bool                // a job of the repository that handles code of outsiders may save a cache for all
	visited    map[visit]bool      // jobs that were already evaluated
	texts      map[textIn][]string // texts that were already evaluated
	shells     map[shellKey]*shell // parsed scripts
	budget     *int                // expressions that may still be followed; below zero: too many
}

func newFile(name string, k kind, text []byte) *File {
	return &File{
		Path: name, kind: k, lines: split(text), inputs: map[string]bool{}, defaults: map[string]string{}, outputs: map[string]string{}, cacheModes: map[string]string{}, controls: map[actionlint.Pos]bool{},
		visited: map[visit]bool{}, texts: map[textIn][]string{}, shells: map[shellKey]*shell{}, budget: new(maxFollowed),
	}
}

func newWorkflow(name string, text []byte, doc *yaml.Node) *File {
	w := newFile(name, workflow, text)
	w.Workflow, w.Errors = actionlint.Parse(text)
	if w.Workflow == nil {
		w.Workflow, w.Broken = &actionlint.Workflow{}, true
	}
	for _, e := range w.On {
		switch e := e.(type) {
		case *actionlint.WorkflowCallEvent:
			for id, out := range e.Outputs {
				w.outputs[id] = value(out.Value)
			}
			for _, in := range e.Inputs {
				w.defaults[in.ID] = value(in.Default)
				w.inputs[in.ID] = w.inputs[in.ID] || in.Type == actionlint.WorkflowCallEventInputTypeString
			}
		case *actionlint.WorkflowDispatchEvent:
			for id, in := range e.Inputs {
				w.inputs[id] = w.inputs[id] || in.Type == actionlint.WorkflowDispatchEventInputTypeString || in.Type == actionlint.WorkflowDispatchEventInputTypeNone
			}
		}
	}
	w.nest(doc)
	w.cacheModes[""] = get(doc, "cache-mode").Value
	entries(get(doc, "jobs"), func(id string, _, job *yaml.Node) { w.cacheModes[id] = get(job, "cache-mode").Value })
	return w
}

// jobs returns the jobs in file order.
func (w *File) jobs() []*actionlint.Job {
	return slices.SortedFunc(maps.Values(w.Jobs), func(a, b *actionlint.Job) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
}

// Steps returns the steps of all jobs, in file order.
func (w *File) Steps() []*actionlint.Step {
	var out []*actionlint.Step
	for _, j := range w.jobs() {
		out = append(out, j.Steps...)
	}
	return out
}

func (w *File) at(p *actionlint.Pos) report.Location {
	if p == nil {
		return report.Location{Path: w.Path}
	}
	return report.Location{Path: w.Path, Line: p.Line, Column: p.Col}
}

// blockScalar matches the begin of a literal block, behind an anchor or a tag.
var blockScalar = regexp.MustCompile(`^(?:[&!]\S+\s+)*\|`)

// within returns the location of an offset in a value, which may span several lines.
func (w *File) within(s *actionlint.String, offset int) report.Location {
	at := w.at(s.Pos)
	if at.Line < 1 || at.Line > len(w.lines) || at.Column < 1 || at.Column > len(w.lines[at.Line-1]) {
		return at
	}
	before := s.Value[:offset]
	n := strings.Count(before, "\n")
	if !blockScalar.MatchString(w.lines[at.Line-1][at.Column-1:]) {
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
	return report.Location{Path: w.Path, Line: line, Column: column}
}

// Expression is an expression in a script.
type Expression struct {
	At   report.Location // where our rules report it
	node actionlint.ExprNode
}

// PassesOn reports whether the text of a context, such as github.head_ref, becomes part
// of the script. It returns false if the expression only compares the context.
func (e Expression) PassesOn(context string) bool {
	return slices.ContainsFunc(reads(e.node, false), func(r read) bool { return strings.EqualFold(strings.Join(r.path, "."), context) })
}

// Expression returns the expression of a script at a position that actionlint reports,
// and false if there is none. actionlint counts the columns of a block scalar from the
// line of its "|", whatever line the expression is on.
func (w *File) Expression(line, column int) (Expression, bool) {
	for _, j := range w.jobs() {
		for _, s := range j.Steps {
			for _, text := range scripts(s) {
				if text.Pos == nil || text.Pos.Line != line {
					continue
				}
				offset := column - text.Pos.Col
				if text.Quoted {
					offset--
				}
				for _, p := range placeholders(text.Value) {
					if p.offset <= offset && offset < p.offset+len(p.text) {
						return Expression{w.within(text, p.offset), p.node}, true
					}
				}
			}
		}
	}
	return Expression{}, false
}

var versionComment = regexp.MustCompile(`#.*?\b[vV]?(\d+(?:\.\d+)*)\b`)

// version returns the version of an action, from its tag or from the comment next to
// its commit id. It returns "" if neither contains a version.
func (w *File) version(uses *actionlint.String) string {
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

// actionName returns owner/repository/path of a step's uses:, in lower case, or ""
// without one.
func actionName(s *actionlint.Step) string {
	a, ok := s.Exec.(*actionlint.ExecAction)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(value(a.Uses), "@")
	return strings.ToLower(name)
}

// input returns a value of the step's with:, or nil if it is not set.
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

// program returns what a shell runs, or what actions/github-script runs.
func program(s *actionlint.Step) string {
	if actionName(s) == "actions/github-script" {
		return value(input(s, "script"))
	}
	return value(script(s))
}

func value(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}
