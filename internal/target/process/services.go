package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	serviceMark    = "GOLDENPATH_SERVICE="
	servicesFolder = "services" // in the folder of an environment

	// serviceStart is how long a server may take until it accepts connections. After a
	// crash it first repairs its data.
	serviceStart = time.Minute
)

// server is a service of an environment: the file server.json, which only its owner can
// read.
type server struct {
	Asked    int      `json:"asked"` // major version in the configuration
	Major    int      `json:"major"` // that runs
	Port     int      `json:"port"`
	Password string   `json:"password"`
	Notes    []string `json:"notes,omitempty"`
}

// program is what a kind of service is on this machine.
type program struct {
	*target.ServiceKind
	install string // how to install it, with %d for the version
	// installed lists what this machine has, the newest first.
	installed func(path string) []installation
	// create prepares an empty folder for the data.
	create func(ctx context.Context, g *generation, at installation, s server) error
	// argv is the command of the server. data says that the data are to survive a crash.
	argv func(g *generation, at installation, s server, durable bool) ([]string, error)
	// before clears what an ended server has left.
	before func(g *generation) error
	ready  func(g *generation, s server) bool
}

// installation is a server that is installed on this machine.
type installation struct {
	bin   string // folder of its programs
	major int
}

var programs = []program{postgres, redis}

// service returns a server of the environment. It creates the server if there is none, and
// starts it if it does not run. The server keeps running after this process.
func (t *Target) service(ctx context.Context, e *environment, p program, want target.Service) (server, error) {
	g := e.service(p.Name)
	s, at, known, err := t.decideService(e, g, p, want)
	if err != nil { // what runs for the app that serves goes on
		return s, fmt.Errorf("services.%s: %w", p.Name, err)
	}
	if known && s.Asked == want.Version && g.alive() && accepts(s.Port) {
		return s, nil
	}
	s.Asked, s.Major = want.Version, at.major
	if s, err = t.startService(ctx, e, g, p, at, s, known); err != nil {
		return s, errors.Join(fmt.Errorf("services.%s: %w", p.Name, err), g.stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// decideService returns what the environment has, and which server is to run.
func (t *Target) decideService(e *environment, g *generation, p program, want target.Service) (s server, at installation, known bool, err error) {
	err = readJSON(g.path("server.json"), &s)
	known = err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, at, known, err
	}
	if known && s.Asked != want.Version && s.Major != want.Version && (!p.Upgrades || s.Major > want.Version) {
		return s, at, known, fmt.Errorf("the data of %s belong to %s %d, but .goldenpath.yml asks for %d: ask for %[3]d, or remove the environment with its data (goldenpath down --environment %[1]s)", e.Name, p.Title, s.Major, want.Version)
	}
	at, s.Notes, err = p.find(want.Version, s.Major, t.host())
	return s, at, known, err
}

func (t *Target) startService(ctx context.Context, e *environment, g *generation, p program, at installation, s server, known bool) (_ server, err error) {
	if err := g.stop(ctx); err != nil {
		return s, err
	}
	if !known {
		s.Password = rand.Text()
		if err := create(ctx, g, p, at, s); err != nil {
			return s, err
		}
	}
	if s.Port == 0 || checkFree(s.Port) != nil {
		if s.Port, err = freePort(); err != nil {
			return s, err
		}
	}
	if err := t.describeService(e, g, p, at, s); err != nil {
		return s, err
	}
	return s, g.awaitService(ctx, p, s)
}

// create creates the folder of the data. One that an interrupted call left is removed first.
func create(ctx context.Context, g *generation, p program, at installation, s server) error {
	if err := removeAll(g.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return err
	}
	return p.create(ctx, g, at, s)
}

// describeService writes how the server runs.
func (t *Target) describeService(e *environment, g *generation, p program, at installation, s server) error {
	self, err := absolute(t.Self)
	if err != nil {
		return err
	}
	argv, err := p.argv(g, at, s, !strings.HasPrefix(e.Name, "preview/")) // the data of a preview end with it
	if err != nil {
		return err
	}
	markers := []string{"GOLDENPATH_INSTANCE=" + e.Instance, serviceMark + p.Name}
	g.spec = spec{
		Environment: e.Name, Port: s.Port, Self: self, Markers: markers, Secrets: []string{s.Password},
		Run: run{Path: argv[0], Argv: argv, Dir: g.dir, Env: at.environ(g, markers), Interrupt: true, NotRoot: true},
	}
	if err := writeJSON(g.path("server.json"), s); err != nil {
		return err
	}
	return writeJSON(g.path("spec.json"), g.spec)
}

// awaitService starts the server and waits until it accepts connections.
func (g *generation) awaitService(ctx context.Context, p program, s server) error {
	_ = os.Remove(g.path("app.log")) // of an earlier start
	if err := p.before(g); err != nil {
		return err
	}
	ended, err := g.launch()
	if err != nil {
		return err
	}
	deadline := time.After(serviceStart)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		if g.state().Shim != 0 && p.ready(g, s) {
			return nil
		}
		why := ""
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-ended:
			why = fmt.Sprintf("its supervisor ended (%v)", err)
		case <-deadline:
			why = fmt.Sprintf("it does not accept connections after %s", serviceStart)
		case <-time.After(wait):
			if s := g.state(); s.Restarts >= maxRestarts {
				why = "it ended with " + s.Last
			}
		}
		if why != "" {
			return &target.Failure{
				What: fmt.Sprintf("%s %d did not start: %s", p.Title, s.Major, why), Detail: tail(g.path("app.log"), 10, g.spec.hidden()),
				Remedy: "fix what its log shows; goldenpath down removes the environment with its data", Kept: "nothing was deployed",
			}
		}
	}
}

