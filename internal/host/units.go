package host

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// units is the systemd instance that keeps the containers alive: that of the user, or that
// of the system if goldenpath runs as root.
type units struct{ user bool }

func (u units) run(ctx context.Context, args ...string) (string, error) {
	if u.user {
		args = append([]string{"--user"}, args...)
	}
	cmd := exec.CommandContext(ctx, "systemctl", args...)
	cmd.Env = os.Environ()
	if u.user && os.Getenv("XDG_RUNTIME_DIR") == "" { // a session of a forced command has none without PAM
		cmd.Env = append(cmd.Env, fmt.Sprintf("XDG_RUNTIME_DIR=/run/user/%d", os.Getuid()))
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		text := last(errs.String(), 2)
		if text == "" {
			text = err.Error()
		}
		return out.String(), fmt.Errorf("systemctl %s: %s", strings.Join(args, " "), strings.ReplaceAll(text, "\n", "; "))
	}
	return strings.TrimSpace(out.String()), nil
}

// start starts a unit now and at every boot.
func (u units) start(ctx context.Context, unit string) error {
	_, err := u.run(ctx, "enable", "--now", "--quiet", unit)
	return err
}

// stop stops a unit, and does not start it at a boot. A unit that is not there is no error.
func (u units) stop(ctx context.Context, unit string) error {
	_, err := u.run(ctx, "disable", "--now", "--quiet", unit)
	if err != nil && strings.Contains(err.Error(), "not loaded") {
		err = nil
	}
	if err == nil {
		_, _ = u.run(ctx, "reset-failed", unit) // fails if it is not loaded any more
	}
	return err
}

// active returns the state of a unit: active, activating, failed, inactive.
func (u units) active(ctx context.Context, unit string) string {
	out, _ := u.run(ctx, "is-active", unit) // the state is the output, also if it is an error
	return strings.TrimSpace(out)
}

// said returns the last lines that a unit wrote, as far as the user may read the journal.
func (u units) said(ctx context.Context, unit string) []string {
	args := []string{"--unit", unit}
	if u.user {
		args = []string{"--user-unit", unit}
	}
	out, err := exec.CommandContext(ctx, "journalctl", append(args, "--lines", "40", "--output", "cat", "--no-pager", "--quiet", "SYSLOG_IDENTIFIER=goldenpath")...).Output()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	return strings.Split(last(string(out), 3), "\n")
}

// restarts returns how often systemd has started a unit again.
func (u units) restarts(ctx context.Context, unit string) (n int) {
	out, err := u.run(ctx, "show", "--property=NRestarts", "--value", unit)
	if err == nil {
		fmt.Sscan(out, &n)
	}
	return n
}

// list returns the units of goldenpath that systemd has loaded.
func (u units) list(ctx context.Context) ([]string, error) {
	out, err := u.run(ctx, "list-units", "--all", "--plain", "--no-legend", "--full", "goldenpath@*")
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 0 {
			all = append(all, f[0])
		}
	}
	return all, nil
}
