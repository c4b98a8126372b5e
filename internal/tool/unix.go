//go:build unix

package tool

import (
	"os"
	"os/exec"
	"syscall"
)

// own puts the program into a process group of its own and kills that group
// when the context ends.
func own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func killOwnGroup() { _ = syscall.Kill(0, syscall.SIGKILL) }

func signalOf(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return int(w.Signal())
	}
	return 0
}
