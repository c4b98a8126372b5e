//go:build !unix

package runner

// GiveBack has nothing to do: GitHub's runner starts containers on Linux only.
func (r *Runner) GiveBack() error { return nil }
