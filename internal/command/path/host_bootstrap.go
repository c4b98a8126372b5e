package path

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/host"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/trust"
)

// HostBootstrap is `goldenpath host bootstrap`.
type HostBootstrap struct {
	Server string   `arg:"" help:"Server, as ssh takes it: root@shop.example.com, or a name from ~/.ssh/config. The user must be root, or may use sudo without a password."`
	Yes    bool     `help:"Do it. Without it the plan is shown and nothing is changed."`
	Engine string   `help:"podman or docker. Default: the one that is installed on the server, otherwise podman." placeholder:"NAME"`
	Option []string `name:"ssh-option" help:"Options for ssh, such as Port=2222." placeholder:"NAME=VALUE"`
	Where
	command.Output
}

// Help is shown by --help.
func (HostBootstrap) Help() string {
	return "Takes a fresh server to one that this repository can deploy to: packages, goldenpath, configuration and two SSH keys. Uses the ssh program of this machine, with your keys and known hosts. Shows the plan first; --yes carries it out. Can be repeated."
}

// probe prints what the server has. Its words are fixed: nothing of the repository is in it.
const probe = `. /etc/os-release 2>/dev/null; echo "distribution=$PRETTY_NAME"; echo "user=$(id -un)"; echo "machine=$(uname -m)"
test -d /run/systemd/system && echo systemd=yes
for c in apt-get dnf podman docker caddy nft newuidmap slirp4netns sshd goldenpath; do PATH=$PATH:/usr/sbin:/sbin command -v $c >/dev/null && echo "has=$c"; done
systemctl is-active --quiet caddy.service 2>/dev/null && echo caddy.service=yes; true`

// Do shows the plan and, with --yes, carries it out.
func (c *HostBootstrap) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if strings.HasPrefix(c.Server, "-") {
		return nil, report.Usage(fmt.Sprintf("%.60q is not a server", c.Server))
	}
	w, err := c.configured(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "host bootstrap", Subject: c.Server, Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	step := func(name, what string) {
		r.Checks = append(r.Checks, report.Check{Name: name, State: report.OK, Result: what})
		if c.Yes {
			w.say(name + ": " + what)
		}
	}
	remove, err := c.pinned(w.config)
	if err != nil {
		return nil, err
	}
	defer remove()
	said, err := c.ssh(ctx, nil, probe)
	if err != nil {
		return nil, err
	}
	found := facts(said)
	packages, err := c.packages(found)
	if err != nil {
		return nil, err
	}
	step("server", found["distribution"]+", "+found["machine"])
	if found["caddy.service"] != "" {
		step("Caddy", "caddy.service runs there: it is stopped, and caddy-api.service takes ports 80 and 443. A Caddyfile with sites of yours is refused")
	} else {
		step("Caddy", "caddy-api.service gets ports 80 and 443")
	}
	public, err := os.ReadFile(filepath.Join(w.repo, filepath.FromSlash(trust.File)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, report.Usage(trust.File + " does not exist: create the key that signs evidence with goldenpath key first")
	}
	if err != nil {
		return nil, err
	}
	sudo := ""
	if found["user"] != "root" {
		sudo = "sudo -n "
	}
	if len(packages) > 0 {
		install := "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
		update := sudo + "apt-get update -qq && "
		if found["apt-get"] == "" {
			install, update = "dnf install -y ", ""
		}
		step("packages", strings.Join(packages, " "))
		if c.Yes {
			if _, err := c.ssh(ctx, nil, update+sudo+"env "+install+strings.Join(packages, " ")); err != nil {
				return nil, err
			}
		}
	}
	step("goldenpath", command.Version()+", its user and timers, with "+host.ConfigFile+" from .goldenpath.yml: "+strings.Join(served(w.config), ", "))
	if c.Yes {
		if err := c.install(ctx, env, sudo, w.config.Source(), public); err != nil {
			return nil, err
		}
	}
	var secrets string
	for _, k := range []struct{ role, secret string }{{host.RolePreviews, "PREVIEW_SSH_KEY"}, {host.RoleReleases, "SSH_KEY"}} {
		file := filepath.Join(w.state, "keys", "ssh-"+k.role)
		step("SSH key "+k.role, file)
		secrets += fmt.Sprintf("gh secret set %s < %s\n", k.secret, file)
		if !c.Yes {
			continue
		}
		public, err := sshKeyPair(file)
		if err != nil {
			return nil, err
		}
		if _, err := c.ssh(ctx, public, sudo+"sh -c 'cat > /root/goldenpath-key.pub; "+host.Program+" host allow --role "+k.role+" --app "+w.config.App+" /root/goldenpath-key.pub; rm /root/goldenpath-key.pub'"); err != nil {
			return nil, err
		}
	}
	key, err := c.ssh(ctx, nil, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
	if err != nil {
		return nil, err
	}
	if !c.Yes {
		r.Title = "this is the plan: add --yes to carry it out"
		return r, nil
	}
	r.Title = c.Server + " is ready"
	var next strings.Builder
	if key = strings.TrimSpace(key); !bytes.Contains(w.config.Source(), []byte(key)) {
		fmt.Fprintf(&next, "host-key for .goldenpath.yml:\n  %s\n", key)
	}
	fmt.Fprintf(&next, "from this machine:\n  goldenpath run --servers\nor with GitHub, the secrets of the repository:\n  %s\n", strings.ReplaceAll(strings.TrimSpace(secrets), "\n", "\n  "))
	r.Sections = []report.Section{{Title: "next", Open: true, Text: next.String()}}
	return r, nil
}

// pinned lets ssh accept the host key that .goldenpath.yml has for the server, and no other.
// Without one the known hosts of this machine decide.
func (c *HostBootstrap) pinned(cfg *config.Config) (remove func(), err error) {
	_, name, found := strings.Cut(c.Server, "@")
	if !found {
		name = c.Server
	}
	all := slices.Clone(cfg.Preview.Server)
	for _, e := range cfg.Environments {
		all = append(all, e.Server...)
	}
	i := slices.IndexFunc(all, func(s config.Server) bool { return s.Host == name })
	if i < 0 || slices.ContainsFunc(c.Option, func(o string) bool {
		return strings.Contains(strings.ToLower(o), "knownhosts") || strings.Contains(strings.ToLower(o), "hostkey")
	}) {
		return func() {}, nil
	}
	f, err := os.CreateTemp("", "goldenpath-known-hosts-")
	if err != nil {
		return nil, err
	}
	remove = func() { _ = os.Remove(f.Name()) }
	_, err = fmt.Fprintf(f, "goldenpath %s\n", all[i].HostKey)
	if err := errors.Join(err, f.Close()); err != nil {
		remove()
		return nil, err
	}
	algorithm, _, _ := strings.Cut(all[i].HostKey, " ")
	c.Option = append(c.Option, "UserKnownHostsFile="+f.Name(), "HostKeyAlias=goldenpath", "StrictHostKeyChecking=yes", "HostKeyAlgorithms="+algorithm)
	return remove, nil
}

// facts reads the output of probe. The server is trusted no more than its text.
func facts(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !ok:
		case key == "has":
			out[value] = "yes"
		default:
			out[key] = report.LogLine(value)
		}
	}
	return out
}

