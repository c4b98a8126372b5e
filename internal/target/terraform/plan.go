package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Plan returns what Deploy would change. It changes nothing: if it creates a workspace,
// it deletes the workspace again. The changes contain addresses in Terraform's order,
// but no values.
func (t *Target) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	p, err := t.planOnly(ctx, d)
	if err != nil {
		return target.Plan{}, fmt.Errorf("cannot plan %s: %w", d.Environment, err)
	}
	return p, nil
}

func (t *Target) planOnly(ctx context.Context, d target.Deployment) (p target.Plan, err error) {
	s, there, err := t.open(ctx, d.Environment)
	if err != nil {
		return p, err
	}
	defer s.leave()
	if err := s.checkURL(); err != nil {
		return p, err
	}
	v, _, err := s.settle(ctx, d, there)
	if err != nil {
		return p, err
	}
	if !there {
		made, err := s.makeWorkspace(ctx)
		if err != nil {
			return p, err
		}
		if made {
			defer func() { err = s.undoWorkspace(ctx, err) }()
		}
	}
	return s.plan(ctx, v)
}

// settle returns the variables of a deployment, and its `goldenpath` map.
func (s *session) settle(ctx context.Context, d target.Deployment, there bool) (*values, map[string]string, error) {
	var before map[string]string
	if there {
		outputs, err := s.outputs(ctx)
		if err != nil {
			return nil, nil, err
		}
		before = readKnown(outputs)
	}
	known := s.t.known(d, s.workspace, before)
	env := d.Env
	if env == nil {
		env = map[string]string{}
	}
	v, err := s.fill(standard(s.workspace, known["number"], known, env), d.Secrets)
	if err != nil {
		return nil, nil, err
	}
	v.notes = append(s.limits(), v.notes...)
	if len(d.Env) > 0 && v.file["env"] == nil {
		v.notes = append(v.notes, fmt.Sprintf("env is not passed to the application: declare variable \"env\" { type = map(string) } in %s", s.t.shown()))
	}
	return v, known, nil
}

// limits returns notes about what goldenpath cannot do with this configuration.
func (s *session) limits() []string {
	notes := []string{s.version}
	if s.conf.local() {
		notes = append(notes, s.t.shown()+" keeps its state on this machine only: set a backend, otherwise no other run finds the environment")
	}
	if !s.conf.outputs["goldenpath"] || s.conf.variables["goldenpath"] == nil {
		notes = append(notes, s.t.shown()+" does not record commit and expiry with the environment: declare the variable and the output goldenpath")
	}
	if s.conf.variables["image"] == nil {
		notes = append(notes, s.t.shown()+" declares no variable image: the configuration does not get the artifact to run")
	}
	return notes
}

const planFile = "plan"

// plan creates a plan and stores it for apply.
func (s *session) plan(ctx context.Context, v *values, more ...string) (target.Plan, error) {
	if err := s.write(v); err != nil {
		return target.Plan{}, err
	}
	if _, err := s.run(ctx, append(s.args("plan", v), append(more, "-out="+filepath.Join(s.tmp, planFile))...)...); err != nil {
		return target.Plan{}, err
	}
	full, err := s.show(ctx)
	if err != nil {
		return target.Plan{}, err
	}
	p := target.Plan{Place: place(s.workspace), Notes: v.notes, Requests: target.Requests{Resources: map[string]int{}}}
	for _, rc := range full.ResourceChanges {
		changes, note := read(rc)
		p.Changes = append(p.Changes, changes...)
		if note != "" {
			p.Notes = append(p.Notes, note)
		}
	}
	if full.PlannedValues != nil {
		count(full.PlannedValues.RootModule, p.Requests.Resources, 0)
	}
	return p, nil
}

func (s *session) show(ctx context.Context) (*tfjson.Plan, error) {
	full, err := s.tf.ShowPlanFile(ctx, filepath.Join(s.tmp, planFile), tfexec.JSONNumber(true))
	if err != nil {
		return nil, s.explain(ctx, "show", err)
	}
	return full, nil
}

// args returns a command line with the arguments that all commands with variables have
// in common.
func (s *session) args(command string, v *values) []string {
	s.secrets = v.secrets
	return []string{command, "-json", "-input=false", "-lock-timeout=" + s.t.lockTimeout().String(), "-var-file=" + filepath.Join(s.tmp, "values.tfvars.json")}
}

func (s *session) write(v *values) error {
	b, err := json.Marshal(v.file)
	if err == nil {
		err = os.WriteFile(filepath.Join(s.tmp, "values.tfvars.json"), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot write the variables: %w", err)
	}
	return nil
}

// read returns the changes that a plan makes to a resource. A replacement is two
// changes, a removal and a creation, in the order in which Terraform makes them.
func read(rc *tfjson.ResourceChange) ([]target.Change, string) {
	if rc.Mode != tfjson.ManagedResourceMode || rc.Change == nil {
		return nil, ""
	}
	name, a := plain(rc.Address, 200), rc.Change.Actions
	one := func(what string) []target.Change { return []target.Change{{Object: name, What: what}} }
	switch {
	case a.NoOp():
		return one("keep"), ""
	case a.Create():
		return one("create"), ""
	case a.Update():
		return one("change"), ""
	case a.Delete():
		return one("remove"), ""
	case a.DestroyBeforeCreate():
		return append(one("remove"), one("create")...), name + " is replaced: what it holds is lost"
	case a.CreateBeforeDestroy():
		return append(one("create"), one("remove")...), name + " is replaced: what it holds is lost"
	case a.Forget():
		return one("keep"), name + " is left to itself: no longer managed, and not removed"
	}
	return one("change"), fmt.Sprintf("%s: unknown action %v", name, a)
}

// maxDepth is the maximum depth of nested modules. Terraform itself has no such limit.
const maxDepth = 100

func count(m *tfjson.StateModule, types map[string]int, depth int) {
	if m == nil || depth > maxDepth {
		return
	}
	for _, r := range m.Resources {
		if r.Mode == tfjson.ManagedResourceMode {
			types[plain(r.Type, 200)]++
		}
	}
	for _, child := range m.ChildModules {
		count(child, types, depth+1)
	}
}
