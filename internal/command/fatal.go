package command

import (
	"runtime/debug"
	"syscall"
)

// Fatal makes crashes that recover cannot catch, such as a stack overflow or a panic in a
// library's goroutine, end the process with SIGABRT. Go's exit code for them is 2, which
// here means an invalid configuration. (As PID 1 the exit code stays 2, because no signal
// ends PID 1.) No core is dumped, because memory contains secrets.
func Fatal() {
	debug.SetTraceback("crash")
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
