// Package server is the target of plain Linux servers, which goldenpath reaches over SSH.
// Package host decides there what may run.
//
// An environment may have several servers. A new version is brought up on all of them before
// the first gets its traffic, and if one cannot switch, those that did go back.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target runs the environments of an app on servers.
type Target struct {
	App    string
	URL    string // of an environment, with {name} and {number}; "": as the server has it
	Images *artifact.Repository
	// Config returns .goldenpath.yml of a commit: a server runs a release as that says.
	Config func(ctx context.Context, commit string) ([]byte, error)
	hosts  []*client
}

// Open returns the target of an app on the given servers.
func Open(app, url string, servers []Address, keys Keys, images *artifact.Repository) *Target {
	t := &Target{App: app, URL: url, Images: images}
	for _, a := range servers {
		t.hosts = append(t.hosts, &client{at: a, keys: keys})
	}
	return t
}

// Close closes the connections.
func (t *Target) Close() {
	for _, c := range t.hosts {
		c.close()
	}
}

// address returns where an environment is to answer.
func (t *Target) address(environment string) string {
	return target.Words(environment).Replace(t.URL)
}

func (t *Target) spec(ctx context.Context, d target.Deployment) (protocol.Spec, error) {
	s := protocol.Spec{
		App: d.App, Environment: d.Environment, URL: t.address(d.Environment), Digest: d.Digest, Commit: d.Commit,
		Env: d.Env, Migrate: d.Migrate, Services: d.Services, Ready: d.Ready, Tags: d.Tags, KeepFailed: d.KeepFailed,
	}
	for name, secret := range d.Secrets {
		if secret.Store != "" {
			return s, &target.Refusal{Problems: []string{fmt.Sprintf("the secret %s is in the store %s of a cluster, which a server does not have: name a variable instead", name, secret.Store)}}
		}
		if s.Secrets == nil {
			s.Secrets = map[string]string{}
		}
		s.Secrets[name] = secret.Value
	}
	if strings.HasPrefix(d.Environment, "preview/") || t.Images == nil {
		return s, nil
	}
	var err error
	if s.Evidence, err = t.Images.Referrers(ctx, d.Digest, evidence.MediaType); err != nil {
		return s, err
	}
	if t.Config != nil {
		s.Config, err = t.Config(ctx, d.Commit)
	}
	return s, err
}

// Plan returns what a deployment would change, on the first server.
func (t *Target) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	s, err := t.spec(ctx, d)
	if err != nil {
		return target.Plan{}, err
	}
	s.Evidence = nil
	e, err := t.hosts[0].call(ctx, http.MethodPost, protocol.PathPlan, s, nil)
	if err != nil || e.Plan == nil {
		return target.Plan{}, err
	}
	e.Plan.Place += " on " + t.hosts[0].at.Host
	return *e.Plan, nil
}

// Deploy runs d.Image in d.Environment on every server and returns when all serve it. If one
// does not become ready, nothing is switched on any.
func (t *Target) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	r, err := t.deploy(ctx, d)
	if err != nil {
		return target.Running{}, fmt.Errorf("cannot deploy %s: %w", d.Environment, err)
	}
	return r, nil
}

func (t *Target) deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	proceed, say := d.Proceed, d.Say
	if proceed == nil {
		proceed = func() error { return nil }
	}
	if say == nil {
		say = func(target.Phase) {}
	}
	s, err := t.spec(ctx, d)
	if err != nil {
		return target.Running{}, err
	}
	if t.Images == nil {
		return target.Running{}, errors.New("the target has no registry to send the image from")
	}
	prepared := make([]protocol.Ready, len(t.hosts))
	before := make([]target.Running, len(t.hosts))
	var phases []target.Phase
	tell := func(on string) func(protocol.Event) {
		if len(t.hosts) == 1 {
			on = ""
		}
		return func(e protocol.Event) {
			if e.Phase == nil {
				return
			}
			p := phase(e, on)
			if !p.Pending {
				phases = append(phases, p)
			}
			say(p)
		}
	}
	for i, h := range t.hosts {
		if err := proceed(); err != nil {
			return target.Running{}, err
		}
		if before[i], err = t.status(ctx, h, d.Environment); err != nil && !errors.Is(err, target.ErrNotDeployed) {
			return target.Running{}, err
		}
		start := time.Now()
		if _, err := h.copyImage(ctx, t.Images, d.Digest, d.App); err != nil {
			return target.Running{}, fmt.Errorf("cannot send the image to %s: %w", h.at.Host, err)
		}
		p := target.Phase{Name: "send", Detail: "the image is on " + h.at.Host, Seconds: time.Since(start).Seconds()}
		phases = append(phases, p)
		say(p)
		e, err := h.call(ctx, http.MethodPost, protocol.PathPrepare, s, tell(h.at.Host))
		if err != nil {
			return target.Running{}, err
		}
		if e.Ready == nil {
			return target.Running{}, fmt.Errorf("%s answers the preparation with something else: install the same goldenpath there", h.at.Host)
		}
		prepared[i] = *e.Ready
	}
	if err := proceed(); err != nil {
		return target.Running{}, err
	}
	var out target.Running
	for i, h := range t.hosts {
		e, err := h.call(ctx, http.MethodPost, protocol.PathSwitch, protocol.SwitchRequest{App: d.App, Environment: d.Environment, Generation: prepared[i].Generation}, tell(h.at.Host))
		if err == nil && e.Running == nil {
			err = fmt.Errorf("%s answers the switch with something else: install the same goldenpath there", h.at.Host)
		}
		if err != nil {
			return target.Running{}, errors.Join(err, t.back(ctx, d, before[:i]))
		}
		if i == 0 {
			out = *e.Running
		}
	}
	out.Place, out.Phases = t.place(), phases
	return out, nil
}