func accepts(port int) bool {
	c, err := net.DialTimeout("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// find returns the server to use for a major version. data is the major version of
// existing data, which no other version can read, or no older one; 0: there are none. Without data another
// version is accepted, with a note: the run shows less than one with the right version, but
// it shows more than none.
func (p program) find(want, data int, path string) (installation, []string, error) {
	all := p.installed(path)
	use := want
	switch {
	case data != 0 && p.Upgrades:
		newer := slices.DeleteFunc(slices.Clone(all), func(i installation) bool { return i.major < data })
		if len(newer) == 0 {
			return installation{}, nil, fmt.Errorf("the data were written by %s %d, and this machine has no such version and no newer one (%s): install it, or remove the environment with its data (goldenpath down)", p.Title, data, listed(all))
		}
		all, data = newer, 0
	case data != 0:
		use = data
	}
	i := slices.IndexFunc(all, func(i installation) bool { return i.major == use })
	switch {
	case i < 0 && data != 0:
		return installation{}, nil, fmt.Errorf("the data were created by %s %d, which is no longer installed (%s): install it, or remove the environment with its data (goldenpath down)", p.Title, data, listed(all))
	case len(all) == 0:
		return installation{}, nil, fmt.Errorf("%s is not installed on this machine: install it with %s; no running service is needed. Or remove services.%s and set %s under secrets to a server that you have", p.Title, strings.ReplaceAll(p.install, "%d", strconv.Itoa(want)), p.Name, p.Address)
	case i < 0:
		i = 0
	}
	if found := all[i]; found.major != want {
		return found, []string{fmt.Sprintf("%s %d is used, because %d is not installed on this machine: install %[3]d to test with the version that .goldenpath.yml asks for", p.Title, found.major, want)}, nil
	}
	return all[i], nil, nil
}

// CheckService returns what a deployment with this version of a service would report: a
// note, or an error that names what to install.
func CheckService(k *target.ServiceKind, want int, path string) (note string, err error) {
	i := slices.IndexFunc(programs, func(p program) bool { return p.ServiceKind == k })
	_, notes, err := programs[i].find(want, 0, path)
	return strings.Join(notes, "; "), err
}

func listed(all []installation) string {
	if len(all) == 0 {
		return "no version is"
	}
	var names []string
	for _, i := range all {
		names = append(names, strconv.Itoa(i.major))
	}
	return "installed: " + strings.Join(names, ", ")
}

// environ returns the environment of the server's programs.
func (i installation) environ(g *generation, markers []string) []string {
	return append([]string{"PATH=" + i.bin + ":/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + g.dir, "TMPDIR=" + g.dir, "TZ=UTC"}, markers...)
}
