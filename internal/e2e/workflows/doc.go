// Package workflows runs the reusable workflows as a caller does: in a local
// runner, with the real images, a cluster with real pods, a registry, a git server
// that wants a token, and a GitHub that is real in small.
package workflows
