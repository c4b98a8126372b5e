package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Status returns what runs in an environment. If nothing is deployed there, the error is
// target.ErrNotDeployed. Alive is false for a deployment that has ended or waits for a
// restart.
func (t *Target) Status(ctx context.Context, environment string) (target.Running, error) {
	dir, err := t.folder(environment)
	if err == nil {
		var g *generation
		if g, err = openCurrent(dir); err == nil {
			running := g.running()
			running.Stored = shown(g.stored())
			return running, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = target.ErrNotDeployed
	}
	return target.Running{}, fmt.Errorf("cannot read environment %s: %w", environment, err)
}

// List yields the environments that All returns.
func (t *Target) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return func(yield func(target.Running, error) bool) {
		all, err := t.All(ctx)
		if err != nil {
			yield(target.Running{}, err)
		}
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Now returns the time of this machine, on which all environments run.
func (t *Target) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// Plan returns what Deploy would do. The plan has no resource requests, because a
// process has no cost.
func (t *Target) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	if err := t.check(d); err != nil {
		return target.Plan{}, err
	}
	p := target.Plan{Place: "this machine"}
	running, err := t.Status(ctx, d.Environment)
	switch {
	case errors.Is(err, target.ErrNotDeployed):
		p.Changes = []target.Change{{Object: "process", What: "create"}}
	case err != nil:
		return p, err
	case running.Digest == d.Digest && running.Alive:
		p.Changes = []target.Change{{Object: "process", What: "keep"}}
	default:
		p.Changes = []target.Change{{Object: "process", What: "change"}}
	}
	return p, nil
}

// All returns the state of every environment below Dir. If the first deployment of an
// environment was interrupted, only the name is set, so that the environment can be
// taken down.
func (t *Target) All(ctx context.Context) ([]target.Running, error) {
	records, err := t.records()
	if err != nil {
		return nil, err
	}
	var all []target.Running
	for _, rec := range records {
		r, err := t.Status(ctx, rec.Name)
		if errors.Is(err, target.ErrNotDeployed) && rec.Stopped {
			continue
		}
		if errors.Is(err, target.ErrNotDeployed) {
			r, err = target.Running{Environment: rec.Name}, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// records reads the record of every environment below Dir. In a folder without one nothing
// was deployed, and a folder that begins with a dot is being removed.
func (t *Target) records() ([]record, error) {
	entries, err := os.ReadDir(t.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list environments: %w", err)
	}
	var all []record
	for _, f := range entries {
		var rec record
		if !strings.HasPrefix(f.Name(), ".") && readJSON(filepath.Join(t.Dir, f.Name(), "environment.json"), &rec) == nil {
			all = append(all, rec)
		}
	}
	return all, nil
}

// Logs returns the log file of the application that serves in an environment. The
// path is the same for every generation.
func (t *Target) Logs(environment string) string {
	return filepath.Join(t.Dir, slug(environment), "current", "app.log")
}

// Connections returns the variables with which commands on this machine find the services of
// an environment, or nil if there are none.
func (t *Target) Connections(environment string) map[string]string {
	dir, err := t.folder(environment)
	if err != nil {
		return nil
	}
	g, err := openCurrent(dir)
	if err != nil {
		return nil
	}
	return g.spec.Connections
}
