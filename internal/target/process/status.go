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

// Status tells what runs in an environment; target.ErrNotDeployed when nothing is
// deployed there. What has died, or waits to be started again, is not Alive.
func (t *Target) Status(ctx context.Context, environment string) (target.Running, error) {
	dir, err := t.folder(environment)
	if err == nil {
		var g *generation
		if g, err = openCurrent(dir); err == nil {
			return g.running(), nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = target.ErrNotDeployed
	}
	return target.Running{}, fmt.Errorf("read environment %s: %w", environment, err)
}

// List walks All.
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

// Now is the time: everything runs on this machine.
func (t *Target) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// Plan tells what Deploy would do. A process asks for nothing that is paid for.
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

// All tells what runs in every environment below Dir. Where a first deployment
// was interrupted it names the environment alone, so that it can be taken down.
func (t *Target) All(ctx context.Context) ([]target.Running, error) {
	entries, err := os.ReadDir(t.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list environments: %w", err)
	}
	var all []target.Running
	for _, f := range entries {
		if strings.HasPrefix(f.Name(), ".") {
			continue
		}
		var rec record
		if readJSON(filepath.Join(t.Dir, f.Name(), "environment.json"), &rec) != nil {
			continue // nothing was ever deployed there
		}
		r, err := t.Status(ctx, rec.Name)
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

// Logs is where the application that serves in an environment logs. The path stays
// the same from one generation to the next.
func (t *Target) Logs(environment string) string {
	return filepath.Join(t.Dir, slug(environment), "current", "app.log")
}

// Down ends everything that runs in an environment and removes its folder, data
// included. It returns nil when there is nothing.
func (t *Target) Down(ctx context.Context, environment string) error {
	if err := t.down(ctx, environment); err != nil {
		return fmt.Errorf("take down %s: %w", environment, err)
	}
	return nil
}

func (t *Target) down(ctx context.Context, name string) error {
	e, err := t.enter(ctx, name, false)
	if errors.Is(err, fs.ErrNotExist) {
		// Somebody may have removed the folder by hand, or is removing it now.
		dir, err := t.folder(name)
		if err != nil {
			return err
		}
		gone := &environment{dir: dir}
		return errors.Join(sweep(ctx, gone.marks(0)), discard(dir))
	}
	if err != nil {
		return err
	}
	defer e.leave()
	gens, err := e.generations()
	if err != nil {
		return err
	}
	for _, g := range gens {
		if err := g.stop(ctx); err != nil {
			return err
		}
	}
	if err := sweep(ctx, e.marks(0)); err != nil {
		return err
	}
	return discard(e.dir)
}
