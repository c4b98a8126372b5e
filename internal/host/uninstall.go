package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// AsUser returns the command that runs the installed program as the user of goldenpath, whose
// containers and units root does not see, and who may not read the folder of another one.
func AsUser(ctx context.Context, args ...string) (*exec.Cmd, error) {
	u, err := user.Lookup(User)
	if err != nil {
		return nil, report.Usage("this machine is not a server of goldenpath: there is no user " + User + "; goldenpath host install creates it")
	}
	cmd := exec.CommandContext(ctx, "runuser", append([]string{"--user", User, "--", "env", "HOME=" + u.HomeDir, "XDG_RUNTIME_DIR=/run/user/" + u.Uid, Program}, args...)...)
	cmd.Dir = "/"
	return cmd, nil
}

// Uninstall removes every environment with its data, and then what Install made. The
// backups of databases stay, and with them the user that owns them.
func Uninstall(ctx context.Context, say func(step, what string)) error {
	if os.Geteuid() != 0 {
		return report.Usage("only root can uninstall: run this with sudo")
	}
	h := &Host{Dir: State()}
	all, err := h.all()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range all {
		cmd, err := AsUser(ctx, "host", "down", e.App, e.Environment)
		if err != nil {
			return err
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot remove %s of %s: %w: %s", e.Environment, e.App, err, last(string(out), 3))
		}
		say(e.Environment+" of "+e.App, "removed, with its data")
	}
	var errs error
	note := func(step, what string, err error) {
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err == nil {
			say(step, what)
		}
		errs = errors.Join(errs, err)
	}
	for _, unit := range []string{sweepTimer, guardTimer, "goldenpath-converge.service"} {
		note(unit, "disabled", asUser(ctx, "disable", "--now", "--quiet", unit))
	}
	if _, err := os.Stat(firewallFile); err == nil {
		note("firewall", "removed", errors.Join(command(ctx, "systemctl", "disable", "--now", "--quiet", firewallService), os.Remove(filepath.Join(systemDir, firewallService)), os.Remove(firewallFile)))
	}
	note(sysctlFile, "removed", os.RemoveAll(sysctlFile))
	note("Caddy", "caddy.service runs in place of caddy-api.service, as the package installs it", errors.Join(command(ctx, "systemctl", "disable", "--now", "--quiet", "caddy-api.service"), command(ctx, "systemctl", "enable", "--now", "--quiet", "caddy.service")))
	note("lingering", "ended", command(ctx, "loginctl", "disable-linger", User))
	for name := range unitFiles {
		note(name, "removed", os.Remove(filepath.Join(unitsDir, name)))
	}
	note("SSH keys", "removed", os.Remove(AuthorizedKeys()))
	note(filepath.Dir(ConfigFile), "removed", os.RemoveAll(filepath.Dir(ConfigFile)))
	if errs != nil {
		return errs
	}
	// What is left of the user runs nothing any more, but its instance takes a moment to end.
	_ = command(ctx, "loginctl", "terminate-user", User)
	if kept, err := filepath.Glob(filepath.Join(State(), "backups", "*", "*.dump")); err == nil && len(kept) > 0 {
		say("backups", fmt.Sprintf("%d stay in %s, and so does the user %s", len(kept), filepath.Join(State(), "backups"), User))
	} else {
		note("user "+User, "removed, with "+Home, removeUser(ctx))
	}
	note(Program, "removed", os.Remove(Program))
	return errs
}

// Environments lists what runs on this server, for a person.
func Environments() (all []string, err error) {
	h := &Host{Dir: State()}
	found, err := h.all()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range found {
		all = append(all, e.Environment+" of "+e.App)
	}
	return all, err
}

func removeUser(ctx context.Context) error {
	var err error
	for range 20 {
		if err = command(ctx, "userdel", "--remove", "--force", User); err == nil {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return err
}
