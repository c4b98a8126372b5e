package workflow

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Reader reads and parses each folder once, for every scanner that uses the same
// Reader. The zero value is ready to use. A nil *Reader parses the folder on every
// call.
type Reader struct {
	mu    sync.Mutex
	trees map[string]*Tree // by folder and files
}

// Read returns the workflows and actions among in.Files. The caller must not change the
// returned Tree.
func (r *Reader) Read(ctx context.Context, in gate.Input) (*Tree, error) {
	if r == nil {
		return readTree(ctx, in)
	}
	var key strings.Builder
	key.WriteString(in.Dir)
	for _, f := range in.Files {
		key.WriteString("\x00" + f.Path)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.trees[key.String()]; t != nil {
		return t, nil
	}
	t, err := readTree(ctx, in)
	if err != nil {
		return nil, err
	}
	if r.trees == nil {
		r.trees = map[string]*Tree{}
	}
	r.trees[key.String()] = t
	return t, nil
}

// Tree holds the workflows and actions of one folder.
type Tree struct {
	Settings Settings
	Missing  []gate.Gap // files that could not be read, with their path in What
	// Findings returns what our rules find. They run once, on the first call.
	Findings func() []report.Finding

	files []*File
}

// Workflows returns the workflows without the actions.
func (t *Tree) Workflows() []*File {
	return slices.DeleteFunc(slices.Clone(t.files), func(f *File) bool { return f.kind != workflow })
}

// UnreadWorkflows returns the gaps in Missing that concern workflows.
func (t *Tree) UnreadWorkflows() []gate.Gap {
	return slices.DeleteFunc(slices.Clone(t.Missing), func(g gate.Gap) bool { return kindOf(g.What) != workflow })
}

func readTree(ctx context.Context, in gate.Input) (*Tree, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the repository: %w", err)
	}
	defer root.Close()
	t := &Tree{}
	var broken []report.Finding
	for _, f := range in.Files {
		k := kindOf(f.Path)
		if k == other || k == configuration {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("cannot read workflows: %w", err)
		}
		file, err := readFile(root, f.Path, k)
		switch {
		case errors.Is(err, errBrokenAction):
			broken = append(broken, brokenAction(f.Path, err))
			continue
		case err != nil:
			t.Missing = append(t.Missing, gap(f.Path, err))
		}
		if file != nil {
			t.files = append(t.files, file)
		}
	}
	t.Findings = sync.OnceValue(func() []report.Finding {
		out := append([]report.Finding{}, broken...)
		for _, f := range t.files {
			out = append(out, f.check()...)
		}
		return Order(out)
	})
	if len(t.files) == 0 {
		return t, nil
	}
	if t.Settings, err = readSettings(root); err != nil {
		return nil, err
	}
	t.link()
	t.follow(root)
	return t, nil
}

var errBrokenAction = errors.New("the action cannot be parsed")

// readFile returns nil without an error for a file that has the name of an action but
// is not one, and what was read together with errSeveral.
func readFile(root *os.Root, name string, k kind) (*File, error) {
	b, err := files.Read(root, name, maxFile)
	if err != nil {
		return nil, err
	}
	doc, err := load(b)
	switch {
	case errors.Is(err, errNotYAML) && k == workflow:
		return newWorkflow(name, b, &yaml.Node{}), nil // actionlint reports the line
	case errors.Is(err, errNotYAML) && k == action:
		if ours(name) || bytes.HasPrefix(b, []byte("runs:")) || bytes.Contains(b, []byte("\nruns:")) {
			return nil, fmt.Errorf("%w: %w", errBrokenAction, err)
		}
		return nil, nil
	case err != nil && !errors.Is(err, errSeveral):
		return nil, err
	case k == workflow:
		return newWorkflow(name, b, doc), err
	case k == dependabot || k == preCommit:
		f := newFile(name, k, b)
		f.Workflow, f.doc = &actionlint.Workflow{}, doc
		return f, err
	case get(doc, "runs").Kind != yaml.MappingNode:
		return nil, nil
	}
	if key := repeated(doc); key != nil {
		return nil, fmt.Errorf("%w: line %d repeats the key %q", errBrokenAction, key.Line, key.Value)
	}
	return newAction(name, b, doc), err
}

// link gives each file access to the others: who calls it, and which workflow an
// outsider can trigger.
func (t *Tree) link() {
	pinned := allPins(t.files)
	outside, callers, called := t.outsideWorkflows(), map[string][]call{}, map[string][]*File{}
	for _, f := range t.files {
		called[target(f.Path)] = append(called[target(f.Path)], f)
		f.labels, f.outside, f.callers, f.called = t.Settings.Labels, outside, callers, called
		f.pinned = pinned
		f.calls(callers)
	}
	strangers := slices.ContainsFunc(t.files, func(f *File) bool {
		return slices.ContainsFunc(f.jobs(), f.spoils)
	})
	for _, f := range t.files {
		f.strangers = strangers
	}
}

// outsideWorkflows maps the name of each workflow to whether an outsider can trigger it.
func (t *Tree) outsideWorkflows() map[string]bool {
	out := map[string]bool{}
	for _, f := range t.files {
		if f.kind != workflow {
			continue
		}
		name := cmp.Or(value(f.Name), f.Path)
		out[name] = out[name] || len(f.On) == 0 || slices.ContainsFunc(f.On, func(e actionlint.Event) bool {
			_, outside := outsideEvents[e.EventName()]
			return outside || e.EventName() == "workflow_call"
		})
	}
	return out
}

func gap(name string, err error) gate.Gap {
	remedy := "make the file smaller, or correct it: GitHub would reject it as well"
	switch {
	case errors.Is(err, errSeveral):
		remedy = "keep one document in the file: GitHub rejects a second one"
	case errors.Is(err, errNotYAML):
		remedy = "correct the syntax"
	case errors.As(err, new(*fs.PathError)) || errors.Is(err, files.ErrIrregular):
		remedy = "replace it with a regular file of the repository: GitHub does not follow a link that leads out of it"
	}
	return gate.Gap{What: name, Why: text.OneLine(err.Error(), 0), Remedy: remedy}
}

func brokenAction(name string, err error) report.Finding {
	return report.Finding{
		Rule: "syntax-check", Severity: report.High, At: report.Location{Path: name, Line: 1},
		Message: short(err.Error()),
		Fix:     "correct the syntax: GitHub does not run an action that it cannot parse",
	}
}
