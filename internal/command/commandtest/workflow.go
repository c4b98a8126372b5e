package commandtest

import (
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
)

// Workflow is what the contracts read of a workflow file.
type Workflow struct {
	File        string            `yaml:"-"` // relative to the repository
	Text        string            `yaml:"-"`
	On          Events            `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency struct {
		Group  string `yaml:"group"`
		Cancel any    `yaml:"cancel-in-progress"`
	} `yaml:"concurrency"`
	Jobs map[string]Job `yaml:"jobs"`
}

// Job is one job.
type Job struct {
	Needs       Names             `yaml:"needs"`
	Permissions map[string]string `yaml:"permissions"`
	RunsOn      string            `yaml:"runs-on"`
	Timeout     int               `yaml:"timeout-minutes"`
	Uses        string            `yaml:"uses"`
	With        map[string]any    `yaml:"with"`
	Secrets     any               `yaml:"secrets"`
	Steps       []Step            `yaml:"steps"`
}

// Step is one step.
type Step struct {
	Name  string         `yaml:"name"`
	ID    string         `yaml:"id"`
	If    string         `yaml:"if"`
	Uses  string         `yaml:"uses"`
	Run   string         `yaml:"run"`
	Shell string         `yaml:"shell"` // of a composite's
	With  map[string]any `yaml:"with"`
	Env   map[string]any `yaml:"env"`
}

// Events is what starts a workflow. Only the mapping form is read: ours use no
// other.
type Events struct {
	Names []string
	Call  *Call // workflow_call
}

// Call is the contract of a workflow that others call.
type Call struct {
	Inputs  Ordered[Input]  `yaml:"inputs"`
	Secrets Ordered[Input]  `yaml:"secrets"`
	Outputs Ordered[Output] `yaml:"outputs"`
}

// Names is one name or a list of them.
type Names []string

// UnmarshalYAML reads either.
func (n *Names) UnmarshalYAML(b []byte) error {
	var one string
	if yaml.Unmarshal(b, &one) == nil && one != "" {
		*n = Names{one}
		return nil
	}
	return yaml.Unmarshal(b, (*[]string)(n))
}

// UnmarshalYAML reads the names and workflow_call.
func (e *Events) UnmarshalYAML(b []byte) error {
	var all Ordered[any]
	if err := all.UnmarshalYAML(b); err != nil {
		return err
	}
	e.Names = all.Keys
	var call struct {
		Call *Call `yaml:"workflow_call"`
	}
	err := yaml.Unmarshal(b, &call)
	e.Call = call.Call
	return err
}

// Workflows reads every workflow of a folder, private ones too.
func Workflows(t *testing.T, folder string) []Workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Root, folder, "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no workflows: %v", folder, err)
	}
	var out []Workflow
	for _, file := range files {
		out = append(out, ReadWorkflow(t, folder, filepath.Base(file)))
	}
	return out
}

// ReadWorkflow reads one workflow.
func ReadWorkflow(t *testing.T, folder, name string) Workflow {
	t.Helper()
	w := Workflow{File: filepath.Join(folder, name), Text: Read(t, folder, name)}
	if err := yaml.Unmarshal([]byte(w.Text), &w); err != nil {
		t.Fatalf("%s: %v", w.File, err)
	}
	return w
}
