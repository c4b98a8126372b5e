package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Where an installation puts things.
const (
	Program  = "/usr/local/bin/goldenpath"
	Home     = "/var/lib/goldenpath"
	User     = "goldenpath"
	unitsDir = "/etc/systemd/user"
)

// State is the folder with the state of the server.
func State() string { return filepath.Join(Home, "state") }

// Installation is what `goldenpath host install` does.
type Installation struct {
	Self   string // executable that is copied
	Engine string // podman or docker; "": the one that is installed
	DryRun bool
	Config []byte // content of ConfigFile
	Edited bool   // a person has edited the file, and Config is its content
	Say    func(step, what string)
}

// step is one thing that an installation makes sure of.
type step struct {
	name string
	what string // what is done if it is not so yet
	done func(context.Context) (bool, error)
	do   func(context.Context) error
}

// Install makes this machine a server of goldenpath. It can be repeated: what is so already
// stays.
func (i Installation) Install(ctx context.Context) error {
	if err := i.supported(ctx); err != nil {
		return err
	}
	for _, s := range i.steps() {
		done, err := s.done(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		switch {
		case done:
			what := "is there"
			if i.Edited && strings.HasSuffix(s.name, ConfigFile) {
				what = "is there and was edited, so it stays as it is: compare it with .goldenpath.yml"
			}
			i.Say(s.name, what)
			continue
		case i.DryRun:
			i.Say(s.name, "would be done: "+s.what)
			continue
		}
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		i.Say(s.name, s.what)
	}
	return nil
}

// supported refuses a machine that cannot be a server, with everything that it lacks.
func (i Installation) supported(ctx context.Context) error {
	var lacks []string
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		lacks = append(lacks, "systemd: it is not the first process of this machine (Alpine and containers have none); use a distribution with systemd")
	}
	e, err := findEngine(i.Engine)
	if err != nil {
		lacks = append(lacks, err.Error())
	} else if e.kind == podman {
		for _, tool := range []string{"newuidmap", "slirp4netns"} {
			if _, err := exec.LookPath(tool); err != nil {
				lacks = append(lacks, tool+", which a user's Podman needs: apt install uidmap slirp4netns")
			}
		}
	}
	if e.kind == docker {
		if _, err := exec.LookPath("nft"); err != nil {
			lacks = append(lacks, "nft, which keeps containers away from the server's own services: apt install nftables")
		}
	}
	if _, err := exec.LookPath("caddy"); err != nil {
		lacks = append(lacks, "Caddy: apt install caddy")
	}
	if _, err := exec.LookPath("sshd"); err != nil {
		if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
			lacks = append(lacks, "an SSH server: apt install openssh-server")
		}
	}
	if os.Geteuid() != 0 && !i.DryRun {
		lacks = append(lacks, "root: run this with sudo")
	}
	if len(lacks) > 0 {
		return report.Usage("this machine lacks:\n  " + strings.Join(lacks, "\n  "))
	}
	return nil
}

