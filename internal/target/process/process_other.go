//go:build unix && !linux

package process

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// Systems other than Linux have no subreapers and no /proc. There, only the process
// group and the shim's pipe are available: a process that leaves the group is not
// tracked and not stopped.

func adopt() error { return nil }

func tied(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func notRoot(*syscall.SysProcAttr) {}

func ownProgram() (string, error) { return os.Executable() }

func signalTree(group int, sig syscall.Signal) {
	if group > 1 {
		_ = syscall.Kill(-group, sig)
	}
}

func (m marks) on(pid int) bool { return pid > 1 }

func ended(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func sweep(ctx context.Context, _ marks) error { return ctx.Err() }

// holders returns nil: the listeners of a port are unknown.
func holders(int) []holder { return nil }

// listening returns nil: the listeners are unknown.
func listening(int) []int { return nil }

func below(int, int) bool { return true }
