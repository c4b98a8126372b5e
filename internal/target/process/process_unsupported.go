//go:build !unix

package process

import (
	"context"
	"errors"
	"runtime"
)

// Deploy refuses before it calls any of these.

var errUnsupported = errors.New("the process target does not run on " + runtime.GOOS + ": use Linux or macOS, or another target")

// Supervise is not available here.
func Supervise(context.Context, []string) int { return 2 }

func (g *generation) launch() (<-chan error, error) { return nil, errUnsupported }

func (g *generation) stop(context.Context) error { return nil }

func absolute(argv []string) ([]string, error) { return argv, nil }

func sweep(context.Context, marks) error { return nil }

func holders(int) []holder { return nil }

func below(int, int) bool { return true }
