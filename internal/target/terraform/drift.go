package terraform

import (
	"context"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Drift tells what was changed or removed behind Terraform's back since the last
// deployment, and changes nothing; nil when nothing was. target.ErrNotDeployed
// where there is no workspace.
func (t *Target) Drift(ctx context.Context, environment string) ([]target.Change, error) {
	changes, err := t.drift(ctx, environment)
	if err != nil {
		return nil, fmt.Errorf("compare %s with its state: %w", environment, err)
	}
	return changes, nil
}

func (t *Target) drift(ctx context.Context, environment string) ([]target.Change, error) {
	s, there, err := t.open(ctx, environment)
	if err != nil {
		return nil, err
	}
	defer s.leave()
	if !there {
		return nil, target.ErrNotDeployed
	}
	v, err := s.recall(ctx, environment)
	if err != nil {
		return nil, err
	}
	if _, err := s.plan(ctx, v, "-refresh-only", "-detailed-exitcode"); err != nil {
		return nil, err
	}
	full, err := s.show(ctx)
	if err != nil {
		return nil, err
	}
	return drifted(full), nil
}

func drifted(p *tfjson.Plan) []target.Change {
	var all []target.Change
	for _, rc := range p.ResourceDrift {
		changes, _ := read(rc)
		for _, c := range changes {
			if c.What != "keep" {
				all = append(all, c)
			}
		}
	}
	return all
}
