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

// Stopped says what is left of an environment.
type Stopped struct {
	Kept   string   // its folder, if there are data that the next deployment gets
	Lost   []string // files that the application stored beside its program
	LostIn string   // folder to which they were moved
}

// Stop does the same and keeps the data of the application and of its services.
func (t *Target) Stop(ctx context.Context, environment string) (Stopped, error) {
	left, err := t.down(ctx, environment, true)
	if err != nil {
		return Stopped{}, fmt.Errorf("cannot stop %s: %w", environment, err)
	}
	return left, nil
}

func (t *Target) down(ctx context.Context, name string, keep bool) (left Stopped, err error) {
	e, err := t.enter(ctx, name, false)
	if errors.Is(err, fs.ErrNotExist) {
		// The folder was removed by hand, or another process is removing it.
		dir, err := t.folder(name)
		if err != nil {
			return left, err
		}
		gone := &environment{dir: dir}
		return left, errors.Join(sweep(ctx, gone.marks(0)), discard(dir))
	}
	if err != nil {
		return left, err
	}
	defer e.leave()
	gens, err := e.generations()
	if err != nil {
		return left, err
	}
	for _, g := range gens {
		if err := g.stop(ctx); err != nil {
			return left, err
		}
		if !keep {
			continue
		}
		files, folder, err := e.rescue(g)
		if err != nil {
			return left, err
		}
		if len(files) > 0 {
			left.Lost, left.LostIn = append(left.Lost, files...), folder
		}
	}
	if err := e.stopServices(ctx); err != nil {
		return left, err
	}
	if err := sweep(ctx, e.marks(0)); err != nil {
		return left, err
	}
	if !keep || !e.hasData() {
		return left, discard(e.dir)
	}
	e.Stopped = true
	if e.Instance == "" {
		e.Instance = rand.Text() // the record was lost
	}
	if err := e.save(); err != nil {
		return left, err
	}
	if err := os.Remove(filepath.Join(e.dir, "current")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return left, err
	}
	if err := errors.Join(e.tidy(ctx), e.expire(time.Time{})); err != nil {
		return left, err
	}
	left.Kept = e.dir
	return left, nil
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
