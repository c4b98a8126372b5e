// Package e2e tests the built binaries as users run them: killed at random, with GitHub's
// own workflow parser, a real browser, and Docker if it is available.
// Its tests are behind the build tag e2e: `make e2e`.
package e2e
