package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// deployment is one call of Deploy.
type deployment struct {
	*Target
	target.Deployment
	cluster   *cluster
	preview   bool
	namespace string
	uid       types.UID // of the namespace; "": there is none yet
	holder    string    // of the lease
	plan      *prepared
	services  []*unstructured.Unstructured // beside the app
	kinds     []*target.ServiceKind        // of services
	inventory *inventory
	running   target.Running
	last      time.Time
}

// Deploy deploys the artifact into the environment and waits until the environment is
// ready. If Deploy is killed at any point, it can be called again. Of two concurrent
// calls, the later one waits for the lease of the earlier one.
//
// The error is a *target.Refusal if nothing was changed, a *target.Failure if an object
// or the app did not become ready, and target.ErrSuperseded if another deployment or a
// removal has taken over.
func (t *Target) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	if d.Proceed == nil {
		d.Proceed = func() error { return nil }
	}
	if d.Say == nil {
		d.Say = func(target.Phase) {}
	}
	if d.Ready.Timeout <= 0 {
		d.Ready.Timeout = time.Minute
	}
	c, err := t.connect(ctx)
	if err != nil {
		return target.Running{}, err
	}
	_, preview := previewName(d.Environment)
	x := &deployment{Target: t, Deployment: d, cluster: c, preview: preview, namespace: t.namespace(d.Environment), last: time.Now()}
	err = x.run(ctx)
	return x.running, x.mask(err)
}

func (x *deployment) run(ctx context.Context) error {
	if err := x.inspect(ctx); err != nil {
		return err
	}
	if err := x.Proceed(); err != nil {
		return err
	}
	if err := x.makeNamespace(ctx); err != nil {
		return err
	}
	held, l, err := x.cluster.acquire(ctx, x.namespace, x.Proceed, x.Say)
	if err != nil {
		return err
	}
	defer l.release(ctx)
	x.holder = l.holder
	err = x.replace(held)
	if err == nil {
		return nil
	}
	if held.Err() != nil && ctx.Err() == nil {
		return context.Cause(held)
	}
	f, failed := isFailure(err)
	if !failed || ctx.Err() != nil || errors.Is(err, target.ErrSuperseded) {
		return err
	}
	x.afterFailure(ctx, held, f)
	return f
}

// inspect reads the current state, renders the objects and checks them. It changes
// nothing.
func (x *deployment) inspect(ctx context.Context) error {
	ns, err := x.cluster.namespaceOf(ctx, x.namespace)
	if err != nil {
		return err
	}
	if ns != nil && ns.GetDeletionTimestamp() != nil {
		// The pull request was reopened while its preview is still being removed.
		if err := x.cluster.untilGone(ctx, ns, x.removal()); err != nil {
			return err
		}
		ns = nil
	}
	x.inventory = &inventory{}
	if ns != nil {
		if err := x.owned(ns, x.Environment); err != nil {
			return err
		}
		x.uid = ns.GetUID()
		if x.inventory, err = x.cluster.readInventory(ctx, x.namespace); err != nil {
			return err
		}
	}
	if err := x.addServices(ctx, ns != nil); err != nil {
		return err
	}
	x.plan, err = x.prepare(ctx, x.cluster, x.Deployment, x.inventory.Good != nil)
	if err != nil {
		return err
	}
	if err := x.checkAddress(ctx); err != nil {
		return err
	}
	if ns != nil && !x.preview {
		if err := x.foreign(ctx); err != nil {
			return err
		}
	}
	x.say("render", english.Plural(len(x.plan.objects), "object", "")+", "+english.Plural(len(x.plan.hooks), "hook", ""))
	return nil
}