func (i Installation) steps() []step {
	same := func(name string, want []byte) func(context.Context) (bool, error) {
		return func(context.Context) (bool, error) {
			have, err := os.ReadFile(name)
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			return bytes.Equal(have, want), err
		}
	}
	put := func(name string, b []byte) func(context.Context) error {
		return func(context.Context) error {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				return err
			}
			return files.WriteWith(name, 0o644, func(w io.Writer) error { return write(w, b) })
		}
	}
	all := []step{
		{"user " + User, "created, without a password and without rights", func(context.Context) (bool, error) {
			_, err := user.Lookup(User)
			var unknown user.UnknownUserError
			if errors.As(err, &unknown) {
				return false, nil
			}
			return true, err
		}, func(ctx context.Context) error {
			return command(ctx, "useradd", "--create-home", "--home-dir", Home, "--shell", "/bin/sh", User)
		}},
		{"program " + Program, "copied from " + i.Self, func(context.Context) (bool, error) {
			a, err := os.ReadFile(i.Self)
			if err != nil {
				return false, err
			}
			return same(Program, a)(ctx0)
		}, func(context.Context) error {
			b, err := os.ReadFile(i.Self)
			if err != nil {
				return err
			}
			return files.WriteWith(Program, 0o755, func(w io.Writer) error { return write(w, b) })
		}},
	}
	if e, err := findEngine(i.Engine); err == nil && e.kind == docker {
		all = append(all, step{"group docker", "the user becomes a member: who controls Docker controls the machine, so Podman is the safer choice", func(context.Context) (bool, error) {
			return member(User, "docker")
		}, func(ctx context.Context) error {
			return command(ctx, "usermod", "--append", "--groups", "docker", User)
		}})
		unit := filepath.Join(systemDir, firewallService)
		all = append(all, step{"firewall", "written to " + firewallFile + " and enabled: containers do not reach the services of this machine", func(ctx context.Context) (bool, error) {
			for name, want := range map[string]string{firewallFile: firewall, unit: firewallUnit} {
				if there, err := same(name, []byte(want))(ctx); !there || err != nil {
					return false, err
				}
			}
			return command(ctx, "systemctl", "is-active", "--quiet", firewallService) == nil && command(ctx, "systemctl", "is-enabled", "--quiet", firewallService) == nil, nil
		}, func(ctx context.Context) error {
			return errors.Join(put(firewallFile, []byte(firewall))(ctx), put(unit, []byte(firewallUnit))(ctx), command(ctx, "systemctl", "daemon-reload"),
				command(ctx, "systemctl", "enable", "--quiet", firewallService), command(ctx, "systemctl", "restart", firewallService))
		}})
	} else if err == nil {
		all = append(all, step{"user namespaces", "65536 ids for the containers of the user", func(context.Context) (bool, error) {
			b, err := os.ReadFile("/etc/subuid")
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			return bytes.Contains(b, []byte(User+":")), err
		}, func(ctx context.Context) error {
			return command(ctx, "usermod", "--add-subuids", "524288-589823", "--add-subgids", "524288-589823", User)
		}})
	}
	all = append(all,
		step{"folder " + State(), "created, readable by the user only", func(context.Context) (bool, error) {
			_, err := os.Stat(State())
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			return err == nil, err
		}, func(ctx context.Context) error {
			return command(ctx, "install", "--directory", "--owner", User, "--group", User, "--mode", "0700", State())
		}},
		step{"configuration " + ConfigFile, "written: it says which apps this server serves", same(ConfigFile, i.Config), put(ConfigFile, i.Config)},
		step{"lingering", "the units of the user run without a login, from the boot on", func(context.Context) (bool, error) {
			_, err := os.Stat("/var/lib/systemd/linger/" + User)
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			return err == nil, err
		}, func(ctx context.Context) error { return command(ctx, "loginctl", "enable-linger", User) }},
	)
	for _, name := range []string{"goldenpath@.service", "goldenpath-converge.service", "goldenpath-sweep.service", "goldenpath-settle@.service", sweepTimer, "goldenpath-guard.service", guardTimer} {
		file := filepath.Join(unitsDir, name)
		all = append(all, step{"unit " + name, "written to " + unitsDir, same(file, []byte(unitFiles[name])), func(ctx context.Context) error {
			if err := put(file, []byte(unitFiles[name]))(ctx); err != nil {
				return err
			}
			return asUser(ctx, "daemon-reload")
		}})
	}
	return append(all,
		step{"timers", "enabled: every " + SweepEvery.String() + " for what has expired, every 30s for the disk", func(ctx context.Context) (bool, error) {
			for _, timer := range []string{sweepTimer, guardTimer} {
				if asUser(ctx, "is-enabled", "--quiet", timer) != nil || asUser(ctx, "is-active", "--quiet", timer) != nil {
					return false, nil
				}
			}
			return true, nil
		}, func(ctx context.Context) error {
			return asUser(ctx, "enable", "--now", "--quiet", sweepTimer, guardTimer)
		}},
		step{"start at a boot", "enabled", func(ctx context.Context) (bool, error) {
			return asUser(ctx, "is-enabled", "--quiet", "goldenpath-converge.service") == nil, nil
		}, func(ctx context.Context) error {
			return asUser(ctx, "enable", "--quiet", "goldenpath-converge.service")
		}},
		step{"waiting connections", "written to " + sysctlFile + ": no visitor is cut off when Caddy gets another configuration", func(ctx context.Context) (bool, error) {
			now, err := os.ReadFile(migrateSetting)
			if errors.Is(err, fs.ErrNotExist) {
				return true, nil // a kernel before 5.14 has no such setting
			}
			if err != nil || strings.TrimSpace(string(now)) != "1" {
				return false, err
			}
			return same(sysctlFile, []byte(sysctl))(ctx)
		}, func(ctx context.Context) error {
			return errors.Join(put(sysctlFile, []byte(sysctl))(ctx), os.WriteFile(migrateSetting, []byte("1"), 0o644))
		}},
		step{"Caddy", "caddy-api.service is started, which keeps what its admin API sets", func(ctx context.Context) (bool, error) {
			return command(ctx, "systemctl", "is-active", "--quiet", "caddy-api.service") == nil && command(ctx, "systemctl", "is-enabled", "--quiet", "caddy-api.service") == nil, nil
		}, func(ctx context.Context) error {
			if b, err := os.ReadFile("/etc/caddy/Caddyfile"); err == nil && command(ctx, "systemctl", "is-active", "--quiet", "caddy.service") == nil && ownSites(b) {
				return report.Usage("/etc/caddy/Caddyfile serves sites of yours, and goldenpath needs the ports 80 and 443: move them to another server, or stop caddy.service first (systemctl disable --now caddy)")
			}
			if err := command(ctx, "systemctl", "disable", "--now", "--quiet", "caddy.service"); err != nil {
				return err
			}
			// The package's start page would be resumed, and holds port 80.
			if err := os.Remove("/var/lib/caddy/.config/caddy/autosave.json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return command(ctx, "systemctl", "enable", "--now", "--quiet", "caddy-api.service")
		}},
	)
}

var ctx0 = context.Background()

// ownSites reports whether a Caddyfile has a site that its package did not bring: Debian's
// serves :80 from /usr/share/caddy.
func ownSites(b []byte) bool {
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || line == "}" || line == "{" || strings.HasPrefix(line, "root * /usr/share/caddy") || line == "file_server" || line == ":80 {" {
			continue
		}
		return true
	}
	return false
}

func member(name, group string) (bool, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return false, nil // it is created first
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return false, err
	}
	ids, err := u.GroupIds()
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		if id == g.Gid {
			return true, nil
		}
	}
	return false, nil
}

// asUser runs systemctl for the units of the user.
func asUser(ctx context.Context, args ...string) error {
	var err error
	for range 50 { // the instance of the user takes a moment after lingering was enabled
		if err = command(ctx, "systemctl", append([]string{"--user", "--machine", User + "@"}, args...)...); err == nil || !strings.Contains(err.Error(), "connect to bus") {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return err
}

// pause waits a moment for something outside this program.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(200 * time.Millisecond):
		return nil
	}
}

func command(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, last(string(out), 3))
	}
	return nil
}
