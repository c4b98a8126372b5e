//go:build !unix

package process

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
)

// These functions exist so that the package compiles; Deploy returns an error before it
// calls any of them.

var errUnsupported = errors.New("the process target does not run on " + runtime.GOOS + ": use Linux or macOS, or another target")

// Supervise returns exit code 2, because this system is not supported.
func Supervise(context.Context, []string) int { return 2 }

func (g *generation) launch() (<-chan error, error) { return nil, errUnsupported }

func (g *generation) stop(context.Context) error { return nil }

func absolute(argv []string) ([]string, error) { return argv, nil }

func ended(int) bool { return false }

func sweep(context.Context, marks) error { return nil }

func holders(int) []holder { return nil }

func listening(int) []int { return nil }

func below(int, int) bool { return true }

func confine(*exec.Cmd) {}
