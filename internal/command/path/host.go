package path

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/host"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Host are the commands of a server, for target server.
type Host struct {
	Bootstrap HostBootstrap `cmd:"" help:"Set up a fresh server over SSH, with one command."`
	Install   HostInstall   `cmd:"" help:"Make this machine a server of goldenpath. Can be repeated."`
	Allow     HostAllow     `cmd:"" help:"Let an SSH key deploy to this server, and do nothing else."`
	Key       HostKey       `cmd:"" help:"Print the host key of this server, for .goldenpath.yml."`
	Status    HostStatus    `cmd:"" help:"List what runs on this server."`
	Logs      HostLogs      `cmd:"" help:"Print what an app of this server wrote last."`
	Down      HostDown      `cmd:"" help:"Remove an environment from this server, with its data."`
	Backup    HostBackup    `cmd:"" help:"Dump the database of an environment into a file."`
	Restore   HostRestore   `cmd:"" help:"Replace the content of an environment's database with a backup."`
	Remove    HostRemove    `cmd:"" name:"uninstall" help:"Remove goldenpath from this server. The backups stay."`
}

// runHost runs the commands that sshd and systemd start. They have no report.
func runHost(ctx context.Context, env *command.Env, args []string) (handled bool, code int) {
	if len(args) == 0 {
		return false, 0
	}
	if os.Geteuid() == 0 && slices.Contains([]string{"status", "logs", "down", "backup", "restore", "sweep", "settle", "guard"}, args[0]) && !slices.Contains(args, "--help") {
		return true, asHostUser(ctx, env)
	}
	var err error
	switch rest := args[1:]; args[0] {
	case "open-data":
		err = each(rest, host.OpenData)
	case "measure":
		err = each(rest, func(dir string) error { return host.Measure(env.Stdout, dir) })
	case "guard":
		err = onHost(env, func(h *host.Host) error { return h.Guard(ctx, false) })
	case "exec":
		err = onHost(env, func(h *host.Host) error { return each(rest, func(i string) error { return h.Exec(ctx, i) }) })
	case "halt":
		err = onHost(env, func(h *host.Host) error { return each(rest, func(i string) error { return h.Halt(ctx, i) }) })
	case "settle":
		err = onHost(env, func(h *host.Host) error { return each(rest, func(slug string) error { return h.Settle(ctx, slug) }) })
	case "sweep":
		err = onHost(env, func(h *host.Host) error { return sweepHost(ctx, env, h) })
	case "serve":
		err = onHost(env, func(h *host.Host) error { return serveHost(ctx, h, rest) })
	default:
		return false, 0
	}
	if err != nil {
		fmt.Fprintln(env.Stderr, "goldenpath host "+args[0]+": "+report.ErrorText(err))
		return true, 1
	}
	return true, 0
}

