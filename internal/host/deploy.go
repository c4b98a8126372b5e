package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	reference "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/text"
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
	built, err := e.verify(ctx, s)
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
	if ready, err := e.again(ctx, s, key); ready.Generation != 0 || err != nil {
		return ready, err
	}
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
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("%.60q is no name of an environment", s.Environment)}}
	}
	address, ok := h.Config.address(s.App, s.Environment)
	switch {
	case !ok:
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("this server does not serve %s of %s: add its url to apps.%[2]s in %s", s.Environment, s.App, ConfigFile)}}
	case s.URL != "" && strings.TrimSuffix(s.URL, "/") != strings.TrimSuffix(address, "/"):
		return "", &target.Refusal{Problems: []string{fmt.Sprintf("%s is to answer at %.200s, and this server has %s for it: make url in .goldenpath.yml and in %s the same", s.Environment, s.URL, address, ConfigFile)}}
	}
	for _, all := range []map[string]string{s.Env, s.Secrets} {
		for name, value := range all {
			if err := checkVariable(name, value); err != nil {
				return "", &target.Refusal{Problems: []string{fmt.Sprintf("the variable %.60q cannot be set: %v", name, err)}}
			}
		}
	}
	if image := s.Services.Postgres.Image; image != "" {
		// Not a folder of this server, not an option of the engine and not an image of another app.
		if d, err := reference.NewDigest(image); err != nil || strings.HasPrefix(image, "-") || d.RegistryStr() == "goldenpath.local" {
			return "", &target.Refusal{Problems: []string{fmt.Sprintf("services.postgres: %.200q is not an image with a digest, such as docker.io/library/postgres@sha256:…", image)}}
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
		if c == nil || !c.Running && !c.Paused || c.Image != g.Image {
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

// create writes the next generation.
func (e *environment) create(ctx context.Context, s protocol.Spec, key string, built time.Time, say func(target.Phase)) (*generation, error) {
	start := time.Now()
	images, err := e.h.images(s.App)
	if err != nil {
		return nil, err
	}
	a, err := images.Resolve(ctx, s.Digest, v1.Platform{})
	if err != nil {
		return nil, fmt.Errorf("the server does not have the image that was sent to it: %w: deploy again", err)
	}
	if a.Digest != s.Digest {
		return nil, fmt.Errorf("%s is no digest of an image index", text.Short(s.Digest))
	}
	cfg, err := a.Image.ConfigFile()
	if err != nil {
		return nil, err
	}
	if len(cfg.Config.Entrypoint)+len(cfg.Config.Cmd) == 0 {
		return nil, &target.Refusal{Problems: []string{"the image has no program to run: set ENTRYPOINT or CMD in its Dockerfile"}}
	}
	id, err := e.h.engine.load(ctx, a.Image, "goldenpath.local/"+s.App+":"+strings.TrimPrefix(a.PlatformDigest, "sha256:"))
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	g := &generation{
		Number: e.Last + 1, App: s.App, Commit: s.Commit, Digest: a.Digest, Platform: a.PlatformDigest, Image: id, Inside: inside(cfg), Port: port,
		Env: map[string]string{}, Key: key, Started: time.Now().UTC(), Built: built, Limits: e.h.Config.limits(s.Environment), Release: !e.preview(),
	}
	if !e.h.engine.publishes(g.Limits) {
		if err := e.subnet(); err != nil {
			return nil, err
		}
		g.Address = e.addressOf(g.Number)
	}
	maps.Copy(g.Env, s.Env)
	maps.Copy(g.Env, s.Secrets)
	for name, value := range map[string]string{
		"PORT": strconv.Itoa(g.Inside), "HOST": "0.0.0.0", "GOLDENPATH_DATA": dataFolder, "HOME": dataFolder,
		"GOLDENPATH_ENVIRONMENT": s.Environment, "GOLDENPATH_URL": e.URL,
	} {
		if _, given := g.Env[name]; !given {
			g.Env[name] = value
		}
	}
	say(target.Phase{Name: "image", Detail: fmt.Sprintf("%s (%s) is in %s", text.Short(a.PlatformDigest), humanize.Bytes(uint64(a.Size)), e.h.engine.kind), Seconds: time.Since(start).Seconds()})
	if err := e.services(ctx, s, g, say); err != nil {
		return nil, err
	}
	if err := e.write(g); err != nil {
		return nil, err
	}
	e.Last = g.Number
	return g, e.save()
}

func (e *environment) write(g *generation) error {
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	return private(e.file(g.Number), b)
}

// dataFolder is where the data of an environment are in its containers.
const dataFolder = "/data"

// inside returns the port that an image declares.
func inside(cfg *v1.ConfigFile) int {
	lowest := 0
	for p := range cfg.Config.ExposedPorts {
		number, protocol, _ := strings.Cut(p, "/")
		if n, err := strconv.Atoi(number); err == nil && (protocol == "" || protocol == "tcp") && (lowest == 0 || n < lowest) {
			lowest = n
		}
	}
	if lowest == 0 {
		lowest = 8080
	}
	return lowest
}

// freePort returns a port of the loopback address that nothing listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// bring migrates the data, starts a generation and waits until it is ready.
func (e *environment) bring(ctx context.Context, s protocol.Spec, g *generation, say func(target.Phase)) error {
	if err := e.join(ctx, g.Limits); err != nil {
		return err
	}
	if err := e.h.openVolume(ctx, e.slug, e.data()); err != nil {
		return err
	}
	if argv := s.Migrate.Command(); argv != nil {
		start := time.Now()
		if d, err := e.database(); err != nil {
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

// wait waits until a generation is ready, on the loopback address.
func (e *environment) wait(ctx context.Context, g *generation, r target.Ready) (target.Proof, error) {
	restarts := -1
	next := time.Now().Add(time.Second)
	to, port := g.dial()
	return target.WaitReady(ctx, "http://"+net.JoinHostPort(to, strconv.Itoa(port)), r, []string{g.Commit, g.Digest, g.Platform}, func(error) error {
		if time.Now().Before(next) {
			return nil
		}
		next = time.Now().Add(time.Second)
		n := e.h.units.restarts(ctx, e.unit(g.Number))
		if restarts < 0 {
			restarts = 0
		}
		if n-restarts >= 3 {
			return errors.New("the program has ended three times")
		}
		return nil
	})
}

// failure describes a generation that did not become ready.
func (e *environment) failure(ctx context.Context, g *generation, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := &target.Failure{What: fmt.Sprintf("generation %d of %s is not ready: %v", g.Number, e.Environment, cause), NotUp: true, Err: cause}
	c, err := e.h.engine.inspect(ctx, e.name(g.Number))
	for end := time.Now().Add(4 * time.Second); c == nil && err == nil && time.Now().Before(end); { // it may be starting again
		time.Sleep(100 * time.Millisecond)
		c, err = e.h.engine.inspect(ctx, e.name(g.Number))
	}
	switch {
	case err != nil || c == nil:
		f.What, f.NotUp = fmt.Sprintf("%s does not start generation %d of %s", e.h.engine.kind, g.Number, e.Environment), false
		if f.Detail = e.h.units.said(ctx, e.unit(g.Number)); len(f.Detail) == 0 {
			f.Remedy = "read the journal on the server: journalctl --unit user@$(id -u " + User + ").service | grep " + e.name(g.Number)
		}
	case c.OOM:
		f.Remedy = fmt.Sprintf("the program used more memory than the limit of %s: raise memory in %s on the server", g.Limits.Memory, ConfigFile)
	case c.Running && strings.HasPrefix(cause.Error(), "GET "):
		f.Remedy = "the program runs and answers, but not as ready asks for: correct ready in .goldenpath.yml, or what the program answers"
	case c.Running:
		f.Remedy = fmt.Sprintf("the program runs and nothing answers on port %d of its container: let it listen on 0.0.0.0:$PORT, not on 127.0.0.1", g.Inside)
	}
	if lines := e.h.engine.logs(ctx, e.name(g.Number), 20); len(lines) > 0 {
		f.Detail = append(f.Detail, lines...)
	} else if len(f.Detail) == 0 {
		f.Detail = e.h.units.said(ctx, e.unit(g.Number))
	}
	f.Kept = "nothing serves"
	if e.Serving != 0 {
		f.Kept = fmt.Sprintf("generation %d still serves", e.Serving)
	}
	return f
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

// tidy removes the generations that neither serve nor stand by: what calls that were cut
// have left.
func (e *environment) tidy(ctx context.Context) error {
	all, err := e.generations()
	if err != nil {
		return err
	}
	for _, n := range all {
		if n == e.Serving || n == e.Standby {
			continue
		}
		if err := e.discard(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// Switch moves the traffic to a prepared generation. The old one finishes what it has begun,
// in the background; that of a release then stands by, frozen, so that a rollback is a matter
// of its route.
func (h *Host) Switch(ctx context.Context, app, name string, number int, say func(target.Phase)) (target.Running, error) {
	e, err := h.enter(ctx, app, name, enterWait)
	if err != nil {
		return target.Running{}, err
	}
	defer e.leave()
	g, err := e.generation(number)
	if err != nil {
		return target.Running{}, err
	}
	if g == nil || e.Leaving {
		return target.Running{}, fmt.Errorf("generation %d of %s is no longer there: %w", number, name, target.ErrSuperseded)
	}
	c, err := h.engine.inspect(ctx, e.name(number))
	if err != nil {
		return target.Running{}, err
	}
	if c == nil || !c.Running || c.Paused {
		return target.Running{}, fmt.Errorf("generation %d of %s has ended since it was ready: deploy again", number, name)
	}
	old := e.Serving
	start := time.Now()
	if old != number {
		e.Standby, e.Serving, e.Switched = old, number, start.UTC()
		e.Served = append(slices.DeleteFunc(e.Served, func(d string) bool { return d == g.Digest }), g.Digest)
		e.Served = e.Served[max(0, len(e.Served)-maxServed):]
		if err := e.save(); err != nil {
			return target.Running{}, full(err)
		}
	}
	if err := h.routes(ctx); err != nil {
		if old == number {
			return target.Running{}, err
		}
		e.Serving, e.Standby = old, 0 // Caddy has the old route still
		return target.Running{}, errors.Join(err, e.save())
	}
	say(target.Phase{Name: "switch", Detail: fmt.Sprintf("Caddy sends %s to generation %d", e.URL, number), Seconds: time.Since(start).Seconds()})
	// From here on the new generation serves. The old one is put away in the background, and
	// by the timer if that fails.
	if old != number {
		_, _ = h.units.run(context.WithoutCancel(ctx), "start", "--no-block", "goldenpath-settle@"+e.slug+".service")
	}
	return e.running(ctx)
}

// maxServed is how many digests an environment remembers as a way back.
const maxServed = 50

// Settle waits until the generation that served before has finished its requests, and puts
// it away. systemd calls it after a switch, with the slug of an environment.
func (h *Host) Settle(ctx context.Context, slug string) error {
	app, rest, _ := strings.Cut(slug, ".")
	name := strings.ReplaceAll(rest, ".", "/")
	e, err := h.find(app, name)
	if err != nil {
		return err
	}
	old, err := e.generation(e.Standby)
	if err != nil {
		return err
	}
	if old != nil {
		idle(ctx, old, drain) // without the lock: a rollback must not wait for it
	}
	if e, err = h.enter(ctx, app, name, enterWait); err != nil {
		return err
	}
	defer e.leave()
	if old == nil || e.Standby != old.Number {
		return h.prune(ctx)
	}
	if err := e.standBy(ctx, old); err != nil {
		return err
	}
	return errors.Join(e.tidy(ctx), h.prune(ctx))
}

// standBy freezes a release, or stops a preview. An engine that cannot freeze stops it.
func (e *environment) standBy(ctx context.Context, g *generation) error {
	if g.Release {
		c, err := e.h.engine.inspect(ctx, e.name(g.Number))
		if err != nil {
			return err
		}
		if c != nil && c.Paused {
			return nil
		}
		if c != nil && c.Running {
			if _, err := e.h.engine.run(ctx, "pause", e.name(g.Number)); err == nil {
				// It is not started at a boot: what was frozen ends with the machine.
				_, err = e.h.units.run(ctx, "disable", "--quiet", e.unit(g.Number))
				return err
			}
		}
	}
	number := e.Standby
	e.Standby = 0
	if err := e.save(); err != nil {
		return err
	}
	return e.discard(ctx, number)
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
