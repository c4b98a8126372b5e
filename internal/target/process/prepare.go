package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// prepare unpacks d as the next generation and decides how to run it. It starts and
// stops nothing. If there is an error, the generation is returned too, so that the
// caller can remove it.
func (t *Target) prepare(ctx context.Context, e *environment, old *generation, d target.Deployment, given given) (*generation, error) {
	port, err := choosePort(old, d.Port)
	if err != nil {
		return nil, err
	}
	platform, err := d.Image.Digest()
	if err != nil {
		return nil, fmt.Errorf("cannot read the image's digest: %w", err)
	}
	self, err := absolute(t.Self)
	if err != nil {
		return nil, err
	}
	e.Last++
	if err := e.save(); err != nil {
		return nil, fmt.Errorf("cannot allocate a generation number: %w", err)
	}
	g := &generation{number: e.Last, dir: filepath.Join(e.dir, "gen-"+strconv.Itoa(e.Last)), marks: e.marks(e.Last)}
	for _, dir := range []string{g.dir, g.path("rootfs"), g.path("tmp")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return g, fmt.Errorf("cannot create generation %d: %w", g.number, err)
		}
	}
	g.spec = spec{
		App: d.App, Environment: d.Environment, Commit: d.Commit,
		Digest: d.Digest, PlatformDigest: platform.String(),
		Port: port, Asked: d.Port, Given: given.env, Secrets: given.secrets, Connections: given.connections, Ready: d.Ready, Self: self,
		Markers: []string{
			"GOLDENPATH_INSTANCE=" + e.Instance,
			"GOLDENPATH_GENERATION=" + strconv.Itoa(g.number),
			"GOLDENPATH_DATA=" + e.data(),
		},
	}
	if err := unpack(ctx, d.Image, g.path("rootfs"), defaultLimits); err != nil {
		return g, err
	}
	cfg, err := d.Image.ConfigFile()
	if err != nil {
		return g, fmt.Errorf("cannot read the image's configuration: %w", err)
	}
	p, err := newPlan(g.path("rootfs"), cfg, t.host())
	if err != nil {
		return g, err
	}
	g.spec.Notes = append(p.notes, given.notes...)
	g.spec.Run = p.run
	g.spec.Run.Env = variables{
		image: cfg.Config.Env, given: given.env,
		path: p.search, home: e.data(), tmp: g.path("tmp"),
		ours: append(slices.Clone(g.spec.Markers), "PORT="+strconv.Itoa(port), "GOLDENPATH_ENVIRONMENT="+d.Environment,
			"GOLDENPATH_COMMIT="+d.Commit, "GOLDENPATH_DIGEST="+d.Digest),
	}.list()
	if err := writeJSON(g.path("spec.json"), g.spec); err != nil {
		return g, fmt.Errorf("cannot record generation %d: %w", g.number, err)
	}
	return g, nil
}
