package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// selectWorkspace selects the session's workspace. It returns false if the workspace
// does not exist.
func (s *session) selectWorkspace(ctx context.Context) (bool, error) {
	all, _, err := s.tf.WorkspaceList(ctx)
	if err != nil {
		return false, s.explain(ctx, "workspace list", err)
	}
	if !slices.Contains(all, s.workspace) {
		return false, nil
	}
	if err := s.tf.WorkspaceSelect(ctx, s.workspace); err != nil {
		return false, s.explain(ctx, "workspace select", err)
	}
	return true, nil
}

// makeWorkspace creates the session's workspace. It returns false if another run has
// created the workspace at the same time.
func (s *session) makeWorkspace(ctx context.Context) (bool, error) {
	err := s.tf.WorkspaceNew(ctx, s.workspace, tfexec.LockTimeout(s.t.lockTimeout().String()))
	if err == nil {
		return true, nil
	}
	if there, again := s.selectWorkspace(ctx); again == nil && there {
		return false, nil
	}
	return false, s.explain(ctx, "workspace new", err)
}

// deleteWorkspace deletes the session's workspace if it is empty. Terraform refuses to
// delete a workspace with resources.
func (s *session) deleteWorkspace(ctx context.Context) error {
	if err := s.tf.WorkspaceSelect(ctx, "default"); err != nil {
		return s.explain(ctx, "workspace select", err)
	}
	err := s.tf.WorkspaceDelete(ctx, s.workspace, tfexec.LockTimeout(s.t.lockTimeout().String()))
	if err == nil || strings.Contains(err.Error(), "doesn't exist") {
		return nil
	}
	return s.explain(ctx, "workspace delete", err)
}

// resources returns the addresses of the workspace's resources.
func (s *session) resources(ctx context.Context) ([]string, error) {
	text, err := s.tf.StatePull(ctx)
	if err != nil {
		return nil, s.explain(ctx, "state pull", err)
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var state struct {
		Resources []struct {
			Mode, Module, Type, Name string
			Instances                []json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return nil, fmt.Errorf("cannot read the state of %s: %w", place(s.workspace), err)
	}
	var all []string
	for _, r := range state.Resources {
		if r.Mode == "managed" && len(r.Instances) > 0 {
			all = append(all, plain(strings.TrimPrefix(r.Module+"."+r.Type+"."+r.Name, "."), 200))
		}
	}
	return all, nil
}

// outputs returns the workspace's outputs. The values of sensitive outputs are
// registered so that no message contains them.
func (s *session) outputs(ctx context.Context) (map[string]tfexec.OutputMeta, error) {
	all, err := s.tf.Output(ctx)
	if err != nil {
		return nil, s.explain(ctx, "output", err)
	}
	for _, o := range all {
		var text string
		if o.Sensitive && json.Unmarshal(o.Value, &text) == nil {
			s.hide(text)
		}
	}
	return all, nil
}