// packages returns what the server lacks.
func (c *HostBootstrap) packages(found map[string]string) (all []string, err error) {
	switch {
	case found["systemd"] == "":
		return nil, report.Usage("the server does not run systemd: goldenpath needs it to keep containers alive")
	case found["apt-get"] == "" && found["dnf"] == "":
		return nil, report.Usage("the server has neither apt nor dnf: install Podman, Caddy and an SSH server there, then run goldenpath host install")
	case found["machine"] != "x86_64":
		return nil, report.Usage("the server is " + found["machine"] + ", and this goldenpath is built for x86_64")
	}
	engine := c.Engine
	if engine == "" && found["podman"] == "" && found["docker"] != "" {
		engine = "docker"
	}
	engine = cmp.Or(engine, "podman")
	debian := found["apt-get"] != ""
	lacks := func(command, onDebian, onFedora string) {
		if found[command] != "" {
			return
		}
		name := onFedora
		if debian {
			name = onDebian
		}
		all = append(all, name)
	}
	lacks("caddy", "caddy", "caddy")
	lacks("sshd", "openssh-server", "openssh-server")
	if engine == "docker" {
		lacks("docker", "docker.io", "moby-engine")
		lacks("nft", "nftables", "nftables")
		return all, nil
	}
	lacks("podman", "podman", "podman")
	lacks("newuidmap", "uidmap", "shadow-utils")
	lacks("slirp4netns", "slirp4netns", "slirp4netns")
	return all, nil
}

// served lists the environments of an app that are on servers.
func served(c *config.Config) (all []string) {
	if c.Preview.Target == "server" {
		all = append(all, "previews at "+c.Preview.URL)
	}
	for _, name := range c.Chain() {
		if c.Environments[name].Target == "server" {
			all = append(all, name+" at "+c.Environments[name].URL)
		}
	}
	if len(all) == 0 {
		all = append(all, "no environment has target server yet")
	}
	return all
}

// install sends this program and runs it there.
func (c *HostBootstrap) install(ctx context.Context, env *command.Env, sudo string, app, public []byte) error {
	program, err := os.ReadFile(env.Self)
	if err != nil {
		return err
	}
	dir, err := c.ssh(ctx, nil, "mktemp -d /tmp/goldenpath.XXXXXXXXXX")
	if err != nil {
		return err
	}
	dir = strings.TrimSpace(dir)
	for name, content := range map[string][]byte{"goldenpath": program, "app.yml": app, "evidence.pub": public} {
		if _, err := c.ssh(ctx, content, "cat > "+dir+"/"+name); err != nil {
			return err
		}
	}
	engine := ""
	if c.Engine != "" {
		engine = " --engine " + c.Engine
	}
	_, err = c.ssh(ctx, nil, "chmod +x "+dir+"/goldenpath && "+sudo+dir+"/goldenpath host install"+engine+" --app "+dir+"/app.yml --key "+dir+"/evidence.pub && rm -r "+dir)
	return err
}

// ssh runs a command on the server.
func (c *HostBootstrap) ssh(ctx context.Context, in []byte, remote string) (string, error) {
	var args []string
	for _, o := range c.Option {
		args = append(args, "-o", o)
	}
	cmd := exec.CommandContext(ctx, "ssh", append(args, "--", c.Server, remote)...)
	cmd.Stdin = bytes.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(errs.String())
		if text == "" {
			text = strings.TrimSpace(out.String())
		}
		err = fmt.Errorf("ssh %s: %w: %s", c.Server, err, report.LogLine(text[max(0, len(text)-600):]))
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 255 { // of ssh itself
			err = fmt.Errorf("%w\n  try: ssh %s, which has to work without a question; --ssh-option IdentityFile=FILE names a key", err, c.Server)
		}
		return "", err
	}
	return out.String(), nil
}

// sshKeyPair returns the public half of the key in a file, which is made if it is missing.
func sshKeyPair(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		s, err := ssh.ParsePrivateKey(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return ssh.MarshalAuthorizedKey(s.PublicKey()), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "goldenpath")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	k, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return ssh.MarshalAuthorizedKey(k), nil
}
