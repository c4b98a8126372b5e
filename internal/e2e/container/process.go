//go:build e2e

package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// label marks the containers of these tests, as a runner marks its own.
const label = "goldenpath-e2e"

// How long a cancelled action has until the next signal. ProcessInvoker.cs.
const (
	sigintTimeout  = 7500 * time.Millisecond
	sigtermTimeout = 2500 * time.Millisecond
)

type process struct {
	job   *Job
	step  Step
	args  []string
	env   map[string]string
	paths []mount
}

// command is the process that the runner starts and signals: the docker client, or the
// entrypoint itself.
func (p process) command(name string) *exec.Cmd {
	var cmd *exec.Cmd
	if p.step.Image == "" {
		cmd = exec.Command(p.step.Binary, p.args...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	} else {
		cmd = exec.Command("docker", p.docker(name)...)
		cmd.Env = os.Environ() // the runner's own variables, which the step's override
	}
	for _, k := range slices.Sorted(maps.Keys(p.env)) {
		cmd.Env = append(cmd.Env, k+"="+p.env[k])
	}
	cmd.Dir = p.job.Workspace
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a signal reaches only this process
	return cmd
}

// docker returns the command line of DockerCommandManager.cs, DockerRun. It passes
// variables by name only; their values are in the environment of the client.
func (p process) docker(name string) []string {
	args := []string{"run", "--name", name, "--label", label, "--workdir", "/github/workspace", "--rm"}
	for _, k := range slices.Sorted(maps.Keys(p.env)) {
		if k != "GITHUB_ACTIONS" && k != "CI" {
			args = append(args, "-e", k)
		}
	}
	args = append(args, "-e", "GITHUB_ACTIONS=true")
	if v, ok := p.env["CI"]; ok {
		args = append(args, "-e", "CI="+v)
	}
	args = append(args, "-v", "/var/run/docker.sock:/var/run/docker.sock")
	for _, m := range p.paths {
		args = append(args, "-v", m.host+":"+m.container)
	}
	return append(append(args, p.step.Image), p.args...)
}

// run starts the action, reads its output, and stops it when ctx ends.
func (p process) run(ctx context.Context, r *Result, l *log) error {
	name := "goldenpath_e2e_" + strings.ToLower(rand.Text())
	cmd := p.command(name)
	cmd.Stdout, cmd.Stderr = &lines{log: l}, &lines{log: l}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		start := time.Now()
		err = r.stop(cmd.Process, ended)
		r.Ended = time.Since(start)
		if p.step.Image != "" {
			// The runner kills the client and leaves the container running.
			_ = exec.Command("docker", "rm", "--force", name).Run()
		}
	}
	cmd.Stdout.(*lines).end()
	cmd.Stderr.(*lines).end()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	r.Exit = cmd.ProcessState.ExitCode()
	return nil
}

// stop is CancelAndKillProcessTree of ProcessInvoker.cs.
func (r *Result) stop(p *os.Process, ended <-chan error) error {
	for _, s := range []struct {
		name string
		sig  os.Signal
		wait time.Duration
	}{{"SIGINT", syscall.SIGINT, sigintTimeout}, {"SIGTERM", syscall.SIGTERM, sigtermTimeout}} {
		r.Signals = append(r.Signals, s.name)
		_ = p.Signal(s.sig) // it may have ended already
		select {
		case err := <-ended:
			return err
		case <-time.After(s.wait):
		}
	}
	r.Signals = append(r.Signals, "SIGKILL")
	_ = p.Kill()
	return <-ended
}
