package terraform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// unfinished names the resources that an interrupted command was working on. Their state is
// unknown: the next command reads it.
func unfinished(ev *events) string {
	if len(ev.busy) == 0 {
		return ""
	}
	return " while it worked on " + list(ev.busy)
}

// run runs a command that plans or applies. Other commands run through terraform-exec,
// which cannot be used here: it kills Terraform when the caller is killed, so that
// Terraform loses track of resources that are being created, and it does not pass
// TF_VAR_ variables.
//
// When ctx ends, run interrupts the command and waits until the command has ended. A command
// that takes longer than the target's limit is interrupted too, and is a *Failed error. The
// exit code 2 of -detailed-exitcode is not an error.
func (s *session) run(caller context.Context, args ...string) (*events, error) {
	ctx, cancel := context.WithTimeout(caller, s.t.limit())
	defer cancel()
	argv := append([]string{s.binary}, args...)
	if len(s.t.Guard) > 0 {
		argv = slices.Concat(s.t.Guard, []string{s.t.grace().String()}, argv)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = s.dir
	for k, v := range s.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	for k, v := range s.secrets {
		cmd.Env = append(cmd.Env, "TF_VAR_"+k+"="+v)
	}
	ev, stderr := &events{}, &last{max: 16 << 10}
	cmd.Stdout, cmd.Stderr = ev, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C at a terminal interrupts it once, through the guard
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = s.t.grace() + 5*time.Second
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot run %s %s: %w", s.product, args[0], err)
	}
	defer w.Close()
	cmd.ExtraFiles = []*os.File{r} // the guard's descriptor 3
	err = cmd.Start()
	r.Close()
	if err != nil {
		return nil, fmt.Errorf("cannot run %s %s: %w", s.product, args[0], err)
	}
	err = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // processes that its provisioners left
	if caller.Err() != nil {
		return ev, fmt.Errorf("%s %s was interrupted%s: %w", s.product, args[0], unfinished(ev), context.Cause(caller))
	}
	if err != nil && ctx.Err() != nil {
		return ev, &Failed{Step: s.product + " " + args[0], Problems: []string{fmt.Sprintf("it took longer than %s and was interrupted%s: its provider or its backend does not answer", s.t.limit(), unfinished(ev))}}
	}
	if err == nil || cmd.ProcessState.ExitCode() == 2 && slices.Contains(args, "-detailed-exitcode") {
		return ev, nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return ev, fmt.Errorf("cannot run %s %s: %w", s.product, args[0], err)
	}
	problems := ev.problems
	if len(problems) == 0 {
		problems = readProblems(stderr.String())
	}
	if len(problems) == 0 {
		problems = []problem{{Summary: fmt.Sprintf("it ended with %v and without output", err)}}
	}
	return ev, s.failed(args[0], problems)
}
