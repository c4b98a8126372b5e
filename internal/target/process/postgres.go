package process

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	postgresName = "postgres"
	serviceMark  = "GOLDENPATH_SERVICE="

	servicesFolder = "services" // in the folder of an environment

	// postgresStart is how long a server may take until it accepts connections. After a
	// crash it first repairs its data.
	postgresStart = time.Minute
)

// postgres is a PostgreSQL server of an environment: the file server.json, which only its
// owner can read.
type postgres struct {
	Asked    int      `json:"asked"` // major version in the configuration
	Major    int      `json:"major"` // that runs
	Port     int      `json:"port"`
	Password string   `json:"password"`
	Notes    []string `json:"notes,omitempty"`
}

func (p postgres) variables() map[string]string {
	return target.Postgres{}.Variables("127.0.0.1", p.Port, p.Password)
}

// postgres returns the environment's PostgreSQL server. It creates the server if there is
// none, and starts it if it does not run. The server keeps running after this process.
func (t *Target) postgres(ctx context.Context, e *environment, want target.Postgres) (postgres, error) {
	g := e.service(postgresName)
	p, err := t.startPostgres(ctx, e, g, want)
	if err != nil {
		return p, errors.Join(fmt.Errorf("services.postgres: %w", err), g.stop(context.WithoutCancel(ctx)))
	}
	return p, nil
}

func (t *Target) startPostgres(ctx context.Context, e *environment, g *generation, want target.Postgres) (postgres, error) {
	var p postgres
	err := readJSON(g.path("server.json"), &p)
	known := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	if known && p.Asked == want.Version && g.alive() && accepts(p.Port) {
		return p, nil
	}
	if err := g.stop(ctx); err != nil {
		return p, err
	}
	if known && p.Asked != want.Version && p.Major != want.Version {
		return p, fmt.Errorf("the data of %s belong to PostgreSQL %d, but .goldenpath.yml asks for %d: ask for %[2]d, or remove the environment with its data (goldenpath down --environment %[1]s)", e.Name, p.Major, want.Version)
	}
	at, notes, err := findPostgres(want.Version, p.Major, t.host())
	if err != nil {
		return p, err
	}
	p.Asked, p.Major, p.Notes = want.Version, at.major, notes
	if !known {
		p.Password = rand.Text()
		if err := createPostgres(ctx, g, at, p); err != nil {
			return p, err
		}
	}
	if p.Port == 0 || checkFree(p.Port) != nil {
		if p.Port, err = freePort(); err != nil {
			return p, err
		}
	}
	if err := t.describePostgres(e, g, at, p); err != nil {
		return p, err
	}
	return p, g.awaitPostgres(ctx, p)
}

// createPostgres creates the data folder with one user and one database. A folder that an
// interrupted call left is removed first.
func createPostgres(ctx context.Context, g *generation, at installation, p postgres) error {
	if err := removeAll(g.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return err
	}
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

// describePostgres writes how the server runs.
func (t *Target) describePostgres(e *environment, g *generation, at installation, p postgres) error {
	self, err := absolute(t.Self)
	if err != nil {
		return err
	}
	program := filepath.Join(at.bin, "postgres")
	argv := []string{program, "-D", g.path("data"), "-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(p.Port), "-c", "unix_socket_directories="}
	if strings.HasPrefix(e.Name, "preview/") {
		argv = append(argv, "-c", "fsync=off", "-c", "full_page_writes=off") // its data end with it
	}
	markers := []string{"GOLDENPATH_INSTANCE=" + e.Instance, serviceMark + postgresName}
	g.spec = spec{
		Environment: e.Name, Port: p.Port, Self: self, Markers: markers, Secrets: []string{p.Password},
		Run: run{Path: program, Argv: argv, Dir: g.dir, Env: at.environ(g, markers), Interrupt: true, NotRoot: true},
	}
	if err := writeJSON(g.path("server.json"), p); err != nil {
		return err
	}
	return writeJSON(g.path("spec.json"), g.spec)
}

// awaitPostgres starts the server and waits until it accepts connections.
func (g *generation) awaitPostgres(ctx context.Context, p postgres) error {
	_ = os.Remove(g.path("app.log")) // of an earlier start
	if err := forgetEnded(g.path("data")); err != nil {
		return err
	}
	ended, err := g.launch()
	if err != nil {
		return err
	}
	deadline := time.After(postgresStart)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		if g.state().Shim != 0 && postmasterReady(g.path("data")) && accepts(p.Port) {
			return nil
		}
		why := ""
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-ended:
			why = fmt.Sprintf("its supervisor ended (%v)", err)
		case <-deadline:
			why = fmt.Sprintf("it does not accept connections after %s", postgresStart)
		case <-time.After(wait):
			if s := g.state(); s.Restarts >= maxRestarts {
				why = "it ended with " + s.Last
			}
		}
		if why != "" {
			return &target.Failure{
				What: fmt.Sprintf("PostgreSQL %d did not start: %s", p.Major, why), Detail: tail(g.path("app.log"), 10, g.spec.hidden()),
				Remedy: "fix what its log shows; goldenpath down removes the environment with its data", Kept: "nothing was deployed",
			}
		}
	}
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

func accepts(port int) bool {
	c, err := net.DialTimeout("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// environ returns the environment of the server's programs.
func (i installation) environ(g *generation, markers []string) []string {
	return append([]string{"PATH=" + i.bin + ":/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + g.dir, "TMPDIR=" + g.dir, "TZ=UTC"}, markers...)
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
