// Package workflows tests the reusable workflows in a local runner, with the real images,
// a cluster with real pods, a registry, a git server that requires a token, and a small
// GitHub server.
package workflows
