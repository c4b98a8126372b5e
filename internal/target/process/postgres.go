package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

var postgres = program{
	ServiceKind: target.Postgres,
	install:     "apt install postgresql, dnf install postgresql-server or brew install postgresql@%d",
	installed:   installations,
	create:      createPostgres,
	argv: func(g *generation, at installation, s server, durable bool) ([]string, error) {
		argv := []string{filepath.Join(at.bin, "postgres"), "-D", g.path("data"), "-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(s.Port), "-c", "unix_socket_directories="}
		if !durable {
			argv = append(argv, "-c", "fsync=off", "-c", "full_page_writes=off")
		}
		return argv, nil
	},
	before: func(g *generation) error { return forgetEnded(g.path("data")) },
	ready:  func(g *generation, s server) bool { return postmasterReady(g.path("data")) && accepts(s.Port) },
}

// createPostgres creates the data folder with one user and one database.
func createPostgres(ctx context.Context, g *generation, at installation, p server) error {
	secret := g.path("password")
	if err := os.WriteFile(secret, []byte(p.Password+"\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(secret)
	err := at.run(ctx, g, "", "initdb", "--pgdata", g.path("data"), "--username", target.PostgresName, "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	if err != nil {
		return fmt.Errorf("cannot create the database: %w", err)
	}
	if err := at.run(ctx, g, "CREATE DATABASE "+target.PostgresName+";\n", "postgres", "--single", "-D", g.path("data"), "postgres"); err != nil {
		return fmt.Errorf("cannot create the database: %w", err)
	}
	return nil
}

// forgetEnded removes the file that names the server of a data folder, if that process has
// ended. PostgreSQL takes a killed server for a running one until the parent has waited for
// it, which PID 1 of a container may do late or never.
func forgetEnded(data string) error {
	name := filepath.Join(data, "postmaster.pid")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	if pid, err := strconv.Atoi(string(line)); err != nil || !ended(pid) {
		return nil // PostgreSQL says what is wrong with it
	}
	return os.Remove(name)
}

// postmasterReady reports whether the server has written that it is ready. pg_ctl reads the
// same line.
func postmasterReady(data string) bool {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	lines := bytes.Split(b, []byte("\n"))
	return err == nil && len(lines) > 7 && bytes.HasPrefix(lines[7], []byte("ready"))
}

// run runs a program of the installation until it ends.
func (i installation) run(ctx context.Context, g *generation, input, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(i.bin, name), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = g.dir, i.environ(g, g.marks.all), strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &out
	confine(cmd)
	runtime.LockOSThread() // the kernel kills the program when this thread ends
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0 {
		return errors.New("PostgreSQL does not run as root, and this machine does not allow user namespaces: run goldenpath as another user")
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.Join(lastLines(out.String()), "; "))
	}
	return nil
}
