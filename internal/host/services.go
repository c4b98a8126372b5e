package host

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	postgresPart  = "postgres" // in place of a number, in the names of the service
	postgresPort  = 5432
	postgresStart = 3 * time.Minute
	keepBackups   = 10
)

// database is what an environment knows of its PostgreSQL server: postgres.json.
type database struct {
	Version  int    `json:"version"`
	Image    string `json:"image"`
	Password string `json:"password"`
}

func (e *environment) database() (*database, error) {
	b, err := os.ReadFile(filepath.Join(e.dir, "postgres.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d := &database{}
	return d, json.Unmarshal(b, d)
}

func (e *environment) postgres() string { return "goldenpath." + e.slug + "." + postgresPart }

// services starts what an environment needs beside the app, and gives the app its address.
// The data stay from one generation to the next, and end with the environment.
func (e *environment) services(ctx context.Context, s protocol.Spec, g *generation, say func(target.Phase)) error {
	want := s.Services.Postgres
	if _, given := g.Env["DATABASE_URL"]; given || want.Version == 0 {
		return nil
	}
	start := time.Now()
	d, err := e.database()
	if err != nil {
		return err
	}
	switch {
	case d == nil:
		d = &database{Version: want.Version, Image: want.Image, Password: rand.Text()}
		if d.Image == "" {
			d.Image = fmt.Sprintf("docker.io/library/postgres:%d", want.Version)
		}
	case d.Version != want.Version:
		return &target.Refusal{Problems: []string{fmt.Sprintf("services.postgres is %d, and the data of %s are of PostgreSQL %d: set it to %[3]d, or move the data with a dump (goldenpath host backup and host restore on the server)", want.Version, e.Environment, d.Version)}}
	}
	if _, err := e.h.engine.imageID(ctx, d.Image); err != nil {
		if _, err := e.h.engine.run(ctx, "pull", "--quiet", d.Image); err != nil {
			return fmt.Errorf("cannot pull the image of PostgreSQL: %w: set services.postgres to {version: %d, image: …@sha256:…}, an image that the server can pull", err, want.Version)
		}
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := private(filepath.Join(e.dir, "postgres.json"), b); err != nil {
		return full(err)
	}
	if err := e.join(ctx, g.Limits); err != nil {
		return err
	}
	if err := e.h.openVolume(ctx, e.slug, e.postgres()); err != nil {
		return err
	}
	if err := e.h.units.start(ctx, e.unitOf(postgresPart)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, postgresStart, fmt.Errorf("PostgreSQL is not ready after %s", postgresStart))
	defer cancel()
	for {
		_, err := e.h.engine.run(ctx, "exec", e.postgres(), "pg_isready", "--host", "127.0.0.1", "--username", target.PostgresName, "--dbname", target.PostgresName)
		if err == nil {
			break
		}
		if e.h.units.restarts(ctx, e.unitOf(postgresPart)) >= 3 {
			err = errors.New("it has ended three times")
			return &target.Failure{What: "services.postgres: " + err.Error(), Detail: e.h.engine.logs(ctx, e.postgres(), 20), Err: err}
		}
		select {
		case <-ctx.Done():
			return &target.Failure{What: "services.postgres: " + context.Cause(ctx).Error(), Detail: append([]string{err.Error()}, e.h.engine.logs(context.WithoutCancel(ctx), e.postgres(), 20)...)}
		case <-time.After(200 * time.Millisecond):
		}
	}
	for name, value := range want.Variables(postgresPart, postgresPort, d.Password) {
		g.Env[name] = value
	}
	say(target.Phase{Name: "services", Detail: fmt.Sprintf("postgres %d", d.Version), Seconds: time.Since(start).Seconds()})
	return nil
}

// servicesArguments returns the command that runs the PostgreSQL server of an environment.
// It needs no right at all: the data are in a volume that it can write.
func (e *environment) servicesArguments(d *database) (args, environ []string) {
	args = []string{"run", "--name", e.postgres(), "--label", label + "=" + e.slug, "--network", e.network(), "--network-alias", postgresPart,
		"--volume", e.postgres() + ":/var/lib/postgresql/data:nocopy", "--tmpfs", "/var/run/postgresql:rw,mode=1777", "--tmpfs", "/tmp:rw,nosuid,nodev,mode=1777",
		"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "999:999", "--shm-size", "128m",
		"--env", "POSTGRES_USER=" + target.PostgresName, "--env", "POSTGRES_DB=" + target.PostgresName, "--env", "PGDATA=/var/lib/postgresql/data/goldenpath", "--env", "POSTGRES_PASSWORD",
	}
	args = append(args, e.h.Config.limits(e.Environment).arguments(e.h.limitsWork())...)
	return append(args, d.Image), append(os.Environ(), "POSTGRES_PASSWORD="+d.Password)
}

// Backup dumps the database of an environment into its folder and returns the file. Of the
// backups that goldenpath makes, the newest ten are kept.
func (h *Host) Backup(ctx context.Context, app, name string) (string, error) {
	e, err := h.find(app, name)
	if err != nil {
		return "", err
	}
	if d, err := e.database(); err != nil || d == nil {
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
	cmd := e.h.engine.command(ctx, os.Environ(), "exec", e.postgres(), "pg_dump", "--format", "custom", "--username", target.PostgresName, target.PostgresName)
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
	if d, err := e.database(); err != nil || d == nil {
		return errors.Join(err, fmt.Errorf("%s of %s has no database", name, app))
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = e.h.engine.feed(ctx, f, "exec", "--interactive", e.postgres(), "pg_restore", "--clean", "--if-exists", "--single-transaction", "--exit-on-error", "--username", target.PostgresName, "--dbname", target.PostgresName)
	return err
}
