//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// grace is how long an application may take to exit after SIGTERM.
const grace = 5 * time.Second

// launch starts the generation's supervisor, which keeps running after this process. If
// the supervisor ends early, the channel receives the reason.
func (g *generation) launch() (<-chan error, error) {
	// Files of an earlier supervisor of this generation would be taken for new ones.
	for _, name := range []string{"state.json", "lock", "app.pid"} {
		if err := os.Remove(g.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot start generation %d: %w", g.number, err)
		}
	}
	log, err := os.OpenFile(g.path("supervisor.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot start generation %d: %w", g.number, err)
	}
	defer log.Close()
	cmd := exec.Command(g.spec.Self[0], append(g.spec.Self[1:len(g.spec.Self):len(g.spec.Self)], g.dir)...)
	cmd.Dir = g.dir
	cmd.Env = g.spec.Markers
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the supervisor: %w: check that goldenpath is still installed at this path", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return ended, nil
}

// stop ends the generation: its supervisor gets SIGTERM, later SIGKILL, and every
// process that still has the generation's marks is killed. It is not an error if the
// generation never ran.
func (g *generation) stop(ctx context.Context) error {
	lock := g.path("lock")
	asked := false
	kill := time.After(grace + 3*time.Second)
	deadline := time.After(grace + 8*time.Second)
	for wait := time.Millisecond; held(lock); wait = min(2*wait, 20*time.Millisecond) {
		if !asked {
			asked = g.signal(owner(lock), syscall.SIGTERM)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot stop generation %d: %w", g.number, ctx.Err())
		case <-kill:
			if !g.signal(owner(lock), syscall.SIGKILL) {
				_ = sweep(ctx, g.marks)
			}
		case <-deadline:
			return fmt.Errorf("cannot stop generation %d: its supervisor, process %d, does not exit: kill it, then try again", g.number, owner(lock))
		case <-time.After(wait):
		}
	}
	return sweep(ctx, g.marks)
}

// signal sends a signal to the generation's supervisor, and reports whether it was sent.
func (g *generation) signal(pid int, sig syscall.Signal) bool {
	if pid <= 1 {
		return false // it holds the lock and has not written its pid yet
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	return g.marks.on(pid) && p.Signal(sig) == nil
}

// absolute makes argv[0] independent of the working directory.
func absolute(argv []string) ([]string, error) {
	p, err := exec.LookPath(argv[0])
	if err == nil {
		p, err = filepath.Abs(p)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot find the supervisor's program: %w: check the installation of goldenpath", err)
	}
	return append([]string{p}, argv[1:]...), nil
}

// confine makes a program that refuses to run as root another user, and ends the program's
// children with it.
func confine(cmd *exec.Cmd) {
	sys := tied(syscall.SIGKILL)
	sys.Setpgid = true
	if os.Geteuid() == 0 {
		notRoot(sys)
	}
	cmd.SysProcAttr = sys
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