// asHostUser runs this command again as the user whose containers it is about.
func asHostUser(ctx context.Context, env *command.Env) int {
	cmd, err := host.AsUser(ctx, env.Args...)
	if err != nil {
		fmt.Fprintln(env.Stderr, "goldenpath: "+report.ErrorText(err))
		return report.ExitCode(nil, err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, env.Stdout, env.Stderr
	err = cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(env.Stderr, "goldenpath: "+err.Error())
		return 3
	}
	return cmd.ProcessState.ExitCode()
}

func each(all []string, do func(string) error) error {
	var errs error
	for _, one := range all {
		errs = errors.Join(errs, do(one))
	}
	return errs
}

func onHost(env *command.Env, do func(*host.Host) error) error {
	c, err := host.ReadConfig(host.ConfigFile)
	if err != nil {
		return err
	}
	h, err := host.Open(host.State(), env.Self, c)
	if err != nil {
		return err
	}
	h.Version = command.Version()
	return do(h)
}

// serveHost answers one SSH session. Its role and its apps come from the forced command, and
// never from the client.
func serveHost(ctx context.Context, h *host.Host, args []string) error {
	var key host.Key
	for len(args) >= 2 {
		switch args[0] {
		case "--role":
			key.Role = args[1]
		case "--app":
			key.Apps = strings.Split(args[1], ",")
		}
		args = args[2:]
	}
	if key.Role != host.RolePreviews && key.Role != host.RoleReleases || len(key.Apps) == 0 || len(args) > 0 {
		return report.Usage("this command is started by sshd for a key that goldenpath host allow has added")
	}
	return h.Serve(ctx, key, os.Stdin, os.Stdout)
}

// sweepHost converges the server and removes the previews that have expired.
func sweepHost(ctx context.Context, env *command.Env, h *host.Host) error {
	errs := errors.Join(h.Converge(ctx), h.Guard(ctx, true))
	apps, err := h.Apps()
	errs = errors.Join(errs, err)
	for _, app := range apps {
		local := host.Local{Host: h, App: app}
		r, err := preview.Sweep(ctx, preview.Deps{
			Target: local, Ledger: &ledger.Ledger{Store: local.Ledger(), Now: env.Now}, Now: env.Now, By: "the timer of the server", Guard: []string{env.Self, "guard"},
		}, preview.SweepOptions{
			Policy:  preview.Policy{App: app, Repository: h.Config.Apps[app].Repository, TTL: 24 * time.Hour, MaxTTL: 30 * 24 * time.Hour, Limits: budget.Limits{Currency: "USD"}},
			Sweeper: preview.Sweeper{Name: "server", Every: host.SweepEvery}, OnlyDue: true,
		})
		errs = errors.Join(errs, err)
		if r != nil {
			fmt.Fprintln(env.Stdout, app+": "+r.Title)
		}
	}
	return errs
}

// HostAllow is `goldenpath host allow`.
type HostAllow struct {
	Role   string   `help:"What the key may do: previews or releases." enum:"previews,releases" required:""`
	App    []string `help:"Apps that the key may deploy." required:"" placeholder:"NAME"`
	From   string   `help:"Addresses that the key may come from, as in authorized_keys. Default: any." placeholder:"LIST"`
	Public string   `arg:"" help:"Public key, or a file with one."`
	command.Output
}

// Do adds the key.
func (c *HostAllow) Do(_ context.Context, env *command.Env) (*report.Report, error) {
	public := c.Public
	if b, err := os.ReadFile(public); err == nil {
		public = string(b)
	}
	for _, app := range c.App {
		if !config.ValidApp(app) {
			return nil, report.Usage(fmt.Sprintf("--app %.60q is not the name of an app", app))
		}
	}
	k := host.Key{Role: c.Role, Apps: c.App}
	if err := host.Allow(host.AuthorizedKeys(), public, k, c.From); err != nil {
		return nil, err
	}
	return &report.Report{
		Name: "host allow", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC(), Title: "the key may deploy " + k.String() + ", and nothing else",
		Checks: []report.Check{{Name: "SSH key", State: report.OK, Result: host.AuthorizedKeys()}},
	}, nil
}

// HostKey is `goldenpath host key`.
type HostKey struct{ command.Output }

// Do prints the host key.
func (*HostKey) Do(_ context.Context, env *command.Env) (*report.Report, error) {
	key, err := host.HostKey()
	if err != nil {
		return nil, err
	}
	r := done(env, "host key", "the public SSH key of this server, for host-key in .goldenpath.yml")
	r.Sections = []report.Section{{Title: "key", Open: true, Text: key + "\n"}}
	return r, nil
}

// HostStatus is `goldenpath host status`.
type HostStatus struct{ command.Output }

// Do lists what runs.
func (*HostStatus) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	r := &report.Report{Name: "host status", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	err := onHost(env, func(h *host.Host) error {
		hello, err := h.Hello(ctx, host.Key{})
		if err != nil {
			return err
		}
		for _, p := range hello.Problems {
			r.Checks = append(r.Checks, report.Check{Name: "problem", State: report.Warned, Result: p})
			r.Verdict = report.Warn
		}
		apps, err := h.Apps()
		if err != nil {
			return err
		}
		s := report.Section{Title: "environments", Open: true, Head: []string{"app", "environment", "address", "digest", "state"}}
		for _, app := range apps {
			for e, err := range h.List(ctx, app) {
				if err != nil {
					return err
				}
				state := "runs"
				switch {
				case e.Leaving:
					state = "is being removed"
				case !e.Alive:
					state = "does not run"
				case !e.Tags.Expires.IsZero():
					state += " until " + e.Tags.Expires.Format(time.RFC3339)
				}
				s.Rows = append(s.Rows, []string{app, e.Environment, e.URL, e.Digest[:min(19, len(e.Digest))], state})
			}
		}
		r.Title = fmt.Sprintf("%d environments on %s: %s, %s", len(s.Rows), hello.Host, hello.Engine, hello.Proxy)
		if len(s.Rows) > 0 {
			r.Sections = append(r.Sections, s)
		}
		return nil
	})
	return r, err
}

// environmentOfApp are the arguments that name an environment of this server.
type environmentOfApp struct {
	App         string `arg:"" help:"App."`
	Environment string `arg:"" help:"Environment, such as production or preview/pr-12."`
}

// HostDown is `goldenpath host down`.
type HostDown struct {
	environmentOfApp `embed:""`
	command.Output
}

// Do removes the environment.
func (c *HostDown) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	err := onHost(env, func(h *host.Host) error {
		_, err := h.Status(ctx, c.App, c.Environment)
		if errors.Is(err, target.ErrNotDeployed) {
			return report.Usage(fmt.Sprintf("%.60s of %.60s does not exist on this server: goldenpath host status lists what does", c.Environment, c.App))
		}
		return host.Local{Host: h, App: c.App}.Down(ctx, c.Environment) // also one whose state cannot be read
	})
	if err != nil {
		return nil, err
	}
	return done(env, "host down", c.Environment+" of "+c.App+" is removed, with its data"), nil
}

