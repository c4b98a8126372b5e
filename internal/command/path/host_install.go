package path

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

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
	Key    string `help:"Public key that signs the evidence of the app (.goldenpath/evidence.pub)." placeholder:"FILE" type:"path"`
	command.Output
}

// Help is shown by --help.
func (HostInstall) Help() string {
	return "Creates a user without rights, whose containers systemd keeps alive and Caddy makes reachable, and the configuration " + host.ConfigFile + ", which says what this server accepts. Each step is shown. Needs root, systemd, Caddy, an SSH server, and Podman or Docker, and says what is missing."
}

// Do installs goldenpath on this machine.
func (c *HostInstall) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	r := &report.Report{Name: "host install", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	app, text, edited, err := c.configuration()
	if err != nil {
		return nil, err
	}
	r.Title = "this machine is a server of goldenpath"
	if c.DryRun {
		r.Title = "this is what would be done"
	}
	err = host.Installation{Self: env.Self, Engine: c.Engine, DryRun: c.DryRun, Config: text, Edited: edited, Say: func(step, what string) {
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
		"let CI deploy, with one key for previews and another for releases:\n  sudo goldenpath host allow --role previews --app " + app + " 'ssh-ed25519 AAAA…'\n  sudo goldenpath host allow --role releases --app " + app + " 'ssh-ed25519 AAAA…'\n"}}
	return r, nil
}

// configuration returns what the server is to accept, and the name of the app for a command
// that a person copies.
func (c *HostInstall) configuration() (app string, text []byte, edited bool, err error) {
	old, err := os.ReadFile(host.ConfigFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, false, err
	}
	if c.App == "" {
		if text = old; old == nil {
			text, edited, err = host.Serve(nil, "", host.App{})
		}
		return "APP", text, edited, err
	}
	b, err := os.ReadFile(c.App)
	if err != nil {
		return "", nil, false, report.Usage("--app: " + err.Error())
	}
	cfg, err := config.Parse(b)
	if err != nil {
		return "", nil, false, fmt.Errorf("--app %s: %w", c.App, err)
	}
	a := host.App{Image: cfg.Artifact.Image, Environments: map[string]host.Place{}}
	if p := cfg.Preview; p.Target == "server" {
		a.Preview.URL = p.URL
	}
	for name, e := range cfg.Environments {
		if e.Target == "server" {
			a.Environments[name] = host.Place{URL: e.URL, From: e.From, Soak: e.Soak != nil}
		}
	}
	if c.Key != "" {
		b, err := os.ReadFile(c.Key)
		if err != nil {
			return "", nil, false, report.Usage("--key: " + err.Error())
		}
		a.Keys = []string{string(b)}
	}
	text, edited, err = host.Serve(old, cfg.App, a)
	return cfg.App, text, edited, err
}
