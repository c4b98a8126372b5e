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

// Free ports are taken from below the range systems take outgoing ports from:
// nothing takes one while its application is started again.
const lowest, highest = 20000, 32767

// holder is a process that listens on a port.
type holder struct {
	pid  int
	name string
}

func (h holder) String() string { return fmt.Sprintf("process %d (%s)", h.pid, h.name) }

// choosePort gives the port to listen on. A fixed one must be free, or be held by
// the generation that will be replaced.
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
	return 0, fmt.Errorf("find a free port between %d and %d: too many are taken: take environments down", lowest, highest)
}

// checkFree tells why nothing can listen on port.
func checkFree(port int) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	l, err := net.Listen("tcp4", address)
	if err == nil {
		l.Close()
		// Some systems let a listener on one address pass beside one on all.
		var c net.Conn
		if c, err = net.DialTimeout("tcp4", address, time.Second); err != nil {
			return nil
		}
		c.Close()
		err = syscall.EADDRINUSE
	}
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("listen on port %d: %w: choose one above 1023, or 0 for a free one", port, err)
	}
	by := "another process"
	if h := holders(port); len(h) > 0 {
		by = h[0].String()
	}
	return fmt.Errorf("listen on port %d: %s holds it (%w): end that, or choose another port; 0 is a free one", port, by, err)
}

// checkPort tells whether somebody else answers on the generation's port. A port
// nobody is known to hold passes.
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
	return fmt.Errorf("listen on port %d: %s answers there, which is not part of this deployment: end that, or choose another port", g.spec.Port, all[0])
}

// waitFree waits until the sockets of a generation that was ended are gone.
func waitFree(ctx context.Context, port int) error {
	hopeless := time.After(2 * time.Second)
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := checkFree(port)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hopeless:
			return err
		case <-time.After(wait):
		}
	}
}