// HostBackup is `goldenpath host backup`.
type HostBackup struct {
	environmentOfApp `embed:""`
	command.Output
}

// Do dumps the database.
func (c *HostBackup) Do(ctx context.Context, env *command.Env) (r *report.Report, err error) {
	err = onHost(env, func(h *host.Host) error {
		file, err := h.Backup(ctx, c.App, c.Environment)
		if err == nil {
			r = done(env, "host backup", "the database of "+c.Environment+" is in "+file)
		}
		return err
	})
	return r, err
}

// HostRestore is `goldenpath host restore`.
type HostRestore struct {
	environmentOfApp `embed:""`
	File             string `arg:"" help:"Backup."`
	command.Output
}

// Do restores the database.
func (c *HostRestore) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if err := onHost(env, func(h *host.Host) error { return h.Restore(ctx, c.App, c.Environment, c.File) }); err != nil {
		return nil, err
	}
	return done(env, "host restore", "the database of "+c.Environment+" has the content of "+c.File), nil
}

// HostRemove is `goldenpath host uninstall`.
type HostRemove struct {
	Yes bool `help:"Do it. Without it the command shows what would be removed."`
	command.Output
}

// Do uninstalls.
func (c *HostRemove) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	r := done(env, "host uninstall", "goldenpath is removed from this server; the container engine and Caddy stay")
	if !c.Yes {
		r.Title = "nothing was removed: add --yes to remove all of this"
		all, err := host.Environments()
		for _, name := range all {
			r.Checks = append(r.Checks, report.Check{Name: name, State: report.Warned, Result: "would be removed, with its data"})
		}
		r.Checks = append(r.Checks, report.Check{Name: "goldenpath", State: report.Warned, Result: "its program, user, units, SSH keys, configuration and audit log would be removed; backups of databases stay"})
		r.Verdict = report.Warn
		return r, err
	}
	err := host.Uninstall(ctx, func(step, what string) {
		r.Checks = append(r.Checks, report.Check{Name: step, State: report.OK, Result: what})
	})
	return r, err
}

func done(env *command.Env, name, title string) *report.Report {
	return &report.Report{Name: name, Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC(), Title: title}
}
