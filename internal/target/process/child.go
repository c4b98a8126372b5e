//go:build unix

package process

import (
	"fmt"
	"os"
	"syscall"
)

// startShim starts the shim. The shim ends when life is closed.
func (s *supervisor) startShim(life *os.File) (*os.Process, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	program, err := ownProgram()
	if err != nil {
		return nil, fmt.Errorf("cannot start the shim: %w", err)
	}
	argv := append(append([]string{}, s.spec.Self...), "--shim", s.dir)
	p, err := os.StartProcess(program, argv, &os.ProcAttr{
		Dir: s.dir, Env: s.spec.Markers,
		Files: []*os.File{null, os.Stderr, os.Stderr, life},
		Sys:   tied(syscall.SIGTERM), // not SIGKILL: it must clean up
	})
	if err != nil {
		return nil, fmt.Errorf("cannot start the shim: %w", err)
	}
	return p, nil
}

// code returns the exit code that a shell would report for a process.
func code(ws syscall.WaitStatus) int {
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}

// describe returns how a process ended. A shim's exit code above 128 means that the
// application ended by a signal.
func describe(ws syscall.WaitStatus) string {
	switch {
	case ws.Signaled():
		return "signal: " + ws.Signal().String()
	case ws.ExitStatus() > 128:
		return "signal: " + syscall.Signal(ws.ExitStatus()-128).String()
	}
	return fmt.Sprintf("exit status %d", ws.ExitStatus())
}
