package terraform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Down destroys the resources in the environment's workspace and deletes the workspace.
// It returns nil if the workspace does not exist. After a kill, the next call continues.
// Down never deletes a workspace that still has resources: if they cannot be destroyed,
// the error is a *target.Failure, and the next call tries again.
func (t *Target) Down(ctx context.Context, environment string) error {
	if err := t.down(ctx, environment); err != nil {
		return fmt.Errorf("cannot remove %s: %w", environment, err)
	}
	return nil
}

func (t *Target) down(ctx context.Context, environment string) error {
	s, there, err := t.open(ctx, environment)
	if err != nil {
		return err
	}
	defer s.leave()
	if !there {
		return nil
	}
	v, err := s.recall(ctx, environment)
	if err != nil {
		return err
	}
	return s.remove(ctx, v)
}

// recall returns the variables of an existing environment when there is no deployment to
// take them from, such as for a removal.
func (s *session) recall(ctx context.Context, environment string) (*values, error) {
	outputs, err := s.outputs(ctx)
	if err != nil {
		return nil, err
	}
	known := recalled(environment, s.workspace, readKnown(outputs))
	std := standard(s.workspace, known["number"], known, map[string]string{})
	s.stand(std, s.t.Secrets)
	return s.fill(std, s.t.Secrets)
}

// remove destroys the resources of the workspace, and deletes it.
func (s *session) remove(ctx context.Context, v *values) error {
	left, err := s.resources(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		if err := s.write(v); err != nil {
			return err
		}
		ev, err := s.run(ctx, append(s.args("destroy", v), "-auto-approve")...)
		if err != nil {
			return s.notDestroyed(ctx, err, ev)
		}
		if left, err = s.resources(ctx); err != nil {
			return err
		}
		if len(left) > 0 {
			return &target.Failure{What: s.product + " destroy succeeded, but left " + list(left), Remedy: "run the same command again"}
		}
	}
	return s.deleteWorkspace(ctx)
}

func (s *session) notDestroyed(ctx context.Context, cause error, ev *events) error {
	var failed *Failed
	if !errors.As(cause, &failed) {
		return cause
	}
	f := &target.Failure{What: failed.Error(), Remedy: "fix the reported errors and run the same command again; the next sweep tries again too"}
	for _, line := range ev.said {
		f.Detail = append(f.Detail, s.clean(line))
	}
	if left, err := s.resources(ctx); err == nil {
		f.Kept = fmt.Sprintf("%s with %s", place(s.workspace), list(left))
	}
	return f
}

// list returns at most ten names as one text.
func list(all []string) string {
	text := strings.Join(all[:min(len(all), 10)], ", ")
	if n := len(all) - 10; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
