package terraform

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// Guard is the body of a hidden command: GRACE PROGRAM ARG…. It runs the program, and
// interrupts it once when descriptor 3, a pipe from the caller, closes, or when it receives
// a signal. Terraform then finishes the operations in progress, saves its state and releases
// its lock. Killed with SIGKILL, it would lose track of new resources and leave a lock that
// only a person can remove. After GRACE, Guard kills the process group. It returns the
// program's exit code.
func Guard(_ context.Context, argv []string) int {
	if len(argv) < 2 {
		fmt.Fprintln(os.Stderr, "guard: want GRACE PROGRAM ARG…")
		return 2
	}
	grace, err := time.ParseDuration(argv[0])
	var st syscall.Stat_t
	if err != nil || syscall.Fstat(3, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		fmt.Fprintln(os.Stderr, "guard: missing grace, or descriptor 3 is not a pipe: goldenpath itself runs this command")
		return 2
	}
	syscall.CloseOnExec(3)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // otherwise a write to a caller that has ended would kill this process
	gone := make(chan struct{})
	go func() {
		// The caller never writes: a return means that it has ended.
		_, _ = io.Copy(io.Discard, os.NewFile(3, "caller"))
		close(gone)
	}()
	cmd := exec.Command(argv[1], argv[2:]...)
	cmd.Stdout, cmd.Stderr = deafTo{os.Stdout}, deafTo{os.Stderr}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 127
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
		return cmd.ProcessState.ExitCode()
	case <-asked:
	case <-gone:
	}
	_ = cmd.Process.Signal(os.Interrupt)
	select {
	case <-ended:
	case <-time.After(grace):
		_ = cmd.Process.Kill()
		<-ended
	}
	select {
	case <-gone:
		_ = syscall.Kill(0, syscall.SIGKILL) // this process's own group
	default:
	}
	return cmd.ProcessState.ExitCode()
}

// deafTo is a writer that discards its input after the reader of w has ended.
type deafTo struct{ w io.Writer }

func (d deafTo) Write(p []byte) (int, error) {
	_, _ = d.w.Write(p)
	return len(p), nil
}
