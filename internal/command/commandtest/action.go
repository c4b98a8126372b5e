// Package commandtest checks goldenpath's contract on GitHub (action.yml files, their
// READMEs, workflows, starters, the examples in documents) against the commands.
package commandtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Root is the repository, seen from a package two folders below internal.
const Root = "../../.."

// Actions are the actions of goldenpath: the folders below actions.
var Actions = []string{"preview-up", "preview-down", "security-gate", "scorecard", "promote", "setup"}

// Composites are actions of several steps, which workflows of ours share.
var Composites = []string{"toolchain", "cloud", "registry", "test", "build", "push", "attest", "collect", "prepare", "battery"}

// Action is an action.yml. A key that GitHub does not know is an error.
type Action struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Author      string `yaml:"author"`
	Branding    struct {
		Icon  string `yaml:"icon"`
		Color string `yaml:"color"`
	} `yaml:"branding"`
	Inputs  Ordered[Input]  `yaml:"inputs"`
	Outputs Ordered[Output] `yaml:"outputs"`
	Runs    struct {
		Using string   `yaml:"using"`
		Image string   `yaml:"image"`
		Args  []string `yaml:"args"`
		Steps []Step   `yaml:"steps"` // of a composite
	} `yaml:"runs"`
}

// Input is one input, of an action or of a workflow that is called.
type Input struct {
	Description string `yaml:"description"`
	Required    bool   `yaml:"required"`
	Default     string `yaml:"default"`
	Type        string `yaml:"type"` // of a workflow's
}

// Output is one output, of an action or of a workflow that is called.
type Output struct {
	Description string `yaml:"description"`
	Value       string `yaml:"value"` // of a workflow's
}

// Ordered is a mapping that remembers the order it was written in.
type Ordered[T any] struct {
	Keys   []string
	Values map[string]T
}

// UnmarshalYAML reads the mapping once for its order and once for its values.
func (o *Ordered[T]) UnmarshalYAML(b []byte) error {
	var slice yaml.MapSlice
	if err := yaml.Unmarshal(b, &slice); err != nil {
		return err
	}
	for _, item := range slice {
		name, _ := item.Key.(string)
		o.Keys = append(o.Keys, name)
	}
	return yaml.UnmarshalWithOptions(b, &o.Values, yaml.Strict())
}

// ReadAction reads actions/<name>/action.yml.
func ReadAction(t *testing.T, name string) Action {
	t.Helper()
	var a Action
	if err := yaml.UnmarshalWithOptions([]byte(Read(t, "actions", name, "action.yml")), &a, yaml.Strict()); err != nil {
		t.Fatalf("actions/%s/action.yml: %v", name, err)
	}
	return a
}

// Steps returns the steps of a job or a composite, with those of our composites in the
// place of the step that uses one.
func Steps(t *testing.T, steps []Step) (all []Step) {
	t.Helper()
	for _, s := range steps {
		name, ours := strings.CutPrefix(s.Uses, "$/actions/")
		if !ours || !slices.Contains(Composites, name) {
			all = append(all, s)
			continue
		}
		all = append(all, Steps(t, ReadAction(t, name).Runs.Steps)...)
	}
	return all
}

// Read reads a file of the repository.
func Read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(Root, filepath.Join(path...)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
