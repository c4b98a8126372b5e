package host

import (
	"context"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Hello describes this server to the holder of a key.
func (h *Host) Hello(ctx context.Context, key Key) (protocol.Hello, error) {
	name, err := os.Hostname()
	if err != nil {
		return protocol.Hello{}, err
	}
	p := artifact.HostPlatform()
	out := protocol.Hello{Protocol: protocol.Version, Version: h.Version, Host: name, Time: time.Now().UTC(), Platform: p.OS + "/" + p.Architecture, Role: key.Role, Apps: key.Apps}
	problem := func(err error) {
		if err != nil {
			out.Problems = append(out.Problems, strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
	out.Engine, err = h.engine.describe(ctx)
	problem(err)
	out.Proxy, err = h.proxy.describe(ctx)
	problem(err)
	out.Disk, err = space(h.Dir)
	problem(err)
	problem(h.disk(0))
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil {
		out.Memory = protocol.Space{Total: info.Totalram * uint64(info.Unit), Free: (info.Freeram + info.Bufferram) * uint64(info.Unit)}
	}
	if h.units.active(ctx, sweepTimer) == "active" {
		out.Sweep = SweepEvery.String()
	} else {
		out.Problems = append(out.Problems, "the timer that removes expired previews is not active: run goldenpath host install on the server again")
	}
	out.Problems = append(out.Problems, h.notes()...)
	return out, nil
}

// sweepTimer is the timer that removes what has expired and repairs what a killed call has left.
const sweepTimer = "goldenpath-sweep.timer"

// guardTimer is the timer that looks whether the disk fills up.
const guardTimer = "goldenpath-guard.timer"

// SweepEvery is how often the timer of a server removes what has expired.
const SweepEvery = 5 * time.Minute

// Plan says what a deployment would do. It changes nothing.
func (h *Host) Plan(ctx context.Context, s protocol.Spec) (target.Plan, error) {
	address, err := h.accept(s)
	if err != nil {
		return target.Plan{}, err
	}
	// A server costs the same whatever runs on it, so nothing is requested that has a price.
	p := target.Plan{Place: "server " + slugOf(s.App, s.Environment)}
	what := "create"
	if e, err := h.find(s.App, s.Environment); err == nil && e.Serving != 0 {
		what = "change"
	}
	p.Changes = append(p.Changes, target.Change{Object: "container of " + s.Environment, What: what}, target.Change{Object: "route " + address, What: what})
	for _, k := range target.ServiceKinds {
		if k.Of(s.Services).Version > 0 && what == "create" {
			p.Changes = append(p.Changes, target.Change{Object: k.Name, What: "create"})
		}
	}
	return p, nil
}
