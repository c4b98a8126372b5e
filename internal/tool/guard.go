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
// a pipe from the caller, closes. It returns ARGV's exit code. On Linux it also kills
// descendants that left the group.
func Guard(_ context.Context, argv []string) int {
	if len(argv) == 0 {
		fmt.Fprintln(os.Stderr, "guard: no command")
		return 2
	}
	// If a person runs the guard, it has no caller, and the group is not its own.
	if !inherited(3) {
		fmt.Fprintln(os.Stderr, "guard: descriptor 3 is not a pipe: this command is for internal use by goldenpath")
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
		// The caller never writes, so a return means that it has ended.
		_, _ = io.Copy(io.Discard, pipe)
		endChildren()
		killOwnGroup()
	}()
	_ = cmd.Wait()
	endChildren()
	return exitCode(cmd.ProcessState)
}
