//go:build unix

package tool

import (
	"os"
	"os/exec"
	"syscall"
)

// own starts the program in its own process group and kills that group when the context
// ends.
func own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// killGroup kills what a program left running in its group. The group's id is not reused
// while a process is in it.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

func killOwnGroup() { _ = syscall.Kill(0, syscall.SIGKILL) }

// inherited reports whether descriptor fd is a pipe from the caller, and keeps programs
// started by this process from inheriting it.
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
