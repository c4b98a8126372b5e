package host

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	serviceStart = 3 * time.Minute
	keepBackups  = 10
)

// service is what an environment knows of a server that runs beside the app: the file
// postgres.json or redis.json. It contains the password.
type service struct {
	Version  int    `json:"version"`
	Image    string `json:"image"`
	Password string `json:"password"`
}

// service returns a service of the environment, or nil if it has none of that kind.
func (e *environment) service(k *target.ServiceKind) (*service, error) {
	b, err := os.ReadFile(filepath.Join(e.dir, k.Name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &service{}
	return s, json.Unmarshal(b, s)
}

// serviceName is the name of the container and of the volume of a service.
func (e *environment) serviceName(k *target.ServiceKind) string {
	return "goldenpath." + e.slug + "." + k.Name
}

// services starts what an environment needs beside the app, and gives the app its address.
// The data stay from one generation to the next, and end with the environment.
func (e *environment) services(ctx context.Context, s protocol.Spec, g *generation, say func(target.Phase)) error {
	for _, k := range s.Services.Wanted(func(variable string) bool { _, given := g.Env[variable]; return given }) {
		start := time.Now()
		d, err := e.startService(ctx, k, k.Of(s.Services), g, say)
		if err != nil {
			return err
		}
		for name, value := range k.Variables(k.Name, k.Port, d.Password) {
			if _, given := g.Env[name]; !given {
				g.Env[name] = value
			}
		}
		say(target.Phase{Name: "services", Detail: fmt.Sprintf("%s %d", k.Name, d.Version), Seconds: time.Since(start).Seconds()})
	}
	return nil
}

func (e *environment) startService(ctx context.Context, k *target.ServiceKind, want target.Service, g *generation, say func(target.Phase)) (*service, error) {
	d, err := e.service(k)
	if err != nil {
		return nil, err
	}
	fresh := d == nil
	if fresh {
		d = &service{Version: want.Version, Password: rand.Text()}
	}
	before := *d
	if want.Version != d.Version && slices.Contains(e.Served, g.Digest) {
		// A rollback brings back the app and not the data, which stay as the newer server has them.
		say(target.Phase{Name: "services", Detail: fmt.Sprintf("%s stays at %d, although this release asked for %d", k.Name, d.Version, want.Version)})
		want = target.Service{Version: d.Version, Image: d.Image}
	}
	switch {
	case want.Version == d.Version:
	case k.Upgrades && want.Version > d.Version:
		d.Version = want.Version
	case k == target.Postgres:
		return nil, &target.Refusal{Problems: []string{fmt.Sprintf("services.postgres is %d, and the data of %s are of PostgreSQL %d: set it to %[3]d, or move the data with a dump (goldenpath host backup and host restore on the server)", want.Version, e.Environment, d.Version)}}
	default:
		return nil, &target.Refusal{Problems: []string{fmt.Sprintf("services.%s is %d, and the data of %s are of %s %d, which an older version cannot read: set it to %[5]d", k.Name, want.Version, e.Environment, k.Title, d.Version)}}
	}
	d.Image = cmp.Or(want.Image, k.Official(d.Version))
	if _, err := e.h.engine.imageID(ctx, d.Image); err != nil {
		if _, err := e.h.engine.run(ctx, "pull", "--quiet", d.Image); err != nil {
			return nil, fmt.Errorf("cannot pull the image of %s: %w: set services.%s to {version: %d, image: …@sha256:…}, an image that the server can pull", k.Title, err, k.Name, want.Version)
		}
	}
	if err := e.writeService(k, *d); err != nil {
		return nil, err
	}
	if err := e.join(ctx, g.Limits); err != nil {
		return nil, err
	}
	if err := e.h.openVolume(ctx, e.slug, e.serviceName(k)); err != nil {
		return nil, err
	}
	unit := e.unitOf(k.Name)
	if fresh || *d == before {
		if err := e.h.units.start(ctx, unit); err != nil {
			return nil, err
		}
		return d, e.awaitService(ctx, k)
	}
	// Another image: the app loses its connections for a moment.
	if _, err = e.h.units.run(ctx, "restart", unit); err == nil {
		err = e.awaitService(ctx, k)
	}
	if err != nil { // what serves needs the old one
		ctx = context.WithoutCancel(ctx)
		back := e.writeService(k, before)
		if back == nil {
			_, back = e.h.units.run(ctx, "restart", unit)
		}
		if back == nil {
			back = e.awaitService(ctx, k)
		}
		return nil, errors.Join(err, back)
	}
	return d, nil
}

func (e *environment) writeService(k *target.ServiceKind, s service) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return full(private(filepath.Join(e.dir, k.Name+".json"), b))
}

// served reports whether the services that a deployment asks for run and accept connections.
func (e *environment) served(ctx context.Context, s target.Services) bool {
	for _, k := range target.ServiceKinds {
		if d, err := e.service(k); err != nil {
			return false
		} else if d == nil || k.Of(s).Version == 0 {
			continue // none, or the app has one of its own
		}
		if _, err := e.h.engine.run(ctx, append([]string{"exec", e.serviceName(k)}, k.Container.Ready...)...); err != nil {
			return false
		}
	}
	return true
}

// awaitService waits until a service accepts connections.
func (e *environment) awaitService(ctx context.Context, k *target.ServiceKind) error {
	ctx, cancel := context.WithTimeoutCause(ctx, serviceStart, fmt.Errorf("%s is not ready after %s", k.Title, serviceStart))
	defer cancel()
	for {
		_, err := e.h.engine.run(ctx, append([]string{"exec", e.serviceName(k)}, k.Container.Ready...)...)
		if err == nil {
			return nil
		}
		if e.h.units.restarts(ctx, e.unitOf(k.Name)) >= 3 {
			err = errors.New("it has ended three times")
			return &target.Failure{What: "services." + k.Name + ": " + err.Error(), Detail: e.h.engine.logs(ctx, e.serviceName(k), 20), Err: err}
		}
		select {
		case <-ctx.Done():
			return &target.Failure{What: "services." + k.Name + ": " + context.Cause(ctx).Error(), Detail: append([]string{err.Error()}, e.h.engine.logs(context.WithoutCancel(ctx), e.serviceName(k), 20)...)}
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// serviceArguments returns the command that runs a service of an environment, and its
// variables. It needs no right at all: the data are in a volume that it can write.
func (e *environment) serviceArguments(k *target.ServiceKind, d *service) (args, environ []string) {
	c, user, limits := k.Container, strconv.Itoa(target.ServiceUser), e.h.Config.limits(e.Environment)
	args = []string{"run", "--name", e.serviceName(k), "--label", label + "=" + e.slug, "--network", e.network(), "--network-alias", k.Name,
		"--volume", e.serviceName(k) + ":" + c.Data + ":nocopy", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", user + ":" + user, "--shm-size", "128m",
	}
	for _, dir := range c.Writable {
		args = append(args, "--tmpfs", dir+":rw,nosuid,nodev,mode=1777")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		args = append(args, "--env", name+"="+c.Env[name])
	}
	if n, _ := limits.bytes(); n > 0 { // the rest is for connections and for writing the data
		args = append(args, "--env", fmt.Sprintf("%s=%d", target.ServiceMemory, n/4*3))
	}
	args = append(args, e.h.engine.logging()...)
	args = append(append(args, "--env", c.Secret), limits.arguments(e.h.limitsWork())...)
	return append(append(args, d.Image), c.Command...), append(os.Environ(), c.Secret+"="+d.Password)
}

// Backup dumps the database of an environment into its folder and returns the file. Of the
// backups that goldenpath makes, the newest ten are kept.
func (h *Host) Backup(ctx context.Context, app, name string) (string, error) {
	e, err := h.find(app, name)
	if err != nil {
		return "", err
	}
	if d, err := e.service(target.Postgres); err != nil || d == nil {
		return "", errors.Join(err, fmt.Errorf("%s of %s has no database", name, app))
	}
	return e.backup(ctx)
}

func (e *environment) backup(ctx context.Context) (string, error) {
	dir := filepath.Join(e.h.Dir, "backups", e.slug)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(dir, time.Now().UTC().Format("2006-01-02T15-04-05Z")+".dump")
	f, err := os.OpenFile(file+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", full(err)
	}
	cmd := e.h.engine.command(ctx, os.Environ(), "exec", e.serviceName(target.Postgres), "pg_dump", "--format", "custom", "--username", target.PostgresName, target.PostgresName)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = f, &said
	err = errors.Join(cmd.Run(), f.Sync(), f.Close())
	if err != nil {
		_ = os.Remove(file + ".part")
		return "", full(fmt.Errorf("cannot back up the database of %s: %w: %s", e.Environment, err, last(said.String(), 3)))
	}
	if err := os.Rename(file+".part", file); err != nil {
		return "", err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.dump"))
	if err != nil {
		return "", err
	}
	slices.Sort(old)
	for _, name := range old[:max(0, len(old)-keepBackups)] {
		if err := os.Remove(name); err != nil {
			return "", err
		}
	}
	return file, nil
}

// Restore replaces the content of an environment's database with a backup.
func (h *Host) Restore(ctx context.Context, app, name, file string) error {
	e, err := h.enter(ctx, app, name, enterWait)
	if err != nil {
		return err
	}
	defer e.leave()
	if d, err := e.service(target.Postgres); err != nil || d == nil {
		return errors.Join(err, fmt.Errorf("%s of %s has no database", name, app))
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = e.h.engine.feed(ctx, f, "exec", "--interactive", e.serviceName(target.Postgres), "pg_restore", "--clean", "--if-exists", "--single-transaction", "--exit-on-error", "--username", target.PostgresName, "--dbname", target.PostgresName)
	return err
}
