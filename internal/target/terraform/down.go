package terraform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Down destroys what is in the environment's workspace and deletes the workspace.
// It returns nil when there is none, and goes on where an earlier one was killed. A
// workspace with anything in it is never deleted: what cannot be destroyed is a
// *target.Failure, and stays where the next Down finds it.
func (t *Target) Down(ctx context.Context, environment string) error {
	if err := t.down(ctx, environment); err != nil {
		return fmt.Errorf("take down %s: %w", environment, err)
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

// recall is the variables of an environment that is not deployed now.
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

// remove destroys what is in the workspace, and deletes it.
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
			return &target.Failure{What: s.product + " destroy: it ended well and left " + list(left), Remedy: "run the same command again"}
		}
	}
	return s.deleteWorkspace(ctx)
}

func (s *session) notDestroyed(ctx context.Context, cause error, ev *events) error {
	var failed *Failed
	if !errors.As(cause, &failed) {
		return cause
	}
	f := &target.Failure{What: failed.Error(), Remedy: "mend what it names; the next sweep tries again, as does the same command"}
	for _, line := range ev.said {
		f.Detail = append(f.Detail, s.clean(line))
	}
	if left, err := s.resources(ctx); err == nil {
		f.Kept = fmt.Sprintf("%s with %s", place(s.workspace), list(left))
	}
	return f
}

// list names at most ten.
func list(all []string) string {
	text := strings.Join(all[:min(len(all), 10)], ", ")
	if n := len(all) - 10; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
