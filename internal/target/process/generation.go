package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// spec is the content of spec.json: what a generation runs, and how.
type spec struct {
	App            string            `json:"app"`
	Environment    string            `json:"environment"`
	Commit         string            `json:"commit"`
	Digest         string            `json:"digest"`
	PlatformDigest string            `json:"platform_digest"`
	Port           int               `json:"port"`
	Asked          int               `json:"asked_port"`  // 0: any
	Given          map[string]string `json:"given_env"`   // of the deployment, with the secrets and the services' variables
	Secrets        []string          `json:"secrets"`     // the values in Given that no output contains
	Connections    map[string]string `json:"connections"` // the services' variables
	Ready          target.Ready      `json:"ready"`
	Notes          []string          `json:"notes,omitempty"`
	Run            run               `json:"run"`
	Self           []string          `json:"self"`    // argv of the supervisor
	Markers        []string          `json:"markers"` // its variables
}

// run describes how to start a program.
type run struct {
	Path string   `json:"path"`
	Argv []string `json:"argv"`
	Dir  string   `json:"dir"`
	Env  []string `json:"env"`

	Interrupt bool `json:"interrupt,omitempty"` // the program ends in order after SIGINT
	NotRoot   bool `json:"not_root,omitempty"`  // the program refuses to run as root
}

// state is the content of state.json, which the supervisor writes.
type state struct {
	Started  time.Time `json:"started"`
	Shim     int       `json:"shim"` // pid; 0 while nothing runs
	Restarts int       `json:"restarts"`
	Last     string    `json:"last,omitempty"` // how the application last ended
}

// generation is one deployment into an environment.
type generation struct {
	dir    string
	number int
	marks  marks
	spec   spec
	lost   []string // files that the generation before it had stored beside its program
	lostIn string   // folder to which they were moved
}

// number returns the generation number in the name of a folder, or false if the name has
// none.
func number(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, "gen-")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n > 0
}

func (g *generation) path(name string) string { return filepath.Join(g.dir, name) }

// alive reports whether the generation's supervisor is running.
func (g *generation) alive() bool { return held(g.path("lock")) }

func (g *generation) url() string { return fmt.Sprintf("http://127.0.0.1:%d", g.spec.Port) }

// state returns what the supervisor last wrote, or the zero state.
func (g *generation) state() state {
	var s state
	_ = readJSON(g.path("state.json"), &s)
	return s
}

// openCurrent opens the generation that serves the environment in dir.
func openCurrent(dir string) (*generation, error) {
	var err error
	for range 5 {
		var name string
		if name, err = os.Readlink(filepath.Join(dir, "current")); err != nil {
			break
		}
		g := &generation{dir: filepath.Join(dir, name)}
		g.number, _ = number(name)
		if err = readJSON(g.path("spec.json"), &g.spec); err == nil {
			return g, nil
		}
		// A deployment may have removed the generation after the link was read.
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return nil, err
}

func (g *generation) running() target.Running {
	s := g.state()
	return target.Running{
		Environment: g.spec.Environment, App: g.spec.App, URL: g.url(),
		Commit: g.spec.Commit, Digest: g.spec.Digest, PlatformDigest: g.spec.PlatformDigest,
		Generation: g.number, Started: s.Started, Restarts: s.Restarts,
		Alive: s.Shim != 0 && g.alive(), Notes: g.spec.Notes, Lost: g.lost, LostIn: g.lostIn,
	}
}

// serves reports whether g is a generation of the deployment d that is running and
// ready.
func (g *generation) serves(ctx context.Context, d target.Deployment, given given) bool {
	platform, err := d.Image.Digest()
	s := g.spec
	same := err == nil && s.PlatformDigest == platform.String() && s.Digest == d.Digest && s.Commit == d.Commit &&
		s.App == d.App && s.Asked == d.Port && maps.Equal(s.Given, given.env)
	if !same || !g.running().Alive {
		return false
	}
	once := target.Ready{Path: d.Ready.Path, VersionPath: d.Ready.VersionPath, Timeout: 5 * time.Second}
	_, err = target.WaitReady(ctx, g.url(), once, g.names(), func(error) error { return errors.New("the application does not respond: deploy it again") })
	return err == nil && g.checkPort() == nil
}

// names returns the versions that the application may report: the commit or the digest.
func (g *generation) names() []string {
	var names []string
	for _, n := range []string{g.spec.Commit, g.spec.Digest, g.spec.PlatformDigest} {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

// remove stops every process of the generation and removes its folder.
func (g *generation) remove(ctx context.Context) error {
	if err := g.stop(ctx); err != nil {
		return err
	}
	if err := removeAll(g.dir); err != nil {
		return fmt.Errorf("cannot remove generation %d: %w", g.number, err)
	}
	return nil
}
