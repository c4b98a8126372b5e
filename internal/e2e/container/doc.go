// Package container runs a step of a workflow as GitHub's runner does: a container
// action in its image, with the runner's mounts, environment, file commands, log
// commands and signals. What it does is taken from actions/runner: the functions
// name the file there. Its code is behind the build tag e2e.
package container
