package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
	"time"
)

// Free ports are chosen below the range that the kernel uses for outgoing connections,
// so that no connection takes the port while its application restarts.
const lowest, highest = 20000, 32767

// holder is a process that listens on a port.
type holder struct {
	pid  int
	name string
}

func (h holder) String() string { return fmt.Sprintf("process %d (%s)", h.pid, h.name) }

// choosePort returns the port to listen on. A fixed port must be free, or used by the
// generation that is being replaced.
func choosePort(old *generation, asked int) (int, error) {
	if asked == 0 {
		return freePort()
	}
	if old != nil && old.spec.Port == asked && old.alive() {
		return asked, old.checkPort()
	}
	return asked, checkFree(asked)
}

func freePort() (int, error) {
	for range 100 {
		if p := lowest + rand.IntN(highest-lowest); checkFree(p) == nil {
			return p, nil
		}
	}
	return 0, fmt.Errorf("cannot find a free port between %d and %d: all are in use: take environments down", lowest, highest)
}

// checkFree returns an error that explains why no process can listen on port, or nil if
// the port is free.
func checkFree(port int) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	l, err := net.Listen("tcp4", address)
	if err == nil {
		l.Close()
		// Some systems allow a listener on one address beside one on all addresses.
		var c net.Conn
		if c, err = net.DialTimeout("tcp4", address, time.Second); err != nil {
			return nil
		}
		c.Close()
		err = syscall.EADDRINUSE
	}
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("cannot listen on port %d: %w: choose a port above 1023, or 0 for any free port", port, err)
	}
	by := "another process"
	if h := holders(port); len(h) > 0 {
		by = h[0].String()
	}
	return fmt.Errorf("cannot listen on port %d: %s holds it (%w): stop it, or choose another port (0: any free port)", port, by, err)
}

// checkPort returns an error if a process outside the generation listens on the
// generation's port. If the listener is unknown, the port is accepted.
func (g *generation) checkPort() error {
	supervisor := owner(g.path("lock"))
	all := holders(g.spec.Port)
	for _, h := range all {
		if below(h.pid, supervisor) {
			return nil
		}
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("cannot listen on port %d: %s responds on it, which is not part of this deployment: stop it, or choose another port", g.spec.Port, all[0])
}

// waitFree waits until the sockets of a stopped generation are closed.
func waitFree(ctx context.Context, port int) error {
	deadline := time.After(2 * time.Second)
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := checkFree(port)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return err
		case <-time.After(wait):
		}
	}
}