// replace deploys the new generation. The caller must hold the lease.
func (x *deployment) replace(ctx context.Context) (err error) {
	c := x.cluster
	before := x.inventory
	if x.inventory, err = c.readInventory(ctx, x.namespace); err != nil {
		return err
	}
	if x.inventory.Generation != before.Generation || x.inventory.Hash != before.Hash {
		// Another deployment ended in the meantime: this one gets the next generation.
		if err := x.makeNamespace(ctx); err != nil {
			return err
		}
	}
	if err := x.Proceed(); err != nil {
		return err
	}
	x.inventory.Holder = x.holder
	x.inventory.Generation, x.inventory.Hash, x.inventory.Started = x.running.Generation, x.plan.hash, x.running.Started
	support, fresh := x.support(), x.firstTime(x.inventory)
	x.inventory.expect(x.plan.objects)
	x.inventory.expect(support)
	if err := c.writeInventory(ctx, x.namespace, x.inventory); err != nil {
		return leftNamespace(err)
	}
	if x.preview {
		_, open := x.plan.reachable()
		if _, err := c.applyAll(ctx, x.walls(x.namespace, open), true); err != nil {
			return err
		}
	}
	started, err := c.applyAll(ctx, support, true)
	if err != nil {
		return err
	}
	if err := x.startServices(ctx, started); err != nil {
		return err
	}
	if _, err := c.applyAll(ctx, fresh, x.preview); err != nil {
		return err
	}
	event := "install"
	if x.inventory.Good != nil {
		event = "upgrade"
	}
	if err := x.hook(ctx, "pre-"+event); err != nil {
		return err
	}
	live, err := c.applyAll(ctx, x.plan.objects, x.preview)
	if err != nil {
		return err
	}
	x.say("apply", fmt.Sprintf("%d objects in %s, generation %d", len(live), x.namespace, x.running.Generation))
	if err := c.await(ctx, x.namespace, live, unready, x.Ready.Timeout, x.Proceed); err != nil {
		return err
	}
	x.say("wait", workloads(live))
	if gone := x.inventory.obsolete(slices.Concat(x.plan.objects, x.plan.hookObjects(), support)); len(gone) > 0 {
		left, err := c.prune(ctx, x.namespace, gone)
		if err != nil {
			return err
		}
		x.running.Notes = append(x.running.Notes, left...)
		x.say("prune", fmt.Sprintf("%d objects that are no longer part of the deployment", len(gone)-len(left)))
	}
	if err := x.hook(ctx, "post-"+event); err != nil {
		return err
	}
	if err := x.waitReady(ctx, live); err != nil {
		return err
	}
	if err := x.Proceed(); err != nil {
		return err
	}
	return x.recordGood(ctx)
}

// recordGood records the generation as the last good generation, which is restored after
// a later failure.
func (x *deployment) recordGood(ctx context.Context) error {
	err := x.inventory.setGood(good{
		Generation: x.running.Generation, Hash: x.plan.hash, Commit: x.Commit, Digest: x.Digest, PlatformDigest: x.running.PlatformDigest,
		Started: x.running.Started, URL: x.running.URL, Reference: x.Reference,
	}, x.plan.objects)
	if err != nil {
		return fmt.Errorf("cannot record generation %d: %w", x.running.Generation, err)
	}
	if err := x.cluster.writeInventory(ctx, x.namespace, x.inventory); err != nil {
		return leftNamespace(err)
	}
	if err := x.mark(ctx); err != nil {
		return err
	}
	x.running.Alive = true
	return nil
}

func leftNamespace(err error) error {
	if leaving(err) {
		return fmt.Errorf("this deployment was %w: its namespace is being removed", target.ErrSuperseded)
	}
	return err
}

// say reports a phase that has just ended to the caller's progress function.
func (x *deployment) say(name, detail string) {
	p := target.Phase{Name: name, Detail: detail, Seconds: time.Since(x.last).Seconds()}
	x.last = time.Now()
	x.running.Phases = append(x.running.Phases, p)
	x.Say(p)
}

func workloads(live []*unstructured.Unstructured) string {
	var names []string
	for _, o := range live {
		if _, ok := podPaths[o.GetKind()]; ok {
			names = append(names, word(o))
		}
	}
	if len(names) > 4 {
		names = append(names[:4], fmt.Sprintf("%d more", len(names)-4))
	}
	return strings.Join(names, ", ")
}
