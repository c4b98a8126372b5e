package command

import (
	"errors"
	"os"
	"os/exec"
	"runtime/debug"
	"syscall"
	"testing"
)

// TestFatal proves that a crash is not taken for a mistake in the configuration.
func TestFatal(t *testing.T) {
	if os.Getenv("FATAL") != "" {
		Fatal()
		debug.SetMaxStack(1 << 20)
		overflow(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFatal$")
	cmd.Env = append(os.Environ(), "FATAL=1")
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%v", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGABRT || status.CoreDump() {
		t.Errorf("%v", err)
	}
}

func overflow(n int) int {
	if n < 0 {
		return n
	}
	return overflow(n+1) + 1
}
