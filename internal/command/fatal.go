package command

import (
	"runtime/debug"
	"syscall"
)

// Fatal makes what no recover catches, such as a stack that overflows in a parser
// of a library's or a panic in a goroutine of its own, end the process by SIGABRT.
// Go's own exit code for it is 2, which here is a mistake in the configuration.
// (Of PID 1 it stays 2: no signal ends that.) No memory is dumped: it holds secrets.
func Fatal() {
	debug.SetTraceback("crash")
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
