package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// giveUp is after how many restarts a deployment is not waited for any longer.
const giveUp = 4

// NotReady is a deployment that was started and did not get ready.
type NotReady struct {
	Generation int
	Err        error    // what was seen last
	Log        []string // the application's last lines, cleaned, without the given variables' values
	Serving    string   // what answers now
	Remedy     string
}

// Error says all of it, the remedy last.
func (e *NotReady) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "start generation %d: %v; %s.", e.Generation, e.Err, e.Serving)
	if len(e.Log) == 0 {
		b.WriteString(" It logged nothing.")
	} else {
		b.WriteString(" Its last lines:\n")
		for _, line := range e.Log {
			b.WriteString("  | " + line + "\n")
		}
	}
	b.WriteString(" " + e.Remedy)
	return b.String()
}

// Unwrap gives what was seen last.
func (e *NotReady) Unwrap() error { return e.Err }

// As gives it as a failure that every target has in common.
func (e *NotReady) As(other any) bool {
	f, ok := other.(**target.Failure)
	if ok {
		*f = &target.Failure{What: fmt.Sprintf("generation %d is not ready: %v", e.Generation, e.Err), Detail: e.Log, Remedy: e.Remedy, Kept: e.Serving}
	}
	return ok
}

// replace makes next the generation that serves. A fixed port can be held by one
// generation only, then old is stopped before next starts; else it serves until
// next is ready. Where next does not get ready, old serves again.
func (e *environment) replace(ctx context.Context, old, next *generation) error {
	var err error
	if old != nil && old.spec.Port == next.spec.Port {
		if err = old.stop(ctx); err == nil {
			err = waitFree(ctx, next.spec.Port)
		}
	}
	if err == nil {
		err = next.start(ctx)
	}
	if err == nil {
		err = link(filepath.Base(next.dir), filepath.Join(e.dir, "current"))
	}
	if err == nil {
		if old != nil {
			// next serves: what is left of old is removed now or by the next deployment.
			_ = old.remove(context.WithoutCancel(ctx))
		}
		return nil
	}
	return undo(ctx, old, next, err)
}

// undo ends next and has old serve again.
func undo(ctx context.Context, old, next *generation, cause error) error {
	ctx = context.WithoutCancel(ctx)
	failed := &NotReady{
		Generation: next.number, Err: cause, Serving: "nothing serves " + next.spec.Environment,
		Remedy: fmt.Sprintf("Fix what its log shows; it must listen on 127.0.0.1:$PORT (here %d) and answer %s with 2xx.",
			next.spec.Port, readyPaths(next.spec.Ready)),
	}
	if err := next.stop(ctx); err != nil {
		failed.Err = fmt.Errorf("%w; %w", cause, err)
		return failed
	}
	failed.Log = tail(next.path("app.log"), 20, next.spec.Given)
	if old == nil {
		return failed
	}
	was := fmt.Sprintf("generation %d (commit %.7s)", old.number, old.spec.Commit)
	if old.alive() {
		failed.Serving = was + " still serves at " + old.url()
	} else if err := old.start(ctx); err != nil {
		failed.Serving = fmt.Sprintf("%s was started again but is not ready: %v", was, err)
	} else {
		failed.Serving = was + " was started again and serves at " + old.url()
	}
	return failed
}

// start runs the generation and waits until it is ready.
func (g *generation) start(ctx context.Context) error {
	ended, err := g.launch()
	if err != nil {
		return err
	}
	_, err = target.WaitReady(ctx, g.url(), g.spec.Ready, g.names(), func() error {
		select {
		case err := <-ended:
			return fmt.Errorf("its supervisor ended (%v): %s", err, strings.Join(tail(g.path("supervisor.log"), 3, g.spec.Given), "; "))
		default:
		}
		if s := g.state(); s.Restarts >= giveUp {
			return fmt.Errorf("the application ended %d times, last with %s", s.Restarts, s.Last)
		}
		return nil
	})
	if ctx.Err() != nil {
		return fmt.Errorf("wait until it is ready: %w", context.Cause(ctx))
	}
	if err != nil {
		return err
	}
	return g.checkPort()
}

// abandon removes a generation that will not serve, and the environment with it
// where nothing ever did.
func (e *environment) abandon(next *generation) error {
	if next != nil {
		if err := next.remove(context.Background()); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(filepath.Join(e.dir, "current")); errors.Is(err, fs.ErrNotExist) {
		return discard(e.dir)
	}
	return nil
}

func readyPaths(r target.Ready) string {
	if r.Path == "" {
		r.Path = "/"
	}
	if r.VersionPath == "" {
		return r.Path
	}
	return r.Path + " and, naming the commit, " + r.VersionPath
}
