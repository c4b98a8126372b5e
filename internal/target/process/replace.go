package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// maxRestarts is how often an application may exit before a deployment stops waiting for
// it.
const maxRestarts = 4

// replace makes next the generation that serves requests. Two generations cannot use the
// same fixed port, so with a fixed port old is stopped before next starts; otherwise old
// serves until next is ready. If next does not become ready, old serves again.
func (e *environment) replace(ctx context.Context, old, next *generation, say func(target.Phase)) error {
	var err error
	began := time.Now()
	if old != nil && old.spec.Port == next.spec.Port {
		if err = old.stop(ctx); err == nil {
			err = waitFree(ctx, next.spec.Port)
		}
	}
	if err == nil {
		err = next.start(ctx, say)
	}
	if err == nil {
		err = link(filepath.Base(next.dir), filepath.Join(e.dir, "current"))
	}
	if err == nil {
		if old != nil {
			e.retire(context.WithoutCancel(ctx), old, next)
		}
		return nil
	}
	return rollBack(ctx, old, next, err, began)
}

// retire removes old, which next has replaced. next serves already, so an error is not one
// of the deployment: it is a note, and the next deployment tries to remove old again.
func (e *environment) retire(ctx context.Context, old, next *generation) {
	var err error
	if next.lost, next.lostIn, err = e.end(ctx, old); err != nil {
		next.spec.Notes = append(next.spec.Notes, err.Error())
	}
}

// end stops a generation, keeps what it stored beside its program, and removes it.
func (e *environment) end(ctx context.Context, g *generation) (files []string, folder string, err error) {
	if err := g.stop(ctx); err != nil {
		return nil, "", err
	}
	if files, folder, err = e.rescue(g); err != nil {
		return nil, "", err
	}
	return files, folder, g.remove(ctx)
}

// rollBack stops next, and starts old again if old no longer runs. It returns a
// *target.Failure with the last log lines of next, without the values of variables, and
// with what serves now. began is when old was stopped, if it was.
func rollBack(ctx context.Context, old, next *generation, cause error, began time.Time) error {
	ctx = context.WithoutCancel(ctx)
	failure := &target.Failure{Err: cause, What: cause.Error(), Kept: "nothing serves " + next.spec.Environment, Remedy: next.remedy(cause), NotUp: errors.Is(cause, errNotUp)}
	if err := next.stop(ctx); err != nil {
		failure.Err, failure.NotUp = fmt.Errorf("%w; %w", cause, err), false
		failure.What = failure.Err.Error()
		return failure
	}
	failure.Detail = lastRun(tail(next.path("app.log"), 200, next.spec.hidden()), 20)
	if len(failure.Detail) == 0 {
		failure.Detail = []string{"it logged nothing"}
	}
	if old == nil {
		return failure
	}
	before := fmt.Sprintf("generation %d (commit %.7s)", old.number, old.spec.Commit)
	if old.alive() {
		failure.Kept = before + " still serves at " + old.url()
	} else if err := old.start(ctx, nil); err != nil {
		failure.Kept = fmt.Sprintf("%s was started again but is not ready: %v", before, err)
	} else {
		failure.Kept = fmt.Sprintf("%s was started again and serves at %s, after %s without it: both need the same port", before, old.url(), time.Since(began).Round(time.Second))
	}
	return failure
}

// notUp is an error about an application that does not come up.
type notUp struct{ error }

// errNotUp matches every notUp.
var errNotUp = errors.New("the application did not come up")

func (notUp) Is(other error) bool { return other == errNotUp }
func (n notUp) Unwrap() error     { return n.error }

// patience is how long a deployment waits before it says what it waits for, and how often it
// repeats that.
const patience = 10 * time.Second

// start runs the generation and waits until it is ready. say may be nil.
func (g *generation) start(ctx context.Context, say func(target.Phase)) error {
	ended, err := g.launch()
	if err != nil {
		return err
	}
	var broken error // the supervisor ended
	began, said := time.Now(), time.Now()
	_, err = target.WaitReady(ctx, g.url(), g.spec.Ready, g.names(), func(last error) error {
		if say != nil && time.Since(said) > patience {
			said = time.Now()
			say(target.Phase{Name: "wait", Detail: "not ready yet: " + g.spec.hidden().Hide(last.Error()), Seconds: time.Since(began).Seconds(), Pending: true})
		}
		select {
		case err := <-ended:
			broken = fmt.Errorf("the supervisor ended (%v): %s", err, strings.Join(tail(g.path("supervisor.log"), 3, g.spec.hidden()), "; "))
			return broken
		default:
		}
		if s := g.state(); s.Restarts >= maxRestarts {
			return fmt.Errorf("the application exited %d times, most recently with %s", s.Restarts, s.Last)
		}
		return nil
	})
	if ctx.Err() != nil {
		return fmt.Errorf("the wait until the application is ready was interrupted: %w", context.Cause(ctx))
	}
	if broken != nil {
		return err
	}
	if err != nil {
		return notUp{err}
	}
	return g.checkPort()
}

// exitedWell is how state.json describes an application that ended without an error.
const exitedWell = "exit status 0"

// remedy returns what to do about an application that did not come up.
func (g *generation) remedy(cause error) string {
	must := fmt.Sprintf("the application must listen on 127.0.0.1:$PORT (here %d) and answer %s with 2xx", g.spec.Port, readyPaths(g.spec.Ready))
	s := g.state()
	switch other := g.otherPorts(); {
	case s.Restarts >= maxRestarts && s.Last == exitedWell:
		return "start the application in the foreground: its program ended without an error, as one does that starts a background process (a daemon) and ends; switch that off, or make the program serve until it is stopped"
	case s.Restarts >= maxRestarts:
		return "fix why it exits; a variable that it needs is set under env or secrets of the environment; " + must
	case len(other) > 0:
		return fmt.Sprintf("make it listen on $PORT (here %d); it listens on %s", g.spec.Port, english.WordSeries(other, "and"))
	case errors.Is(cause, syscall.ECONNREFUSED):
		return "nothing listens on $PORT; " + must
	}
	return "fix what its log shows; " + must
}

// otherPorts returns the ports, other than its own, on which processes of the generation
// listen.
func (g *generation) otherPorts() []string {
	var all []string
	for _, port := range listening(owner(g.path("lock"))) {
		if port != g.spec.Port {
			all = append(all, strconv.Itoa(port))
		}
	}
	return all[:min(len(all), 3)]
}

// abandon removes a generation that will not serve. If no generation of the environment
// ever served, it removes the environment too.
func (e *environment) abandon(ctx context.Context, next *generation) error {
	ctx = context.WithoutCancel(ctx)
	if next != nil {
		if err := next.remove(ctx); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(filepath.Join(e.dir, "current")); errors.Is(err, fs.ErrNotExist) {
		return errors.Join(e.stopServices(ctx), discard(e.dir))
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
