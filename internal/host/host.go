// Package host runs environments on a plain Linux server: containers of Podman or Docker,
// kept alive by systemd and reached through Caddy.
//
// It runs as one user without rights of its own, whose systemd instance lingers. Below
// Host.Dir:
//
//	audit.jsonl                  what was asked, by which key, and the outcome
//	images/                      a registry: OCI layouts, one for each app
//	records/shop.json            records of the previews of an app
//	environments/
//	  shop.preview.pr-12/
//	    lock                     held by the process that changes the environment
//	    environment.json         which generation serves, and what the environment belongs to
//	    3.json                   what generation 3 runs; contains secrets
//
// Every change can be repeated: a process that dies, or a server that reboots, leaves a
// state from which the same command goes on.
package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Host is one server.
type Host struct {
	Dir     string // state of the user
	Self    string // this executable
	Version string // of goldenpath
	Config  *Config

	engine engine
	units  units
	proxy  proxy
}

// Open returns this server. Nothing is started or changed but the folder of the state.
func Open(dir, self string, c *Config) (*Host, error) {
	e, err := findEngine(c.Engine)
	if err != nil {
		return nil, err
	}
	h := &Host{Dir: dir, Self: self, Config: c, engine: e, units: units{user: os.Geteuid() != 0}}
	h.proxy = proxy{api: strings.TrimSuffix(c.Caddy, "/"), acme: c.ACME, client: &http.Client{Timeout: 30 * time.Second}}
	for _, sub := range []string{"environments", "images", "records"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// registry returns the registry of images that were sent to this server.
func (h *Host) registry() (*artifact.Registry, error) {
	r, err := artifact.OpenRegistry(filepath.Join(h.Dir, "images"))
	if err == nil {
		r.Grace(pruneAfter)
	}
	return r, err
}

// state is the content of environment.json.
type state struct {
	App         string      `json:"app"`
	Environment string      `json:"environment"`
	Created     time.Time   `json:"created"`
	Last        int         `json:"last"`              // generation that was made last
	Serving     int         `json:"serving"`           // generation that has the traffic; 0: none
	Network     int         `json:"network,omitempty"` // number of its subnet, from 1; 0: the engine chooses
	Standby     int         `json:"standby,omitempty"` // generation that served before, ready to return; 0: none
	URL         string      `json:"url"`
	Tags        target.Tags `json:"tags"`
	Leaving     bool        `json:"leaving,omitempty"`
	Prepared    int         `json:"prepared,omitempty"` // generation that a deployment is about to switch to; 0: none
	PreparedAt  time.Time   `json:"prepared_at,omitzero"`
	Switched    time.Time   `json:"switched,omitzero"`
	Served      []string    `json:"served,omitempty"` // digests that have served, newest last
}

// generation is one deployment into an environment. It does not change once it is written, but
// for its port.
type generation struct {
	Number   int               `json:"number"`
	App      string            `json:"app"`
	Commit   string            `json:"commit"`
	Digest   string            `json:"digest"`
	Platform string            `json:"platform_digest"`
	Image    string            `json:"image"` // id in the engine
	Inside   int               `json:"inside"`
	Port     int               `json:"port"`              // on the loopback address of the server
	Address  string            `json:"address,omitempty"` // of the container, if its port is not published
	Env      map[string]string `json:"env"`               // with the secrets
	Key      string            `json:"key"`               // of what was asked for: the same key needs no new generation
	Started  time.Time         `json:"started"`
	Built    time.Time         `json:"built,omitzero"` // when its provenance was signed
	Limits   Limits            `json:"limits"`
	Release  bool              `json:"release"`
}

// dial returns where Caddy reaches a generation.
func (g *generation) dial() (host string, port int) {
	if g.Address != "" {
		return g.Address, g.Inside
	}
	return "127.0.0.1", g.Port
}

// environment is the folder of one environment.
type environment struct {
	h    *Host
	slug string
	dir  string
	lock *flock.Flock // nil: it is only read
	state
}

var validEnvironment = regexp.MustCompile(`^(preview/)?[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// slugOf returns the name of an environment in the engine and in systemd. No name of an app
// or of an environment contains a dot.
func slugOf(app, environment string) string {
	return app + "." + strings.ReplaceAll(environment, "/", ".")
}

// find opens an environment to read it. It returns target.ErrNotDeployed if there is none.
func (h *Host) find(app, name string) (*environment, error) {
	e, err := h.environment(app, name)
	if err != nil {
		return nil, err
	}
	if err := e.read(); err != nil {
		return nil, err
	}
	if e.App == "" {
		return nil, fmt.Errorf("%s of %s: %w", name, app, target.ErrNotDeployed)
	}
	return e, nil
}

// environment returns an environment by its name, of which nothing was read.
func (h *Host) environment(app, name string) (*environment, error) {
	if !validEnvironment.MatchString(name) || !config.ValidApp(app) {
		return nil, fmt.Errorf("%.60q of %.60q is not the name of an environment", name, app)
	}
	slug := slugOf(app, name)
	return &environment{h: h, slug: slug, dir: filepath.Join(h.Dir, "environments", slug)}, nil
}

// enter opens an environment to change it, and waits up to wait for another process that
// changes it. The caller must call leave.
func (h *Host) enter(ctx context.Context, app, name string, wait time.Duration) (*environment, error) {
	e, err := h.environment(app, name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("%s of %s is being changed by another deployment, which has not ended after %s: try again later", name, app, wait))
	defer cancel()
	for {
		if err := os.MkdirAll(e.dir, 0o700); err != nil {
			return nil, err
		}
		l := flock.New(filepath.Join(e.dir, "lock"))
		if ok, err := l.TryLockContext(ctx, 20*time.Millisecond); !ok {
			if c := context.Cause(ctx); c != nil {
				return nil, c
			}
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, err
		}
		mine, err := l.Stat()
		there, err2 := os.Stat(filepath.Join(e.dir, "lock"))
		if err == nil && err2 == nil && os.SameFile(mine, there) {
			e.lock = l
			break
		}
		_ = l.Unlock()
	}
	if err := e.read(); err != nil {
		e.leave()
		return nil, err
	}
	e.App, e.Environment = app, name
	return e, nil
}

// leave ends a change. A folder in which nothing was deployed is removed.
func (e *environment) leave() {
	if e.lock != nil {
		if e.Created.IsZero() {
			_ = e.erase()
		}
		_ = e.lock.Unlock()
		e.lock = nil
	}
}

// erase removes the folder. The lock is removed last: what waits for it may make the folder
// again from then on, which is theirs.
func (e *environment) erase() error {
	entries, err := os.ReadDir(e.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var errs error
	for _, d := range entries {
		if d.Name() != "lock" {
			errs = errors.Join(errs, os.RemoveAll(filepath.Join(e.dir, d.Name())))
		}
	}
	if err := errors.Join(err, errs); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(e.dir, "lock")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(e.dir) // fails if it is used again
	return nil
}

func (e *environment) read() error {
	b, err := os.ReadFile(filepath.Join(e.dir, "environment.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &e.state); err != nil {
		return fmt.Errorf("cannot read %s: %w", filepath.Join(e.dir, "environment.json"), err)
	}
	return nil
}

func (e *environment) save() error {
	b, err := json.MarshalIndent(e.state, "", "  ")
	if err != nil {
		return err
	}
	return private(filepath.Join(e.dir, "environment.json"), b)
}

// private writes a file that only its owner can read.
func private(name string, b []byte) error {
	return files.WriteWith(name, 0o600, func(w io.Writer) error { return write(w, b) })
}

// generation reads a generation. It returns nil for 0 and for one that does not exist.
func (e *environment) generation(n int) (*generation, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := os.ReadFile(e.file(n))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g := &generation{}
	if err := json.Unmarshal(b, g); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", e.file(n), err)
	}
	return g, nil
}

func (e *environment) file(n int) string { return filepath.Join(e.dir, strconv.Itoa(n)+".json") }

// generations returns the numbers of all generations that have a file.
func (e *environment) generations() ([]int, error) {
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return nil, err
	}
	var all []int
	for _, d := range entries {
		if base, is := strings.CutSuffix(d.Name(), ".json"); is {
			if n, err := strconv.Atoi(base); err == nil {
				all = append(all, n)
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

// all returns every environment of this server, by name.
func (h *Host) all() ([]*environment, error) {
	entries, err := os.ReadDir(filepath.Join(h.Dir, "environments"))
	if err != nil {
		return nil, err
	}
	var out []*environment
	for _, d := range entries {
		e := &environment{h: h, slug: d.Name(), dir: filepath.Join(h.Dir, "environments", d.Name())}
		if err := e.read(); err != nil {
			return nil, err
		}
		if e.App != "" {
			out = append(out, e)
		}
	}
	return out, nil
}

func (e *environment) name(n int) string { return fmt.Sprintf("goldenpath.%s.%d", e.slug, n) }
func (e *environment) unit(n int) string { return e.unitOf(strconv.Itoa(n)) }
func (e *environment) network() string   { return "goldenpath." + e.slug }
func (e *environment) data() string      { return "goldenpath." + e.slug + ".data" }
func (e *environment) preview() bool     { return strings.HasPrefix(e.Environment, "preview/") }

// unitOf returns the unit of a part of an environment: the number of a generation, or
// postgresPart.
func (e *environment) unitOf(part string) string {
	return "goldenpath@" + e.slug + "." + part + ".service"
}
