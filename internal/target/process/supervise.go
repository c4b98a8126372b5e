//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// The minimum and maximum delay before an application that has exited is started again.
const (
	firstBackoff = 100 * time.Millisecond
	mostBackoff  = 5 * time.Second
	healthy      = time.Minute // an application that ran longer starts again with firstBackoff
)

// Supervise implements the hidden command `goldenpath supervise DIR`, which keeps
// the generation in DIR running until it receives SIGTERM. It returns an exit code.
//
// The supervisor runs the application through a second process, `supervise --shim DIR`.
// If one of the two is killed, the other ends the application's processes: the shim
// reads a pipe that closes when the supervisor ends, and the children of a killed shim
// become children of the supervisor.
func Supervise(ctx context.Context, args []string) int {
	var err error
	switch {
	case len(args) == 2 && args[0] == "--shim":
		return shim(args[1])
	case len(args) == 1:
		err = supervise(ctx, args[0])
	default:
		err = errors.New("this internal command needs the folder of one generation: do not run it yourself; goldenpath does")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	return 0
}

// supervisor keeps one generation running.
type supervisor struct {
	generation
	state state
}

func supervise(ctx context.Context, dir string) error {
	// Pdeathsig is sent when the parent's thread ends, not its process.
	runtime.LockOSThread()
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	s := supervisor{generation: generation{dir: dir}, state: state{Started: time.Now().UTC()}}
	s.number, _ = number(filepath.Base(dir))
	if err := readJSON(s.path("spec.json"), &s.spec); err != nil {
		return fmt.Errorf("cannot read the description of the process to start: %w: deploy again", err)
	}
	wait, done := context.WithTimeout(ctx, grace)
	defer done()
	ctx, end := s.lease(ctx)
	defer end()
	lock, err := acquire(wait, s.path("lock"))
	if err != nil {
		return fmt.Errorf("cannot lock generation %d: %w: another supervisor runs it", s.number, err)
	}
	defer lock.Unlock()
	if err := adopt(); err != nil {
		return err
	}
	for backoff := firstBackoff; ; backoff = min(2*backoff, mostBackoff) {
		began := time.Now()
		err := s.once(ctx)
		s.state.Shim = 0
		if ctx.Err() != nil || err != nil {
			return errors.Join(err, s.save())
		}
		if time.Since(began) > healthy {
			backoff = firstBackoff
		}
		if err := s.save(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(backoff):
		}
		s.state.Restarts++
	}
}

// once runs a shim, and returns when the shim and all its descendants have ended. After
// an error the supervisor must end.
func (s *supervisor) once(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("cannot create the shim's pipe: %w", err)
	}
	defer w.Close()
	p, err := s.startShim(r)
	r.Close()
	if err != nil {
		s.state.Last = err.Error()
		fmt.Fprintln(os.Stderr, err)
		return nil
	}
	children := reap(p.Pid)
	s.state.Shim = p.Pid
	if err := s.save(); err != nil {
		return errors.Join(err, children.end(0))
	}
	group := 0 // a shim that ends by itself has cleaned up, and its group may be reused
	select {
	case ws := <-children.exited:
		s.state.Last = describe(ws)
		if ws.Signaled() {
			group = s.app()
		}
	case <-ctx.Done():
		_ = p.Signal(syscall.SIGTERM)
		select {
		case <-children.none:
		case <-time.After(grace + time.Second):
			group = s.app()
		}
	}
	return children.end(group)
}

// save writes state.json. It returns an error only if the generation was removed; it
// ignores other errors.
func (s *supervisor) save() error {
	err := writeJSON(s.path("state.json"), s.state)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil // a full disk must not stop the application
	}
	return fmt.Errorf("cannot record the generation's state: %w", err)
}

// leaseCheck is how often the end of an environment is read again: a later deployment may
// have moved it, and a suspended machine stops timers.
const leaseCheck = 30 * time.Second

// home returns the folder of the environment, which a service is two levels below.
func (g *generation) home() string {
	dir := filepath.Dir(g.dir)
	if filepath.Base(dir) == servicesFolder {
		dir = filepath.Dir(dir)
	}
	return dir
}

// lease returns a context that ends when the environment does.
func (s *supervisor) lease(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			var at time.Time
			_ = readJSON(filepath.Join(s.home(), "expires"), &at) // absent: it never ends
			left := leaseCheck
			if !at.IsZero() {
				if left = time.Until(at); left <= 0 {
					cancel()
					return
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(min(left, leaseCheck)):
			}
		}
	}()
	return ctx, cancel
}
