package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	podman = "podman"
	docker = "docker"
)

// engine is Podman or Docker, by its command line, which both share.
type engine struct {
	kind string // podman or docker
	bin  string
}

// findEngine returns the engine that is installed. Podman is preferred, because it can run
// without root.
func findEngine(wanted string) (engine, error) {
	for _, kind := range []string{podman, docker} {
		if wanted != "" && wanted != kind {
			continue
		}
		if bin, err := exec.LookPath(kind); err == nil {
			return engine{kind, bin}, nil
		}
	}
	if wanted == "" {
		wanted = "Podman or Docker"
	}
	return engine{}, fmt.Errorf("%s is not installed: install it (Debian and Ubuntu: apt install podman)", wanted)
}

// run runs a command of the engine and returns its output.
func (e engine) run(ctx context.Context, args ...string) (string, error) {
	return e.feed(ctx, nil, args...)
}

func (e engine) feed(ctx context.Context, in io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.bin, args...)
	cmd.Stdin = in
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", &engineError{e.kind, args[0], err, last(errs.String(), 3)}
	}
	return strings.TrimSpace(out.String()), nil
}

// engineError is the failure of a command of the engine.
type engineError struct {
	kind, command string
	err           error
	text          string // the last lines of its output
}

func (e *engineError) Error() string {
	if e.text == "" {
		return fmt.Sprintf("%s %s: %v", e.kind, e.command, e.err)
	}
	return fmt.Sprintf("%s %s: %s", e.kind, e.command, strings.ReplaceAll(e.text, "\n", "; "))
}

func (e *engineError) Unwrap() error { return e.err }

// missing reports whether the engine said that there is no such thing.
func missing(err error) bool {
	var e *engineError
	if !errors.As(err, &e) {
		return false
	}
	text := strings.ToLower(e.text)
	return strings.Contains(text, "no such") || strings.Contains(text, "not known") || strings.Contains(text, "not found")
}

func last(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// storage is where the engine keeps images and volumes, unless it is configured otherwise.
func (e engine) storage() string {
	switch {
	case e.kind == docker:
		return "/var/lib/docker"
	case os.Geteuid() == 0:
		return "/var/lib/containers/storage"
	}
	return filepath.Join(Home, ".local/share/containers/storage")
}

// describe returns the engine for a person: "podman 4.3.1, rootless".
func (e engine) describe(ctx context.Context) (string, error) {
	if e.kind == docker {
		v, err := e.run(ctx, "version", "--format", "{{.Server.Version}}")
		return "docker " + v, err
	}
	v, err := e.run(ctx, "version", "--format", "{{.Client.Version}}")
	if os.Geteuid() != 0 {
		v += ", rootless"
	}
	return "podman " + v, err
}

// load puts an image of the registry into the engine, unless it has it, and returns its id,
// which is the digest of its configuration: what runs is exactly this.
func (e engine) load(ctx context.Context, img v1.Image, tag string) (id string, err error) {
	config, err := img.ConfigName()
	if err != nil {
		return "", err
	}
	if have, err := e.imageID(ctx, config.String()); err == nil && have == config.String() {
		return config.String(), e.tag(ctx, config.String(), tag)
	}
	if err := e.send(ctx, img, tag); err != nil {
		return "", err
	}
	have, err := e.imageID(ctx, tag)
	if err != nil {
		return "", err
	}
	if have != config.String() {
		return "", fmt.Errorf("%s loaded image %s as %s: it does not run", e.kind, config, have)
	}
	return have, nil
}

// send puts an image into the engine under a tag.
func (e engine) send(ctx context.Context, img v1.Image, tag string) error {
	ref, err := name.NewTag(tag, name.Insecure)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(tarball.Write(ref, img, w)) }()
	defer r.Close()
	_, err = e.feed(ctx, r, "load")
	return err
}

func (e engine) tag(ctx context.Context, id, tag string) error {
	_, err := e.run(ctx, "tag", id, tag)
	return err
}

func (e engine) imageID(ctx context.Context, image string) (string, error) {
	id, err := e.run(ctx, "image", "inspect", "--format", "{{.Id}}", image)
	if err == nil && !strings.HasPrefix(id, "sha256:") {
		id = "sha256:" + id
	}
	return id, err
}

