// Package targettest is a target that is real in small: each environment is an
// HTTP server of this process, and every deployment is remembered.
package targettest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target implements what preview and release ask of a target.
type Target struct {
	// Serve is how an artifact answers, by digest. One that is not in it answers
	// 200 to everything.
	Serve map[string]http.HandlerFunc
	// Before is called as a deployment begins. Its error fails the deployment, which
	// then changes nothing.
	Before func(ctx context.Context, d target.Deployment) error

	mu           sync.Mutex
	environments map[string]*environment
	deployed     []string
}

type environment struct {
	running target.Running
	server  *httptest.Server
}

// New returns a target that ends with the test.
func New(t testing.TB) *Target {
	out := &Target{Serve: map[string]http.HandlerFunc{}, environments: map[string]*environment{}}
	t.Cleanup(out.Close)
	return out
}

// Close ends every environment.
func (t *Target) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.environments {
		e.server.Close()
	}
	clear(t.environments)
}

// Deploy brings a digest into an environment. What runs there already is left as
// it is.
func (t *Target) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	if t.Before != nil {
		if err := t.Before(ctx, d); err != nil {
			return target.Running{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return target.Running{}, err
	}
	platform, err := d.Image.Digest()
	if err != nil {
		return target.Running{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deployed = append(t.deployed, d.Environment+" "+d.Digest)
	e := t.environments[d.Environment]
	if e == nil {
		e = &environment{}
		e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.serve(e, w, r) }))
		t.environments[d.Environment] = e
	}
	if e.running.Digest != d.Digest || !e.running.Alive {
		e.running = target.Running{
			Environment: d.Environment, App: d.App, URL: e.server.URL, Commit: d.Commit, Digest: d.Digest, PlatformDigest: platform.String(),
			Generation: e.running.Generation + 1, Started: time.Now(), Alive: true,
		}
	}
	return e.running, nil
}

func (t *Target) serve(e *environment, w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	answer, alive := t.Serve[e.running.Digest], e.running.Alive
	t.mu.Unlock()
	switch {
	case !alive:
		panic(http.ErrAbortHandler) // the connection breaks off
	case answer != nil:
		answer(w, r)
	}
}

// Status tells what runs in an environment.
func (t *Target) Status(_ context.Context, name string) (target.Running, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.environments[name]
	if e == nil {
		return target.Running{}, fmt.Errorf("read environment %s: %w", name, target.ErrNotDeployed)
	}
	return e.running, nil
}

// Down ends an environment.
func (t *Target) Down(_ context.Context, name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.environments[name]; e != nil {
		e.server.Close()
		delete(t.environments, name)
	}
	return nil
}

// List tells what runs everywhere.
func (t *Target) List(context.Context) ([]target.Running, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []target.Running
	for _, name := range slices.Sorted(maps.Keys(t.environments)) {
		all = append(all, t.environments[name].running)
	}
	return all, nil
}

// Change alters what runs in an environment behind everybody's back.
func (t *Target) Change(name string, change func(*target.Running)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.environments[name].running)
}

// Deployed lists every deployment as "environment digest", in order.
func (t *Target) Deployed() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.deployed)
}
