package host

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/gofrs/flock"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

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
		return nil, fmt.Errorf("%s is not the digest of an image index", text.Short(s.Digest))
	}
	cfg, err := a.Image.ConfigFile()
	if err != nil {
		return nil, err
	}
	if len(cfg.Config.Entrypoint)+len(cfg.Config.Cmd) == 0 {
		return nil, &target.Refusal{Problems: []string{"the image has no program to run: set ENTRYPOINT or CMD in its Dockerfile"}}
	}
	// What is loaded must not be removed before the generation that needs it is written.
	unlock, err := e.h.holdImages(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	id, err := e.h.engine.load(ctx, a.Image, "goldenpath.local/"+s.App+":"+strings.TrimPrefix(a.PlatformDigest, "sha256:"))
	if err != nil {
		return nil, err
	}
	port, err := e.h.freePort()
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
	if err := e.write(g); err != nil {
		return nil, err
	}
	e.Last = g.Number
	return g, e.await(g.Number)
}

// holdImages keeps others from adding and removing images, and from choosing a port.
func (h *Host) holdImages(ctx context.Context) (unlock func(), err error) {
	l := flock.New(filepath.Join(h.Dir, "images.lock"))
	if ok, err := l.TryLockContext(ctx, 10*time.Millisecond); !ok {
		return nil, err
	}
	return func() { _ = l.Unlock() }, nil
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

// freePort returns a port of the loopback address that nothing listens on, and that no
// generation has: one that does not run at this moment may start again.
func (h *Host) freePort() (int, error) {
	used := map[int]bool{}
	all, err := h.all()
	if err != nil {
		return 0, err
	}
	for _, e := range all {
		numbers, err := e.generations()
		if err != nil {
			return 0, err
		}
		for _, n := range numbers {
			if g, err := e.generation(n); err == nil && g != nil {
				used[g.Port] = true
			}
		}
	}
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil || !used[port] {
			return port, err
		}
	}
}
