package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// command returns a command of the engine. The variables of an app are in a file, so that no
// list of processes shows them. They are not in the environment of the command, which obeys
// LD_PRELOAD, CONTAINERS_CONF or DOCKER_HOST, except for values that the file cannot hold.
func (e engine) command(ctx context.Context, environ []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.bin, args...)
	cmd.Env = environ
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// arguments returns the command that runs a container of a generation, without the image,
// and the environment of that command.
func (e *environment) arguments(g *generation, name string, publish bool) (args, environ []string, err error) {
	args = []string{"run", "--name", name, "--label", label + "=" + e.slug,
		"--network", e.network(),
		"--read-only", "--tmpfs", "/tmp:rw,nosuid,nodev,size=256m,mode=1777", "--volume", e.data() + ":" + dataFolder + ":nocopy",
		"--cap-drop", "ALL", "--security-opt", "no-new-privileges",
	}
	switch {
	case publish && g.Address != "":
		args = append(args, "--ip", g.Address)
	case publish:
		args = append(args, "--publish", fmt.Sprintf("127.0.0.1:%d:%d", g.Port, g.Inside))
	}
	if e.h.engine.hasInit() {
		args = append(args, "--init")
	}
	args = append(args, e.h.engine.logging()...)
	args = append(args, g.Limits.arguments(e.h.limitsWork())...)
	environ = os.Environ()
	var lines strings.Builder
	for _, key := range slices.Sorted(maps.Keys(g.Env)) {
		switch value := g.Env[key]; {
		case !inFile(value):
			args = append(args, "--env", key)
			environ = append(environ, key+"="+value)
		default:
			lines.WriteString(key + "=" + value + "\n")
		}
	}
	return append(args, "--env-file", e.variables(g.Number)), environ, private(e.variables(g.Number), []byte(lines.String()))
}

// logging returns the flags that bound the log of a container.
func (e engine) logging() []string {
	if e.kind == docker {
		return []string{"--log-driver", "json-file", "--log-opt", "max-size=10m"}
	}
	return []string{"--log-driver", "k8s-file", "--log-opt", "max-size=10mb", "--cgroups", "enabled"}
}

// variables is the file with the variables of a generation, as the engine reads it.
func (e *environment) variables(n int) string { return filepath.Join(e.dir, strconv.Itoa(n)+".env") }

// inFile reports whether the file of an engine, which has a line for each variable, can hold
// a value.
func inFile(value string) bool { return !strings.ContainsAny(value, "\r\n") && len(value) < 32<<10 }

// checkVariable refuses what no engine can set, and what would be read by the engine itself:
// a value that the file cannot hold is passed in the environment of the engine's command.
func checkVariable(name, value string) error {
	switch {
	case name == "PORT":
		return errors.New("the server sets PORT to the port that the image declares")
	case !variable.MatchString(name):
		return errors.New("its name has other characters than letters, digits and _, or begins with a digit")
	case strings.Contains(value, "\x00"):
		return errors.New("its value contains a zero byte")
	case !inFile(value) && ofEngine.MatchString(name):
		return errors.New("its value is long or has several lines, and a variable of this name is read by the container engine itself: choose another name")
	}
	return nil
}

