package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	reference "github.com/google/go-containerregistry/pkg/name"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// enterWait is how long a deployment waits for another of the same environment.
const enterWait = 30 * time.Second

// drain is how long the old generation may finish the requests that it has begun.
const drain = 10 * time.Second

// Prepare brings a new generation up beside the one that serves, and returns when it is
// ready. Nothing that serves is changed. What serves already, or stands by, is not made
// again.
func (h *Host) Prepare(ctx context.Context, s protocol.Spec, say func(target.Phase)) (protocol.Ready, error) {
	address, err := h.accept(s)
	if err != nil {
		return protocol.Ready{}, err
	}
	e, err := h.enter(ctx, s.App, s.Environment, enterWait)
	if err != nil {
		return protocol.Ready{}, err
	}
	defer e.leave()
	if e.Leaving {
		return protocol.Ready{}, fmt.Errorf("%s is being removed: %w", s.Environment, target.ErrSuperseded)
	}
	built, err := e.verify(ctx, &s)
	if err != nil {
		return protocol.Ready{}, err
	}
	now := time.Now().UTC()
	if e.Created.IsZero() {
		e.Created = now
	}
	e.URL, e.Tags = address, s.Tags
	if err := e.save(); err != nil {
		return protocol.Ready{}, full(err)
	}
	key := keyOf(s)
	if ready, err := e.again(ctx, s, key); err != nil {
		return ready, err
	} else if ready.Generation != 0 {
		if !ready.Serves {
			err = e.await(ready.Generation)
		}
		return ready, err
	}
	e.Prepared = 0 // this deployment takes over from one that has not switched yet
	if err := e.tidy(ctx); err != nil {
		return protocol.Ready{}, err
	}
	if e.preview() && e.Serving == 0 {
		if err := h.room(ctx, e, say); err != nil {
			return protocol.Ready{}, err
		}
	}
	g, err := e.create(ctx, s, key, built, say)
	if err == nil {
		err = e.bring(ctx, s, g, say)
	}
	if err != nil {
		return protocol.Ready{}, errors.Join(full(err), e.abandon(ctx, g, s.KeepFailed && e.Serving == 0))
	}
	return protocol.Ready{Generation: g.Number}, nil
}

// accept refuses what this server does not serve, before anything is changed.
func (h *Host) accept(s protocol.Spec) (string, error) {
	if _, ok := h.Config.Apps[s.App]; !ok {
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("this server does not serve the app %.60q: add it to apps in %s", s.App, ConfigFile)}}
	}
	if !validEnvironment.MatchString(s.Environment) {
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("%.60q is not the name of an environment", s.Environment)}}
	}
	address, ok := h.Config.address(s.App, s.Environment)
	switch {
	case !ok:
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("this server does not serve %s of %s: add its url to apps.%[2]s in %s", s.Environment, s.App, ConfigFile)}}
	case s.URL != "" && strings.TrimSuffix(s.URL, "/") != strings.TrimSuffix(address, "/"):
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("%s is to answer at %.200s, and this server has %s for it: repeat goldenpath host bootstrap --yes root@SERVER, which changes %s on the server, or change url in .goldenpath.yml back", s.Environment, s.URL, address, ConfigFile)}}
	}
	for _, all := range []map[string]string{s.Env, s.Secrets} {
		for name, value := range all {
			if err := checkVariable(name, value); err != nil {
				return "", &target.Refusal{Problems: []string{fmt.Sprintf("the variable %.60q cannot be set: %v", name, err)}}
			}
		}
	}
	for _, k := range target.ServiceKinds {
		image := k.Of(s.Services).Image
		if image == "" {
			continue
		}
		// Not a folder of this server, not an option of the engine and not an image of another app.
		if d, err := reference.NewDigest(image); err != nil || strings.HasPrefix(image, "-") || d.RegistryStr() == "goldenpath.local" {
			return "", &target.Refusal{Problems: []string{fmt.Sprintf("services.%s: %.200q is not an image with a digest, such as %s@sha256:…", k.Name, image, k.Container.Image)}}
		}
	}
	for _, path := range []string{s.Ready.Path, s.Ready.VersionPath} {
		if path != "" && !strings.HasPrefix(path, "/") {
			return "", &target.Refusal{Problems: []string{fmt.Sprintf("ready: %.200q is not a path, which begins with /", path)}}
		}
	}
	address = strings.TrimSuffix(address, "/")
	if other, err := h.owner(s.App, s.Environment, address); err != nil {
		return "", err
	} else if other != "" {
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("%s would answer at %s, which is the address of %s: choose another name for the preview", s.Environment, address, other)}}
	}
	return address, nil
}

// owner returns which other environment has an address: a name can make the address of a
// preview the one of production. An address belongs to what the configuration names, then
// to the preview that was there first.
func (h *Host) owner(app, environment, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	same := func(other string) bool {
		o, err := url.Parse(other)
		return err == nil && o.Hostname() == u.Hostname()
	}
	for name, a := range h.Config.Apps {
		for e, place := range a.Environments {
			if (name != app || e != environment) && same(place.URL) {
				return e + " of " + name, nil
			}
		}
	}
	all, err := h.all()
	if err != nil {
		return "", err
	}
	for _, e := range all {
		if (e.App != app || e.Environment != environment) && same(e.URL) {
			return e.Environment + " of " + e.App, nil
		}
	}
	return "", nil
}

