package targets

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Mixed returns one target for all environments of a configuration, each with its own.
func (a Access) Mixed(c *config.Config) (preview.Target, error) {
	a.Config = c
	m := mixed{environments: map[string]preview.Target{}}
	var err error
	if m.previews, err = a.Open(c.Preview.Deploy, ""); err != nil {
		return nil, err
	}
	for name, e := range c.Environments {
		if m.environments[name], err = a.Open(e.Deploy, e.Namespace); err != nil {
			return nil, err
		}
	}
	if r, ok := m.previews.(recorder); ok {
		return recording{m, r}, nil
	}
	return m, nil
}

// recorder is implemented by targets that keep the records of their previews themselves.
type recorder interface{ Ledger() ledger.Store }

// recording is a mixed target whose previews are recorded where they run.
type recording struct {
	mixed
	recorder
}

// mixed maps environments to their targets.
type mixed struct {
	previews     preview.Target
	environments map[string]preview.Target
}

func (m mixed) of(environment string) (preview.Target, error) {
	if strings.HasPrefix(environment, "preview/") {
		return m.previews, nil
	}
	if t := m.environments[environment]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("there is no environment %.60q", environment)
}

// Plan asks the target of the environment that d names.
func (m mixed) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	t, err := m.of(d.Environment)
	if err != nil {
		return target.Plan{}, err
	}
	return t.Plan(ctx, d)
}

// Deploy deploys to the environment that d names.
func (m mixed) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	t, err := m.of(d.Environment)
	if err != nil {
		return target.Running{}, err
	}
	return t.Deploy(ctx, d)
}

// Status returns what runs in an environment.
func (m mixed) Status(ctx context.Context, environment string) (target.Running, error) {
	t, err := m.of(environment)
	if err != nil {
		return target.Running{}, err
	}
	return t.Status(ctx, environment)
}

// Down removes an environment.
func (m mixed) Down(ctx context.Context, environment string) error {
	t, err := m.of(environment)
	if err != nil {
		return err
	}
	return t.Down(ctx, environment)
}

// List yields the previews.
func (m mixed) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return m.previews.List(ctx)
}

// Now returns the time of the previews' target.
func (m mixed) Now(ctx context.Context) (time.Time, error) { return m.previews.Now(ctx) }

// Place returns where an environment runs.
func (m mixed) Place(environment string) (target.Place, error) {
	t, err := m.of(environment)
	if err != nil {
		return target.Place{}, err
	}
	return t.Place(environment)
}

// Connections returns the variables of the services that an environment of this machine has.
func (m mixed) Connections(environment string) map[string]string {
	t, err := m.of(environment)
	if c, ok := t.(interface {
		Connections(environment string) map[string]string
	}); ok && err == nil {
		return c.Connections(environment)
	}
	return nil
}
