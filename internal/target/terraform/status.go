package terraform

import (
	"context"
	"fmt"
	"iter"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Status returns the state of an environment from its outputs, or target.ErrNotDeployed
// if the environment has no workspace. Alive means that the workspace has resources, not
// that they respond. After a killed deployment, a workspace may have no resources.
func (t *Target) Status(ctx context.Context, environment string) (target.Running, error) {
	s, there, err := t.open(ctx, environment)
	if err == nil {
		defer s.leave()
		if !there {
			err = target.ErrNotDeployed
		}
	}
	var r target.Running
	if err == nil {
		r, err = s.status(ctx, environment)
	}
	if err != nil {
		return target.Running{}, fmt.Errorf("cannot read environment %s: %w", environment, err)
	}
	return r, nil
}

func (s *session) status(ctx context.Context, environment string) (target.Running, error) {
	outputs, err := s.outputs(ctx)
	if err != nil {
		return target.Running{}, err
	}
	left, err := s.resources(ctx)
	if err != nil {
		return target.Running{}, err
	}
	r := running(environment, s.workspace, recalled(environment, s.workspace, readKnown(outputs)))
	if s.version != "" {
		r.Notes = append(r.Notes, s.version)
	}
	if len(left) == 0 {
		r.Notes = append(r.Notes, place(s.workspace)+" is there, and nothing in it")
		return r, nil
	}
	r.Alive = true
	if r.URL, err = s.address(outputs); err != nil {
		r.Notes = append(r.Notes, err.Error())
	}
	return r, nil
}

// List iterates over the workspaces of previews. The caller may remove a preview before
// it reads the next. A workspace that cannot be read is returned with an error.
func (t *Target) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return func(yield func(target.Running, error) bool) {
		all, err := t.workspaces(ctx)
		if err != nil {
			yield(target.Running{}, fmt.Errorf("cannot list environments: %w", err))
			return
		}
		for _, workspace := range all {
			environment := t.preview(workspace)
			if environment == "" {
				continue
			}
			r, there, err := t.listed(ctx, environment, workspace)
			if err == nil && !there {
				continue // it was removed
			}
			if err != nil {
				r = target.Running{Environment: environment, Place: place(workspace)}
				err = fmt.Errorf("cannot read environment %s: %w", environment, err)
			}
			if !yield(r, err) || ctx.Err() != nil {
				return
			}
		}
	}
}

func (t *Target) workspaces(ctx context.Context) ([]string, error) {
	s, err := t.enter(ctx, "")
	if err != nil {
		return nil, err
	}
	defer s.leave()
	if err := s.init(ctx); err != nil {
		return nil, err
	}
	all, _, err := s.tf.WorkspaceList(ctx)
	if err != nil {
		return nil, s.explain(ctx, "workspace list", err)
	}
	return all, nil
}

// listed reads the state of a workspace in a session that is already initialised.
func (t *Target) listed(ctx context.Context, environment, workspace string) (target.Running, bool, error) {
	s, err := t.enter(ctx, workspace)
	if err != nil {
		return target.Running{}, false, err
	}
	defer s.leave()
	there, err := s.selectWorkspace(ctx)
	if err != nil || !there {
		return target.Running{}, false, err
	}
	r, err := s.status(ctx, environment)
	return r, true, err
}
