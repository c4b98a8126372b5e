package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Down stops every process of an environment and removes its folder with its data.
// It returns nil if the environment does not exist.
func (t *Target) Down(ctx context.Context, environment string) error {
	if _, err := t.down(ctx, environment, false); err != nil {
		return fmt.Errorf("cannot take down %s: %w", environment, err)
	}
	return nil
}

// Stop does the same and keeps the data of the application and of its services, which the
// next deployment gets. It returns the folder of the environment if there are data, or "".
func (t *Target) Stop(ctx context.Context, environment string) (kept string, err error) {
	if kept, err = t.down(ctx, environment, true); err != nil {
		return "", fmt.Errorf("cannot stop %s: %w", environment, err)
	}
	return kept, nil
}

func (t *Target) down(ctx context.Context, name string, keep bool) (string, error) {
	e, err := t.enter(ctx, name, false)
	if errors.Is(err, fs.ErrNotExist) {
		// The folder was removed by hand, or another process is removing it.
		dir, err := t.folder(name)
		if err != nil {
			return "", err
		}
		gone := &environment{dir: dir}
		return "", errors.Join(sweep(ctx, gone.marks(0)), discard(dir))
	}
	if err != nil {
		return "", err
	}
	defer e.leave()
	gens, err := e.generations()
	if err != nil {
		return "", err
	}
	for _, g := range gens {
		if err := g.stop(ctx); err != nil {
			return "", err
		}
		if keep {
			if _, _, err := e.rescue(g); err != nil {
				return "", err
			}
		}
	}
	if err := e.stopServices(ctx); err != nil {
		return "", err
	}
	if err := sweep(ctx, e.marks(0)); err != nil {
		return "", err
	}
	if !keep || !e.hasData() {
		return "", discard(e.dir)
	}
	e.Stopped = true
	if e.Instance == "" {
		e.Instance = rand.Text() // the record was lost
	}
	if err := e.save(); err != nil {
		return "", err
	}
	if err := os.Remove(filepath.Join(e.dir, "current")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := errors.Join(e.tidy(ctx), e.expire(time.Time{})); err != nil {
		return "", err
	}
	return e.dir, nil
}

// hasData reports whether the application or a service stored files.
func (e *environment) hasData() bool {
	for _, dir := range []string{e.data(), filepath.Join(e.dir, servicesFolder)} {
		if all, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) || len(all) > 0 {
			return true
		}
	}
	return false
}

// Kept returns the names of the environments of which only the data are left.
func (t *Target) Kept() ([]string, error) {
	all, err := t.records()
	var names []string
	for _, rec := range all {
		if rec.Stopped {
			names = append(names, rec.Name)
		}
	}
	return names, err
}
