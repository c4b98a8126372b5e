//go:build unix && !linux

package process

import (
	"context"
	"os"
	"syscall"
)

// Without subreapers and /proc, the process group and the shim's pipe are what
// there is: a process that leaves the group escapes.

func adopt() error { return nil }

func tied(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func ownProgram() (string, error) { return os.Executable() }

func signalTree(group int, sig syscall.Signal) {
	if group > 1 {
		_ = syscall.Kill(-group, sig)
	}
}

func (m marks) on(pid int) bool { return pid > 1 }

func sweep(ctx context.Context, _ marks) error { return ctx.Err() }

// holders are the processes that listen on a port, as far as they can be known.
func holders(int) []holder { return nil }

func below(int, int) bool { return true }