// back returns the servers that have switched to what they served before.
func (t *Target) back(ctx context.Context, d target.Deployment, before []target.Running) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var errs error
	for i, b := range before {
		if b.Generation == 0 {
			continue
		}
		_, err := t.hosts[i].call(ctx, http.MethodPost, protocol.PathSwitch, protocol.SwitchRequest{App: d.App, Environment: d.Environment, Generation: b.Generation}, nil)
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s serves the new version still: %w", t.hosts[i].at.Host, err))
		}
	}
	return errs
}

func (t *Target) status(ctx context.Context, h *client, environment string) (target.Running, error) {
	e, err := h.call(ctx, http.MethodPost, protocol.PathStatus, protocol.SwitchRequest{App: t.App, Environment: environment}, nil)
	if err != nil || e.Running == nil {
		return target.Running{}, err
	}
	e.Running.Place = t.place()
	return *e.Running, nil
}

// Status returns what runs in an environment. If servers differ, that is an error: there is
// no one thing that runs.
func (t *Target) Status(ctx context.Context, environment string) (target.Running, error) {
	var out target.Running
	for i, h := range t.hosts {
		r, err := t.status(ctx, h, environment)
		if err != nil {
			return target.Running{}, err
		}
		if i > 0 && (r.Digest != out.Digest || r.PlatformDigest != out.PlatformDigest) {
			return target.Running{}, fmt.Errorf("%s runs %.19s and %s runs %.19s: deploy again, which brings all to the same", t.hosts[0].at.Host, out.Digest, h.at.Host, r.Digest)
		}
		if i == 0 {
			out = r
		} else {
			out.Alive = out.Alive && r.Alive
			out.Restarts += r.Restarts
		}
	}
	return out, nil
}

// Down removes an environment from every server.
func (t *Target) Down(ctx context.Context, environment string) error {
	var errs error
	for _, h := range t.hosts {
		_, err := h.call(ctx, http.MethodPost, protocol.PathDown, protocol.SwitchRequest{App: t.App, Environment: environment}, nil)
		errs = errors.Join(errs, err)
	}
	return errs
}

// List yields the environments of the app, each once.
func (t *Target) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return func(yield func(target.Running, error) bool) {
		seen := map[string]bool{}
		for _, h := range t.hosts {
			var all []target.Running
			e, err := h.call(ctx, http.MethodPost, protocol.PathList, protocol.SwitchRequest{App: t.App}, func(e protocol.Event) {
				if e.Running != nil {
					all = append(all, *e.Running)
				}
			})
			if err != nil {
				yield(target.Running{}, err)
				return
			}
			if e.Running != nil {
				all = append(all, *e.Running)
			}
			for _, r := range all {
				if seen[r.Environment] {
					continue
				}
				seen[r.Environment] = true
				r.Place = t.place()
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// Now returns the time of the first server.
func (t *Target) Now(ctx context.Context) (time.Time, error) {
	h, err := t.hosts[0].hello(ctx)
	return h.Time, err
}

// Hello returns what each server says of itself.
func (t *Target) Hello(ctx context.Context) ([]protocol.Hello, error) {
	var all []protocol.Hello
	for _, c := range t.hosts {
		h, err := c.hello(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, h)
	}
	return all, nil
}

// Place returns the servers, by their host keys: a name can move to another machine.
func (t *Target) Place(string) (target.Place, error) {
	return target.Place{Kind: "server", Name: t.place()}, nil
}

func (t *Target) place() string {
	var all []string
	for _, c := range t.hosts {
		name := "host " + c.at.Host
		if k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(c.at.HostKey)); err == nil {
			name += " key " + ssh.FingerprintSHA256(k)
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// Ledger returns where the previews are recorded: on the first server.
func (t *Target) Ledger() ledger.Store { return records{t.hosts[0], t.App} }

type records struct {
	c   *client
	app string
}

func (r records) String() string { return "the records on " + r.c.at.Host }

// Load returns the records.
func (r records) Load(ctx context.Context) (map[string][]byte, string, error) {
	var out protocol.Records
	err := r.c.send(ctx, http.MethodGet, protocol.PathRecords+"/"+r.app, nil, func(body io.Reader) error { return json.NewDecoder(body).Decode(&out) })
	return out.Files, out.Version, err
}

// Save replaces the records.
func (r records) Save(ctx context.Context, files map[string][]byte, version string) error {
	return r.c.send(ctx, http.MethodPut, protocol.PathRecords+"/"+r.app, protocol.Records{Files: files, Version: version}, func(io.Reader) error { return nil })
}
