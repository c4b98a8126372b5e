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

// killGroup ends what a program left running in its group. The group's number is
// not used again while anything is in it.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

func killOwnGroup() { _ = syscall.Kill(0, syscall.SIGKILL) }

// inherited reports whether descriptor fd is a pipe, as a caller hands it over, and
// keeps it from the programs this process starts.
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
