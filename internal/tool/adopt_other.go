//go:build !linux

package tool

// adopt and endChildren do nothing outside Linux: processes that leave the process
// group are not tracked there.
func adopt()       {}
func endChildren() {}
