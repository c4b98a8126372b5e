// Package e2e tries goldenpath as its users do: the built binaries, killed at
// random; GitHub's own workflow parser; a real browser; Docker where it runs.
// Its tests are behind the build tag e2e: `make e2e`.
package e2e