// container is the state of a container.
type container struct {
	Running bool
	Paused  bool
	OOM     bool
	Image   string // id
}

// inspect returns the state of a container, or nil if there is none.
func (e engine) inspect(ctx context.Context, name string) (*container, error) {
	out, err := e.run(ctx, "container", "inspect", "--format", "{{json .State}} {{json .Image}}", name)
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s struct{ Running, Paused, OOMKilled bool }
	d := json.NewDecoder(strings.NewReader(out))
	c := &container{}
	if err := errors.Join(d.Decode(&s), d.Decode(&c.Image)); err != nil {
		return nil, fmt.Errorf("cannot read what %s says of %s: %w", e.kind, name, err)
	}
	if !strings.HasPrefix(c.Image, "sha256:") {
		c.Image = "sha256:" + c.Image
	}
	c.Running, c.Paused, c.OOM = s.Running, s.Paused, s.OOMKilled
	return c, nil
}

// gone runs a command that removes something, which may not exist.
func (e engine) gone(ctx context.Context, args ...string) error {
	_, err := e.run(ctx, args...)
	if missing(err) {
		return nil
	}
	return err
}

// remove removes a container that may not exist.
func (e engine) remove(ctx context.Context, name string) error {
	return e.gone(ctx, "rm", "--force", "--volumes", name)
}

// logs returns the last lines that a container wrote.
func (e engine) logs(ctx context.Context, name string, lines int) []string {
	cmd := exec.CommandContext(ctx, e.bin, "logs", "--tail", strconv.Itoa(lines), name)
	out, err := cmd.CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(out), "\n"), "\n")
}

// names lists what carries the label of goldenpath: kind is container, network or
// volume.
func (e engine) names(ctx context.Context, kind string) ([]string, error) {
	args := map[string][]string{
		"container": {"ps", "--all", "--filter", "label=" + label, "--format", "{{.Names}}"},
		"network":   {"network", "ls", "--filter", "label=" + label, "--format", "{{.Name}}"},
		"volume":    {"volume", "ls", "--filter", "label=" + label, "--format", "{{.Name}}"},
	}[kind]
	out, err := e.run(ctx, args...)
	return strings.Fields(out), err
}

// label marks everything that goldenpath creates in an engine.
const label = "dev.goldenpath.environment"

// network makes a network that exists afterwards. A subnet is given to those without access
// to the internet, whose containers Caddy reaches by their addresses.
func (e engine) network(ctx context.Context, name string, l Limits, subnet string) error {
	if _, err := e.run(ctx, "network", "inspect", name); err == nil {
		return nil
	}
	args := []string{"network", "create", "--label", label + "=" + name}
	if l.Egress == none {
		args = append(args, "--internal")
	}
	if subnet != "" {
		args = append(args, "--subnet", subnet)
	}
	if e.kind == docker { // the firewall of the server knows the containers by it
		args = append(args, "--opt", "com.docker.network.bridge.name="+bridge(name))
	}
	_, err := e.run(ctx, append(args, name)...)
	return err
}

// bridgePrefix begins the name of every bridge of goldenpath's networks.
const bridgePrefix = "gp-"

// bridge returns the name of a network's interface, which has at most 15 characters.
func bridge(network string) string {
	sum := sha256.Sum256([]byte(network))
	return bridgePrefix + hex.EncodeToString(sum[:5])
}

// publishes reports whether a port of a container can be published in a network of this
// kind: no engine that runs as root does so in a network without access to the internet.
func (e engine) publishes(l Limits) bool {
	return l.Egress != none || e.kind == podman && os.Geteuid() != 0
}

// removeNetwork removes a network that may not exist.
func (e engine) removeNetwork(ctx context.Context, name string) error {
	return e.gone(ctx, "network", "rm", name)
}

// volume makes a volume that exists afterwards.
func (e engine) volume(ctx context.Context, name string) error {
	if _, err := e.run(ctx, "volume", "inspect", name); err == nil {
		return nil
	}
	_, err := e.run(ctx, "volume", "create", "--label", label+"="+name, name)
	return err
}

// removeVolume removes a volume that may not exist.
func (e engine) removeVolume(ctx context.Context, name string) error {
	return e.gone(ctx, "volume", "rm", "--force", name)
}
