package path

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/host"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// HostInstall is `goldenpath host install`.
type HostInstall struct {
	DryRun bool   `help:"Show what would be done and change nothing."`
	Engine string `help:"podman or docker. Default: the one that is installed, Podman first." placeholder:"NAME"`
	App    string `help:"A .goldenpath.yml whose environments with target server this server is to serve. Default: the configuration starts without an app." placeholder:"FILE" type:"path"`
	Key    string `help:"Public key that signs the evidence of the app (.goldenpath/key.pub)." placeholder:"FILE" type:"path"`
	command.Output
}

// Help is shown by --help.
func (HostInstall) Help() string {
	return "Creates a user without rights, whose containers systemd keeps alive and Caddy makes reachable, and the configuration " + host.ConfigFile + ", which says what this server accepts. Each step is shown. Needs root, systemd, Caddy, an SSH server, and Podman or Docker, and says what is missing."
}

// Do installs goldenpath on this machine.
func (c *HostInstall) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	r := &report.Report{Name: "host install", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	text, err := c.configuration()
	if err != nil {
		return nil, err
	}
	r.Title = "this machine is a server of goldenpath"
	if c.DryRun {
		r.Title = "this is what would be done"
	}
	err = host.Installation{Self: env.Self, Engine: c.Engine, DryRun: c.DryRun, Config: text, Say: func(step, what string) {
		fmt.Fprintf(env.Stderr, "  %-46s %s\n", step, what)
		r.Checks = append(r.Checks, report.Check{Name: step, State: report.OK, Result: what})
	}}.Install(ctx)
	if err != nil {
		return nil, err
	}
	key, err := host.HostKey()
	if err != nil {
		return nil, err
	}
	r.Sections = []report.Section{{Title: "next", Open: true, Text: "host-key for .goldenpath.yml:\n  " + key + "\n" +
		"let CI deploy, with one key for previews and another for releases:\n  sudo goldenpath host allow --role previews --app APP 'ssh-ed25519 AAAA…'\n  sudo goldenpath host allow --role releases --app APP 'ssh-ed25519 AAAA…'\n"}}
	return r, nil
}

func (c *HostInstall) configuration() ([]byte, error) {
	out := "# What this server accepts: docs/server.md. Only root can change it.\nversion: 1\n"
	if c.App == "" {
		return []byte(out + "apps: {}\n"), nil
	}
	b, err := os.ReadFile(c.App)
	if err != nil {
		return nil, report.Usage("--app: " + err.Error())
	}
	cfg, err := config.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("--app %s: %w", c.App, err)
	}
	out += "apps:\n  " + cfg.App + ":\n    image: " + cfg.Artifact.Image + "\n"
	if p := cfg.Preview; p.Target == "server" {
		out += "    preview: {url: \"" + p.URL + "\"}\n"
	}
	var lines string
	for _, name := range cfg.Chain() {
		e := cfg.Environments[name]
		if e.Target != "server" {
			continue
		}
		lines += "      " + name + ": {url: \"" + e.URL + "\""
		if e.From != "" {
			lines += ", from: " + e.From
		}
		if e.Soak != nil {
			lines += ", soak: true"
		}
		lines += "}\n"
	}
	if lines != "" {
		out += "    environments:\n" + lines
	}
	if c.Key != "" {
		b, err := os.ReadFile(c.Key)
		if err != nil {
			return nil, report.Usage("--key: " + err.Error())
		}
		out += "    keys: # that sign evidence\n      - |\n"
		for line := range strings.Lines(string(b)) {
			out += "        " + strings.TrimRight(line, "\r\n") + "\n"
		}
	}
	return []byte(out), nil
}