// keyOf identifies what a deployment runs.
func keyOf(s protocol.Spec) string {
	b, _ := json.Marshal([]any{s.Digest, s.Env, s.Secrets, s.Migrate, s.Services})
	return report.Digest(string(b))
}

// again returns the generation that runs what is asked for already: the one that serves, one
// that was prepared by a call that was cut, or the one that stands by.
func (e *environment) again(ctx context.Context, s protocol.Spec, key string) (protocol.Ready, error) {
	for _, n := range slices.Compact([]int{e.Serving, e.Last, e.Standby}) {
		g, err := e.generation(n)
		if err != nil {
			return protocol.Ready{}, err
		}
		if g == nil || g.Key != key {
			continue
		}
		c, err := e.h.engine.inspect(ctx, e.name(n))
		if err != nil {
			return protocol.Ready{}, err
		}
		if c == nil || !c.Running && !c.Paused || c.Image != g.Image || !e.served(ctx, s.Services) {
			continue
		}
		if c.Paused {
			if _, err := e.h.engine.run(ctx, "unpause", e.name(n)); err != nil {
				return protocol.Ready{}, err
			}
		}
		short := s.Ready
		if n != e.Serving {
			short.Timeout = min(max(short.Timeout, time.Second), 10*time.Second)
		}
		if _, err := e.wait(ctx, g, short); err != nil {
			continue
		}
		return protocol.Ready{Generation: n, Serves: n == e.Serving}, nil
	}
	return protocol.Ready{}, nil
}

// bring migrates the data, starts a generation and waits until it is ready.
func (e *environment) bring(ctx context.Context, s protocol.Spec, g *generation, say func(target.Phase)) error {
	if err := e.services(ctx, s, g, say); err != nil {
		return err
	}
	if err := e.write(g); err != nil { // with the address of its services
		return err
	}
	if err := e.join(ctx, g.Limits); err != nil {
		return err
	}
	if err := e.h.openVolume(ctx, e.slug, e.data()); err != nil {
		return err
	}
	if argv := s.Migrate.Command(); argv != nil {
		start := time.Now()
		if d, err := e.service(target.Postgres); err != nil {
			return err
		} else if d != nil && g.Release && e.Serving != 0 {
			file, err := e.backup(ctx)
			if err != nil {
				return err
			}
			say(target.Phase{Name: "backup", Detail: file})
		}
		if err := e.migrate(ctx, g, argv, s.Migrate.Limit()); err != nil {
			return err
		}
		say(target.Phase{Name: "migrate", Detail: "the migration ended with exit code 0", Seconds: time.Since(start).Seconds()})
	}
	start := time.Now()
	if err := e.h.units.start(ctx, e.unit(g.Number)); err != nil {
		return err
	}
	proof, err := e.wait(ctx, g, s.Ready)
	if err != nil {
		return e.failure(ctx, g, err)
	}
	say(target.Phase{Name: "ready", Detail: proof.Health + "; " + proof.Version, Seconds: time.Since(start).Seconds()})
	return nil
}

// abandon removes a generation that does not serve.
func (e *environment) abandon(ctx context.Context, g *generation, keep bool) error {
	if g == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if keep { // its container stays, with its log
		return e.h.units.stop(ctx, e.unit(g.Number))
	}
	return e.discard(ctx, g.Number)
}

// discard stops and removes a generation.
func (e *environment) discard(ctx context.Context, n int) error {
	if err := e.h.units.stop(ctx, e.unit(n)); err != nil {
		return err
	}
	if err := e.h.engine.remove(ctx, e.name(n)); err != nil {
		return err
	}
	if err := os.Remove(e.variables(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Remove(e.file(n))
}

// await keeps a generation for the switch that follows its preparation. The lock is free
// between the two, so what puts away the old generations may run.
func (e *environment) await(n int) error {
	e.Prepared, e.PreparedAt = n, time.Now().UTC()
	return e.save()
}

// awaited reports whether a deployment is about to switch to a generation. One that has not
// switched after an hour was cut.
func (e *environment) awaited(n int) bool {
	return n != 0 && n == e.Prepared && time.Since(e.PreparedAt) < time.Hour
}

// tidy removes the generations that neither serve, nor stand by, nor are awaited: what calls
// that were cut have left.
func (e *environment) tidy(ctx context.Context) error {
	all, err := e.generations()
	if err != nil {
		return err
	}
	for _, n := range all {
		if n == e.Serving || n == e.Standby || e.awaited(n) {
			continue
		}
		if err := e.discard(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// full adds the remedy to the error of a full disk.
func full(err error) error {
	if err != nil && (strings.Contains(err.Error(), "no space left") || strings.Contains(err.Error(), "disk quota")) {
		return fmt.Errorf("%w\n  try: remove previews (goldenpath preview down), or give the server a bigger disk; what serves is not changed", err)
	}
	return err
}

// images returns the repository of an app's images on this server, which has its name.
func (h *Host) images(app string) (*artifact.Repository, error) {
	r, err := h.registry()
	if err != nil {
		return nil, err
	}
	return r.Repository(app)
}
