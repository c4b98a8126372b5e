package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Switch moves the traffic to a prepared generation. The old one finishes what it has begun,
// in the background; that of a release then stands by, frozen, so that a rollback is a matter
// of its route.
func (h *Host) Switch(ctx context.Context, app, name string, number int, say func(target.Phase)) (target.Running, error) {
	e, err := h.enter(ctx, app, name, enterWait)
	if err != nil {
		return target.Running{}, err
	}
	defer e.leave()
	g, err := e.generation(number)
	if err != nil {
		return target.Running{}, err
	}
	if g == nil || e.Leaving {
		return target.Running{}, fmt.Errorf("generation %d of %s is no longer there: %w", number, name, target.ErrSuperseded)
	}
	c, err := h.engine.inspect(ctx, e.name(number))
	if err != nil {
		return target.Running{}, err
	}
	if c != nil && c.Paused && number == e.Standby { // several servers return to what they served
		if _, err := h.engine.run(ctx, "unpause", e.name(number)); err != nil {
			return target.Running{}, err
		}
		c.Running, c.Paused = true, false
	}
	if c == nil || !c.Running || c.Paused {
		return target.Running{}, fmt.Errorf("generation %d of %s has ended since it was ready: deploy again", number, name)
	}
	before, old := e.state, e.Serving
	start := time.Now()
	if old != number {
		e.Standby, e.Serving, e.Switched, e.Prepared = old, number, start.UTC(), 0
		e.Served = append(slices.DeleteFunc(slices.Clone(e.Served), func(d string) bool { return d == g.Digest }), g.Digest)
		e.Served = e.Served[max(0, len(e.Served)-maxServed):]
		if err := e.save(); err != nil {
			return target.Running{}, full(err)
		}
	}
	if err := h.routes(ctx); err != nil {
		if old == number {
			return target.Running{}, err
		}
		e.state = before // Caddy has the old route still
		return target.Running{}, errors.Join(err, e.save())
	}
	say(target.Phase{Name: "switch", Detail: fmt.Sprintf("Caddy sends %s to generation %d", e.URL, number), Seconds: time.Since(start).Seconds()})
	// From here on the new generation serves. The old one is put away in the background, and
	// by the timer if that fails.
	if old != number {
		_, _ = h.units.run(context.WithoutCancel(ctx), "start", "--no-block", "goldenpath-settle@"+e.slug+".service")
	}
	if err := e.certificate(ctx, say); err != nil {
		return target.Running{}, err
	}
	return e.running(ctx)
}

// maxServed is how many digests an environment remembers as a way back.
const maxServed = 50

// Settle waits until the generation that served before has finished its requests, and puts
// it away. systemd calls it after a switch, with the slug of an environment.
func (h *Host) Settle(ctx context.Context, slug string) error {
	app, rest, _ := strings.Cut(slug, ".")
	name := strings.ReplaceAll(rest, ".", "/")
	var e *environment
	var old *generation
	for { // again after a switch in the meantime, for which systemd does not start this a second time
		seen, err := h.find(app, name)
		if err != nil {
			return err
		}
		if old, err = seen.generation(seen.Standby); err != nil {
			return err
		}
		if old != nil {
			idle(ctx, old, drain) // without the lock: a rollback must not wait for it
		}
		if e, err = h.enter(ctx, app, name, enterWait); err != nil {
			return err
		}
		if e.Standby == seen.Standby || ctx.Err() != nil {
			break
		}
		e.leave()
	}
	defer e.leave()
	if old == nil || e.Standby != old.Number || e.awaited(old.Number) {
		return h.prune(ctx)
	}
	if err := e.standBy(ctx, old); err != nil {
		return err
	}
	return errors.Join(e.tidy(ctx), h.prune(ctx))
}

// standBy freezes a release, or stops a preview. An engine that cannot freeze stops it.
func (e *environment) standBy(ctx context.Context, g *generation) error {
	if g.Release {
		c, err := e.h.engine.inspect(ctx, e.name(g.Number))
		if err != nil {
			return err
		}
		if c != nil && c.Paused {
			return nil
		}
		if c != nil && c.Running {
			if _, err := e.h.engine.run(ctx, "pause", e.name(g.Number)); err == nil {
				// It is not started at a boot: what was frozen ends with the machine.
				_, err = e.h.units.run(ctx, "disable", "--quiet", e.unit(g.Number))
				return err
			}
		}
	}
	return e.end(ctx)
}

// end removes the generation that stands by.
func (e *environment) end(ctx context.Context) error {
	number := e.Standby
	e.Standby = 0
	if err := e.save(); err != nil {
		return err
	}
	return e.discard(ctx, number)
}
