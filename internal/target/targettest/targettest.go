// Package targettest is a target that is real in small: each environment is an
// HTTP server of this process, and every deployment is remembered.
package targettest

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
	// During is called when a deployment has made its change and is not ready yet. Its
	// error fails the deployment, and what was made stays.
	During func(ctx context.Context, d target.Deployment) error
	// Refuse is asked for a plan. Its error is that of Plan.
	Refuse func(d target.Deployment) error
	// BeforeDown is called as a removal begins. Its error fails the removal.
	BeforeDown func(environment string) error
	// Broken is asked by Status, for an environment, and by List, for "". Its error is
	// theirs.
	Broken func(environment string) error
	// Requests is what every plan asks for.
	Requests target.Requests
	// Hidden are environments that List does not show, as if their labels were gone.
	Hidden map[string]bool
	// Clock is the target's; nil: this machine's.
	Clock func() time.Time

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
// it is, but for its tags. It asks whether to proceed before and after.
func (t *Target) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	proceed := d.Proceed
	if proceed == nil {
		proceed = func() error { return nil }
	}
	if t.Before != nil {
		if err := t.Before(ctx, d); err != nil {
			return target.Running{}, err
		}
	}
	if err := errors.Join(ctx.Err(), proceed()); err != nil {
		return target.Running{}, err
	}
	running, err := t.apply(d)
	if err == nil && t.During != nil {
		err = t.During(ctx, d)
	}
	if err == nil {
		err = proceed()
	}
	if err != nil {
		return target.Running{}, err
	}
	return running, nil
}

func (t *Target) apply(d target.Deployment) (target.Running, error) {
	platform, err := d.Image.Digest()
	if err != nil {
		return target.Running{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deployed = append(t.deployed, d.Environment+" "+d.Digest)
	now := time.Now()
	if t.Clock != nil {
		now = t.Clock()
	}
	e := t.environments[d.Environment]
	if e == nil {
		e = &environment{}
		e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.serve(e, w, r) }))
		t.environments[d.Environment] = e
	}
	created := e.running.Created
	if created.IsZero() {
		created = now
	}
	if e.running.Digest != d.Digest || !e.running.Alive {
		e.running = target.Running{
			Environment: d.Environment, App: d.App, URL: e.server.URL, Commit: d.Commit, Digest: d.Digest, PlatformDigest: platform.String(),
			Generation: e.running.Generation + 1, Started: now, Created: created, Alive: true, Tags: d.Tags,
		}
	}
	e.running.Tags = d.Tags
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
	if t.Broken != nil {
		if err := t.Broken(name); err != nil {
			return target.Running{}, err
		}
	}
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
	if t.BeforeDown != nil {
		if err := t.BeforeDown(name); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.environments[name]; e != nil {
		e.server.Close()
		delete(t.environments, name)
	}
	return nil
}

// List walks what runs everywhere, but for what Hidden names.
func (t *Target) List(context.Context) iter.Seq2[target.Running, error] {
	if t.Broken != nil {
		if err := t.Broken(""); err != nil {
			return func(yield func(target.Running, error) bool) { yield(target.Running{}, err) }
		}
	}
	t.mu.Lock()
	var all []target.Running
	for _, name := range slices.Sorted(maps.Keys(t.environments)) {
		if !t.Hidden[name] {
			all = append(all, t.environments[name].running)
		}
	}
	t.mu.Unlock()
	return func(yield func(target.Running, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Now is the time by Clock.
func (t *Target) Now(context.Context) (time.Time, error) {
	if t.Clock == nil {
		return time.Now(), nil
	}
	return t.Clock(), nil
}

// Plan asks for what Requests says.
func (t *Target) Plan(_ context.Context, d target.Deployment) (target.Plan, error) {
	if t.Refuse != nil {
		if err := t.Refuse(d); err != nil {
			return target.Plan{}, err
		}
	}
	return target.Plan{Place: "this test", Requests: t.Requests}, nil
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
