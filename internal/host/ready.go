package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// wait waits until a generation is ready, on the loopback address.
func (e *environment) wait(ctx context.Context, g *generation, r target.Ready) (target.Proof, error) {
	next := time.Now().Add(time.Second)
	if g.Address != "" || e.h.engine.kind == docker { // Podman opens its port before the program runs
		e.begun(ctx, g)
	}
	to, port := g.dial()
	return target.WaitReady(ctx, "http://"+net.JoinHostPort(to, strconv.Itoa(port)), r, []string{g.Commit, g.Digest, g.Platform}, func(error) error {
		if time.Now().Before(next) {
			return nil
		}
		next = time.Now().Add(time.Second)
		if e.h.units.restarts(ctx, e.unit(g.Number)) >= 3 {
			return errors.New("the program has ended three times")
		}
		return nil
	})
}

// begun waits until the container of a generation runs: a request to an address that no one
// has yet takes a second to fail. If it does not start, what follows finds out why.
func (e *environment) begun(ctx context.Context, g *generation) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if c, err := e.h.engine.inspect(ctx, e.name(g.Number)); err != nil || c != nil && c.Running {
			return
		}
		if e.h.units.restarts(ctx, e.unit(g.Number)) > 0 {
			return
		}
	}
}

// failure describes a generation that did not become ready.
func (e *environment) failure(ctx context.Context, g *generation, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := &target.Failure{What: fmt.Sprintf("generation %d of %s is not ready: %v", g.Number, e.Environment, cause), NotUp: true, Err: cause}
	c, err := e.h.engine.inspect(ctx, e.name(g.Number))
	for end := time.Now().Add(4 * time.Second); c == nil && err == nil && time.Now().Before(end); { // it may be starting again
		time.Sleep(100 * time.Millisecond)
		c, err = e.h.engine.inspect(ctx, e.name(g.Number))
	}
	switch {
	case err != nil || c == nil:
		f.What, f.NotUp = fmt.Sprintf("%s does not start generation %d of %s", e.h.engine.kind, g.Number, e.Environment), false
		if f.Detail = e.h.units.said(ctx, e.unit(g.Number)); len(f.Detail) == 0 {
			f.Remedy = "read the journal on the server: journalctl --unit user@$(id -u " + User + ").service | grep " + e.name(g.Number)
		}
	case c.OOM:
		f.Remedy = fmt.Sprintf("the program used more memory than the limit of %s: raise memory in %s on the server", g.Limits.Memory, ConfigFile)
	case c.Running && strings.HasPrefix(cause.Error(), "GET "):
		f.Remedy = "the program runs and answers, but not as ready asks for: correct ready in .goldenpath.yml, or what the program answers"
	case c.Running:
		f.Remedy = fmt.Sprintf("the program runs and nothing answers on port %d of its container: let it listen on 0.0.0.0:$PORT, not on 127.0.0.1", g.Inside)
	}
	if lines := e.h.engine.logs(ctx, e.name(g.Number), 20); len(lines) > 0 {
		f.Detail = append(f.Detail, lines...)
	} else if len(f.Detail) == 0 {
		f.Detail = e.h.units.said(ctx, e.unit(g.Number))
	}
	f.Kept = "nothing serves"
	if e.Serving != 0 {
		f.Kept = fmt.Sprintf("generation %d still serves", e.Serving)
	}
	return f
}
