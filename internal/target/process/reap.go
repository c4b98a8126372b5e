//go:build unix

package process

import (
	"errors"
	"syscall"
	"time"
)

// children are the processes that this process started and, if the system supports it,
// those that it adopted.
type children struct {
	exited <-chan syscall.WaitStatus // receives how the main child ended
	none   <-chan struct{}           // closed when none is left
}

// reap waits for every child process. No other code in this process may wait for a
// child.
func reap(main int) children {
	exited, none := make(chan syscall.WaitStatus, 1), make(chan struct{})
	go func() {
		defer close(none)
		for {
			var ws syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &ws, 0, nil)
			switch {
			case errors.Is(err, syscall.EINTR):
			case err != nil:
				return
			case pid == main:
				exited <- ws
			}
		}
	}()
	return children{exited, none}
}

// end kills the process group and all children until none are left.
func (c children) end(group int) error {
	deadline := time.After(grace)
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		select {
		case <-c.none:
			return nil
		default:
		}
		signalTree(group, syscall.SIGKILL)
		select {
		case <-c.none:
			return nil
		case <-deadline:
			return errors.New("cannot stop the application: one of its processes cannot be killed: run again")
		case <-time.After(wait):
		}
	}
}
