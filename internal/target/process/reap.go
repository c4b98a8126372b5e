//go:build unix

package process

import (
	"errors"
	"syscall"
	"time"
)

// children are the processes this one has started or, where the system can do
// that, adopted.
type children struct {
	exited <-chan syscall.WaitStatus // how the main one ended
	none   <-chan struct{}           // closed when none is left
}

// reap waits for every child there is. Nothing else may wait for any meanwhile.
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

// end kills the process group and all children until none is left.
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
			return errors.New("end the application's processes: one cannot be killed")
		case <-time.After(wait):
		}
	}
}
