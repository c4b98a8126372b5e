package tool

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Guard is the body of the hidden command `goldenpath guard ARGV…`. It runs
// ARGV in its own process group and kills that group as soon as descriptor 3,
// a pipe from the caller, closes. It returns ARGV's exit code. On Linux it adopts
// what leaves the group, and ends that too.
func Guard(_ context.Context, argv []string) int {
	if len(argv) == 0 {
		fmt.Fprintln(os.Stderr, "guard: no command")
		return 2
	}
	// Run by hand there is no caller to outlive, and the group is not the guard's.
	if !inherited(3) {
		fmt.Fprintln(os.Stderr, "guard: descriptor 3 is no pipe: only goldenpath itself runs this")
		return 2
	}
	pipe := os.NewFile(3, "caller")
	adopt()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 127
	}
	go func() {
		// Nothing is ever written: a return means that the caller is gone.
		_, _ = io.Copy(io.Discard, pipe)
		endChildren()
		killOwnGroup()
	}()
	_ = cmd.Wait()
	endChildren()
	return exitCode(cmd.ProcessState)
}