var (
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,254}$`)
	// ofEngine matches what the engine, its runtime, the C library or Go read.
	ofEngine = regexp.MustCompile(`(?i)^(LD_|GLIBC_|MALLOC_|GO|GCONV_|LOC|NLS|LANG|LC_|RES_|RESOLV|HOSTALIASES|TZ|_|CONTAINER|DOCKER|BUILD|PODMAN|STORAGE_|REGISTRY_|NETAVARK|XDG_|DBUS_|SSL_|SSH_|TMP|TEMP|HOME$|PATH$|SHELL$|ENV$|USER$|LOGNAME$|IFS$|BASH|LISTEN_|NOTIFY_|OTEL_|GNUPG|KUBE|.*_PROXY$)`)
)

// hasInit reports whether the engine has a small first process for containers, which passes
// signals on to a program that does not handle them as the first process.
func (e engine) hasInit() bool {
	names := []string{"/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit", "/usr/bin/catatonit"}
	if e.kind == docker {
		names = []string{"/usr/bin/docker-init", "/usr/libexec/docker/docker-init"}
	}
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	})
}

// arguments returns the flags of the limits.
func (l Limits) arguments(work bool) (args []string) {
	if !work {
		return nil
	}
	if n, _ := l.bytes(); n > 0 {
		args = append(args, "--memory", strconv.FormatUint(n, 10))
	}
	if l.CPU != "" {
		args = append(args, "--cpus", l.CPU)
	}
	if l.Weight > 0 {
		args = append(args, "--cpu-shares", strconv.Itoa(l.Weight))
	}
	if l.Pids > 0 {
		args = append(args, "--pids-limit", strconv.Itoa(l.Pids))
	}
	return args
}

// limitsWork reports whether this machine can limit containers. A user's Podman can on
// cgroup version 2 only.
func (h *Host) limitsWork() bool {
	if h.engine.kind == docker || os.Geteuid() == 0 {
		return true
	}
	_, err := os.Stat("/sys/fs/cgroup/cgroup.controllers")
	return err == nil
}

// Exec becomes the engine that runs a generation in the foreground. systemd starts it, and
// starts it again when it ends. instance is the part of the unit's name after the @.
func (h *Host) Exec(ctx context.Context, instance string) error {
	e, g, k, err := h.instance(instance)
	if err != nil {
		return err
	}
	name := "goldenpath." + instance
	if err := h.engine.remove(ctx, name); err != nil {
		return err
	}
	var args, environ []string
	if k != nil {
		d, err := e.service(k)
		if err != nil || d == nil {
			return errors.Join(err, fmt.Errorf("%s has no %s", e.slug, k.Name))
		}
		args, environ = e.serviceArguments(k, d)
	} else {
		if err := e.port(ctx, g); err != nil {
			return err
		}
		if args, environ, err = e.arguments(g, name, true); err != nil {
			return err
		}
		args = append(args, g.Image)
	}
	return syscall.Exec(h.engine.bin, append([]string{h.engine.bin}, args...), environ)
}

// port gives the generation that serves another port if its own is taken, or if it was not
// started several times: after a power cut Docker can keep the port of a container that is
// gone, for as long as Docker runs.
func (e *environment) port(ctx context.Context, g *generation) error {
	if g.Address != "" || e.Serving != g.Number {
		return nil
	}
	taken := e.h.engine.kind == docker && e.h.units.restarts(ctx, e.unit(g.Number))%5 == 4
	for end := time.Now().Add(2 * time.Second); !taken; time.Sleep(50 * time.Millisecond) {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(g.Port)))
		if err == nil {
			if err := l.Close(); err != nil {
				return err
			}
			return nil
		}
		taken = time.Now().After(end)
	}
	port, err := e.h.freePort()
	if err != nil {
		return err
	}
	g.Port = port
	if err := e.write(g); err != nil {
		return err
	}
	return e.h.routes(ctx)
}

// Halt stops the container of a generation. systemd calls it to stop the unit.
func (h *Host) Halt(ctx context.Context, instance string) error {
	name := "goldenpath." + instance
	c, err := h.engine.inspect(ctx, name)
	if c == nil || err != nil {
		return err
	}
	if c.Paused {
		_, err = h.engine.run(ctx, "kill", name) // a frozen program cannot handle a signal
		if err == nil {
			_, err = h.engine.run(ctx, "unpause", name)
		}
		return err
	}
	_, err = h.engine.run(ctx, "stop", "--time", "10", name)
	return err
}

// instance finds the environment of a unit, and its generation or the kind of its service.
func (h *Host) instance(instance string) (*environment, *generation, *target.ServiceKind, error) {
	slug, part, ok := cutLast(instance, ".")
	app, rest, _ := strings.Cut(slug, ".")
	e, err := h.find(app, strings.ReplaceAll(rest, ".", "/"))
	if !ok || err != nil {
		return nil, nil, nil, errors.Join(err, fmt.Errorf("%.100q is not the name of a generation", instance))
	}
	if k := serviceKind(part); k != nil {
		return e, nil, k, nil
	}
	n, err := strconv.Atoi(part)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%.100q is not the name of a generation", instance)
	}
	g, err := e.generation(n)
	if err == nil && g == nil {
		err = fmt.Errorf("generation %d of %s does not exist", n, slug)
	}
	return e, g, nil, err
}

// serviceKind returns the kind of a service by its name, or nil.
func serviceKind(name string) *target.ServiceKind {
	for _, k := range target.ServiceKinds {
		if k.Name == name {
			return k
		}
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
