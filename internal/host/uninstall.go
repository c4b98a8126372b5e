package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Uninstall removes what Install made, and everything that runs, but not the backups.
func Uninstall(ctx context.Context, h *Host, say func(step, what string)) error {
	var errs error
	note := func(step, what string, err error) {
		if err == nil {
			say(step, what)
		}
		errs = errors.Join(errs, err)
	}
	for _, unit := range []string{sweepTimer, "goldenpath-converge.service"} {
		note(unit, "disabled", asUser(ctx, "disable", "--now", "--quiet", unit))
	}
	for name := range unitFiles {
		err := os.Remove(filepath.Join(unitsDir, name))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		note(name, "removed", err)
	}
	if _, err := os.Stat(firewallFile); err == nil {
		note("firewall", "removed", errors.Join(command(ctx, "systemctl", "disable", "--now", "--quiet", firewallService), os.Remove(filepath.Join(systemDir, firewallService)), os.Remove(firewallFile)))
	}
	note(sysctlFile, "removed", os.RemoveAll(sysctlFile))
	note("lingering", "ended", command(ctx, "loginctl", "disable-linger", User))
	note("SSH keys", "removed", os.RemoveAll(AuthorizedKeys()))
	return errs
}
