package host

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Status returns what serves in an environment, as the engine and systemd say.
func (h *Host) Status(ctx context.Context, app, name string) (target.Running, error) {
	e, err := h.find(app, name)
	if err != nil {
		return target.Running{}, err
	}
	return e.running(ctx)
}

func (e *environment) running(ctx context.Context) (target.Running, error) {
	g, err := e.generation(e.Serving)
	if err != nil {
		return target.Running{}, err
	}
	if g == nil && !e.Leaving && e.Last == 0 {
		return target.Running{}, fmt.Errorf("%s of %s: %w", e.Environment, e.App, target.ErrNotDeployed)
	}
	r := target.Running{
		Environment: e.Environment, App: e.App, URL: e.URL, Created: e.Created, Leaving: e.Leaving, Tags: e.Tags, Place: e.slug,
	}
	if g == nil {
		r.Generation = e.Last
		return r, nil
	}
	r.Commit, r.Digest, r.PlatformDigest, r.Generation, r.Started = g.Commit, g.Digest, g.Platform, g.Number, g.Started
	c, err := e.h.engine.inspect(ctx, e.name(g.Number))
	if err != nil {
		return r, err
	}
	if c != nil {
		r.Alive = c.Running && !c.Paused
		if c.Image != g.Image {
			r.Digest, r.PlatformDigest = "", c.Image // something else was started under this name
		}
	}
	r.Restarts = e.h.units.restarts(ctx, e.unit(g.Number))
	r.Notes = e.h.notes()
	return r, nil
}

// notes are limits of this server that a reader of a deployment has to know.
func (h *Host) notes() (all []string) {
	if !h.limitsWork() {
		all = append(all, "this server cannot limit memory and processor: a user's Podman needs cgroup version 2")
	}
	return all
}

// Logs returns the last lines that the serving generation of an environment wrote.
func (h *Host) Logs(ctx context.Context, app, name string, lines int) ([]string, error) {
	e, err := h.find(app, name)
	if err != nil {
		return nil, err
	}
	if e.Serving == 0 {
		return nil, fmt.Errorf("%s of %s: %w", name, app, target.ErrNotDeployed)
	}
	return h.engine.logs(ctx, e.name(e.Serving), lines), nil
}

// List yields the state of every environment of an app.
func (h *Host) List(ctx context.Context, app string) iter.Seq2[target.Running, error] {
	return func(yield func(target.Running, error) bool) {
		all, err := h.all()
		if err != nil {
			yield(target.Running{}, err)
			return
		}
		for _, e := range all {
			if e.App != app {
				continue
			}
			r, err := e.running(ctx)
			if errors.Is(err, target.ErrNotDeployed) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Down removes an environment with everything that belongs to it: the route first, so that
// no request meets a container that ends. It can be repeated.
func (h *Host) Down(ctx context.Context, app, name string) error {
	if _, err := h.find(app, name); err != nil {
		if errors.Is(err, target.ErrNotDeployed) {
			return nil
		}
		return err
	}
	e, err := h.enter(ctx, app, name, enterWait)
	if err != nil {
		return err
	}
	defer e.leave()
	if e.Created.IsZero() {
		return nil // leave removes the folder
	}
	e.Leaving = true
	if err := e.save(); err != nil {
		return err
	}
	// A dead proxy serves nothing and keeps nothing: the rest is removed all the same, and
	// its route goes when it is back.
	routes := h.routes(ctx)
	if err := h.sweepOut(ctx, e.slug); err != nil {
		return err
	}
	if err := e.erase(); err != nil {
		return err
	}
	return errors.Join(routes, h.prune(ctx))
}

// sweepOut removes the units, containers, networks and volumes of an environment, by what
// the engine and systemd have and not by what a file says.
func (h *Host) sweepOut(ctx context.Context, slug string) error {
	prefix := "goldenpath." + slug + "."
	list, err := h.units.list(ctx)
	if err != nil {
		return err
	}
	for _, unit := range list {
		if strings.HasPrefix(unit, "goldenpath@"+slug+".") && own(strings.TrimPrefix(unit, "goldenpath@"+slug+".")) {
			if err := h.units.stop(ctx, unit); err != nil {
				return err
			}
		}
	}
	names, err := h.engine.names(ctx, "container")
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) && own(strings.TrimPrefix(name, prefix)) {
			if err := h.engine.remove(ctx, name); err != nil {
				return err
			}
		}
	}
	err = h.engine.removeNetwork(ctx, "goldenpath."+slug)
	volumes := []string{"data"}
	for _, k := range target.ServiceKinds {
		volumes = append(volumes, k.Name)
	}
	for _, volume := range volumes {
		name := "goldenpath." + slug + "." + volume
		rmErr := h.engine.removeVolume(ctx, name)
		if rmErr != nil { // it is being measured
			rmErr = errors.Join(h.engine.remove(ctx, measuring), h.engine.removeVolume(ctx, name))
		}
		err = errors.Join(err, rmErr)
	}
	return err
}

// own reports whether the rest of a name after the slug of an environment is of this
// environment, and not of one whose slug is longer: it is a number or a
// service.
func own(rest string) bool {
	first, _, _ := strings.Cut(rest, ".")
	return serviceKind(first) != nil || strings.Trim(first, "0123456789") == "" && first != ""
}

// Now returns this server's time.
func (h *Host) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }
