// Package targettest provides a small but real target for tests: each environment
// is an HTTP server in this process, and every deployment is recorded.
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

// Target implements preview.Target and release.Target.
type Target struct {
	// Serve holds the handler of each artifact, by digest. An artifact without one
	// answers every request with 200.
	Serve map[string]http.HandlerFunc
	// Before is called as a deployment begins. If it returns an error, the deployment
	// fails and changes nothing.
	Before func(ctx context.Context, d target.Deployment) error
	// During is called after a deployment made its change and before it is ready. If it
	// returns an error, the deployment fails and the change stays.
	During func(ctx context.Context, d target.Deployment) error
	// Refuse is called by Plan, which returns its error.
	Refuse func(d target.Deployment) error
	// BeforeDown is called as a removal begins. If it returns an error, the removal
	// fails.
	BeforeDown func(environment string) error
	// Broken is called by Status with an environment, and by List with "". They return
	// its error.
	Broken func(environment string) error
	// Requests are returned in every plan.
	Requests target.Requests
	// Hidden are environments that List omits, as if they had lost their labels.
	Hidden map[string]bool
	// At is where the target runs. If it is empty, every target is in the same place.
	At target.Place
	// Clock is the target's clock. If it is nil, this machine's clock is used.
	Clock func() time.Time

	mu           sync.Mutex
	environments map[string]*environment
	deployed     []string
}

type environment struct {
	running target.Running
	server  *httptest.Server
}

// New returns a target that is closed at the end of the test.
func New(t testing.TB) *Target {
	out := &Target{Serve: map[string]http.HandlerFunc{}, environments: map[string]*environment{}}
	t.Cleanup(out.Close)
	return out
}

// Close stops every environment.
func (t *Target) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.environments {
		e.server.Close()
	}
	clear(t.environments)
}

// Deploy deploys a digest into an environment. If the digest already runs there, only
// the tags change. Deploy calls d.Proceed before and after the change.
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
	var lost []string
	if e.running.Digest != d.Digest || !e.running.Alive {
		lost = e.running.Stored
		e.running = target.Running{
			Environment: d.Environment, App: d.App, URL: e.server.URL, Commit: d.Commit, Digest: d.Digest, PlatformDigest: platform.String(),
			Generation: e.running.Generation + 1, Started: now, Created: created, Alive: true, Tags: d.Tags,
		}
	}
	e.running.Tags = d.Tags
	running := e.running
	running.Lost = lost
	return running, nil
}

func (t *Target) serve(e *environment, w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	answer, alive := t.Serve[e.running.Digest], e.running.Alive
	t.mu.Unlock()
	switch {
	case !alive:
		panic(http.ErrAbortHandler) // breaks the connection
	case answer != nil:
		answer(w, r)
	}
}

// Status returns what runs in an environment.
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
		return target.Running{}, fmt.Errorf("cannot read environment %s: %w", name, target.ErrNotDeployed)
	}
	return e.running, nil
}

// Down removes an environment.
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

// List yields the state of every environment that is not in Hidden.
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

// Place returns At.
func (t *Target) Place(string) (target.Place, error) {
	if t.At.Kind == "" {
		return target.Place{Kind: "process", Name: "host test folder /test"}, nil
	}
	return t.At, nil
}

// Now returns the time of Clock.
func (t *Target) Now(context.Context) (time.Time, error) {
	if t.Clock == nil {
		return time.Now(), nil
	}
	return t.Clock(), nil
}

// Plan returns a plan with Requests.
func (t *Target) Plan(_ context.Context, d target.Deployment) (target.Plan, error) {
	if t.Refuse != nil {
		if err := t.Refuse(d); err != nil {
			return target.Plan{}, err
		}
	}
	return target.Plan{Place: "this test", Requests: t.Requests}, nil
}

// Change changes what runs in an environment without a deployment.
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
