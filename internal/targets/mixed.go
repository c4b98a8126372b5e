package targets

import (
	"context"
	"iter"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Mixed returns one target for all environments of a configuration, each with its own.
func (a Access) Mixed(c *config.Config) (preview.Target, error) {
	a.Config = c
	m := mixed{Environments{}}
	var err error
	if m.Environments[previews], err = a.Open(c.Preview.Deploy, ""); err != nil {
		return nil, err
	}
	for name, e := range c.Environments {
		if m.Environments[name], err = a.Open(e.Deploy, e.Namespace); err != nil {
			return nil, err
		}
	}
	if r, ok := m.Environments[previews].(recorder); ok {
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

// mixed is the environments of a configuration and its previews.
type mixed struct{ Environments }

// Plan asks the target of the environment that d names.
func (m mixed) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	t, err := m.of(d.Environment)
	if err != nil {
		return target.Plan{}, err
	}
	return t.Plan(ctx, d)
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
	return m.Environments[previews].List(ctx)
}

// Now returns the time of the previews' target.
func (m mixed) Now(ctx context.Context) (time.Time, error) { return m.Environments[previews].Now(ctx) }

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
