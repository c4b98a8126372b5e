//go:build unix

package tool

import (
	"os"
	"os/exec"
	"syscall"
)

// own makes the program start in its own process group, and kills that group when the
// context ends.
func own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// killGroup kills the processes that are left in the program's group. The group's id is
// not reused while a process is in it.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

func killOwnGroup() { _ = syscall.Kill(0, syscall.SIGKILL) }

// inherited reports whether descriptor fd is a pipe from the caller, and closes the
// descriptor in programs that this process starts.
func inherited(fd int) bool {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return false
	}
	syscall.CloseOnExec(fd)
	return true
}

func signalOf(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return int(w.Signal())
	}
	return 0
}
