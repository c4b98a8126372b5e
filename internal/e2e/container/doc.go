// Package container runs a step of a workflow as GitHub's runner does: a container
// action in its image, with the runner's mounts, environment, file commands, log
// commands and signals. Its functions name the file of actions/runner that they follow. Its code is behind the build tag e2e.
package container
