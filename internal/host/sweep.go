package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Converge makes this server what its files say: after a boot, after a call that was cut,
// and after Caddy or the engine was started again. Then it removes what belongs to nothing.
func (h *Host) Converge(ctx context.Context) error {
	all, err := h.all()
	if err != nil {
		return err
	}
	var errs error
	for _, e := range all {
		if e.Leaving { // its removal was cut
			errs = errors.Join(errs, h.Down(ctx, e.App, e.Environment))
			continue
		}
		errs = errors.Join(errs, e.converge(ctx))
	}
	return errors.Join(errs, h.routes(ctx), h.orphans(ctx), h.prune(ctx))
}

func (e *environment) converge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	locked, err := e.h.enter(ctx, e.App, e.Environment, 100*time.Millisecond)
	if err != nil {
		return nil // a deployment is under way
	}
	defer locked.leave()
	e = locked
	if g, err := e.generation(e.Serving); err != nil {
		return err
	} else if g != nil {
		for _, k := range target.ServiceKinds {
			if d, err := e.service(k); err == nil && d != nil && e.h.units.active(ctx, e.unitOf(k.Name)) == "inactive" {
				if err := e.h.units.start(ctx, e.unitOf(k.Name)); err != nil {
					return err
				}
			}
		}
		if state := e.h.units.active(ctx, e.unit(g.Number)); state == "inactive" || state == "failed" {
			if err := e.h.units.start(ctx, e.unit(g.Number)); err != nil {
				return err
			}
		}
	}
	if e.Standby != 0 && e.Standby != e.Serving && !e.awaited(e.Standby) {
		c, err := e.h.engine.inspect(ctx, e.name(e.Standby))
		if err != nil {
			return err
		}
		if c == nil || !c.Paused { // the machine was started again, or the call was cut
			g, err := e.generation(e.Standby)
			if err != nil {
				return err
			}
			switch {
			case g == nil:
				e.Standby = 0
				err = e.save()
			case c == nil || !c.Running:
				err = e.end(ctx)
			default:
				err = e.standBy(ctx, g)
			}
			if err != nil {
				return err
			}
		}
	}
	return e.tidy(ctx)
}

// orphans removes what carries goldenpath's label and belongs to no environment.
func (h *Host) orphans(ctx context.Context) error {
	var errs error
	list, err := h.units.list(ctx)
	if err != nil {
		return err
	}
	for _, unit := range list {
		instance := strings.TrimSuffix(strings.TrimPrefix(unit, "goldenpath@"), ".service")
		if slug, _, ok := cutLast(instance, "."); ok && !h.known(slug) {
			errs = errors.Join(errs, h.units.stop(ctx, unit))
		}
	}
	for _, kind := range []string{"container", "network", "volume"} {
		names, err := h.engine.names(ctx, kind)
		if err != nil {
			return errors.Join(errs, err)
		}
		for _, name := range names {
			slug := strings.TrimPrefix(name, "goldenpath.")
			if kind == "container" { // of a generation, or of its migration
				slug = strings.TrimSuffix(slug, ".migrate")
			}
			if kind != "network" {
				slug, _, _ = cutLast(slug, ".")
			}
			if !strings.HasPrefix(name, "goldenpath.") || h.known(slug) {
				continue
			}
			switch kind {
			case "container":
				err = h.engine.remove(ctx, name)
			case "network":
				err = h.engine.removeNetwork(ctx, name)
			case "volume":
				err = h.engine.removeVolume(ctx, name)
			}
			if err != nil {
				errs = errors.Join(errs, fmt.Errorf("orphan %s %s: %w", kind, name, err))
			} else {
				h.audit("orphan", "", slug, kind+" "+name, nil)
			}
		}
	}
	return errs
}

// known reports whether an environment has a folder, now: it may have been made since the
// list was read.
func (h *Host) known(slug string) bool {
	_, err := os.Stat(filepath.Join(h.Dir, "environments", slug))
	return err == nil
}

// Apps returns the apps that have a configuration or an environment here.
func (h *Host) Apps() ([]string, error) {
	all, err := h.all()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range all {
		out = append(out, e.App)
	}
	for name := range h.Config.Apps {
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
