package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// deployment is one call of Deploy under way.
type deployment struct {
	*Target
	target.Deployment
	cluster   *cluster
	preview   bool
	namespace string
	plan      *prepared
	inventory *inventory
	running   target.Running
	last      time.Time
}

// Deploy brings the artifact into the environment and waits until it answers. It
// may be called again after it was killed anywhere, and by two at once: the later
// waits for the lease of the former.
//
// A *target.Refusal means that nothing was changed; a *target.Failure says what did
// not become ready; target.ErrSuperseded that the environment is another's by now.
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
	if err := x.look(ctx); err != nil {
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
	x.afterFailure(held, f)
	return f
}

// look renders, refuses, and finds what is there.
func (x *deployment) look(ctx context.Context) error {
	ns, err := x.cluster.namespaceOf(ctx, x.namespace)
	if err != nil {
		return err
	}
	if ns != nil && ns.GetDeletionTimestamp() != nil {
		// A pull request that was opened again while its preview is still leaving.
		if err := x.cluster.untilGone(ctx, ns, x.removal()); err != nil {
			return err
		}
		ns = nil
	}
	if ns != nil && x.preview {
		if err := x.owned(ns); err != nil {
			return err
		}
	}
	x.inventory = &inventory{}
	if ns != nil {
		if x.inventory, err = x.cluster.readInventory(ctx, x.namespace); err != nil {
			return err
		}
	}
	x.plan, err = x.prepare(ctx, x.cluster, x.Deployment, x.inventory.Good != nil)
	if err != nil {
		return err
	}
	if known, _ := x.plan.reachable(); !known {
		return &target.Refusal{Problems: []string{"nothing that is rendered says where it answers: set url, or give it an Ingress, or a Service of type NodePort"}}
	}
	x.say("render", fmt.Sprintf("%d objects, %d hooks", len(x.plan.objects), len(x.plan.hooks)))
	return nil
}

// owned refuses a namespace that somebody else has.
func (t *Target) owned(ns *unstructured.Unstructured) error {
	r := runningOf(ns)
	if !ours(ns) {
		return &target.Refusal{Problems: []string{fmt.Sprintf("namespace %s is there, and not goldenpath's: remove it, or give the app another name", ns.GetName())}}
	}
	if r.Tags.Repository != t.Repository && r.Environment != "" {
		return &target.Refusal{Problems: []string{fmt.Sprintf("namespace %s is of repository %s, not of %s: give the app another name", ns.GetName(), clip(r.Tags.Repository), t.Repository)}}
	}
	return nil
}

// makeNamespace makes the namespace with everything that says whose it is in one
// call: there is no moment in which a preview could not be found.
func (x *deployment) makeNamespace(ctx context.Context) error {
	now, err := x.cluster.now(ctx)
	if err != nil {
		return err
	}
	x.running = target.Running{
		Environment: x.Environment, App: x.Deployment.App, Commit: x.Commit, Digest: x.Digest, Tags: x.Tags, Place: "namespace " + x.namespace,
		Generation: x.inventory.Generation, Started: x.inventory.Started, Notes: x.plan.notes,
	}
	if x.Image != nil {
		digest, err := x.Image.Digest()
		if err != nil {
			return fmt.Errorf("read the image: %w", err)
		}
		x.running.PlatformDigest = digest.String()
	}
	if x.inventory.Hash != x.plan.hash || x.running.Generation == 0 {
		x.running.Generation, x.running.Started = x.inventory.Generation+1, now.UTC().Truncate(time.Second)
	}
	return x.mark(ctx)
}

// mark writes what is known of the environment onto its namespace.
func (x *deployment) mark(ctx context.Context) error {
	o := object("v1", "Namespace", "", x.namespace, nil)
	if x.preview {
		all := labels(x.running, x.Isolation.CostCentre)
		all["pod-security.kubernetes.io/enforce"] = "restricted"
		all["pod-security.kubernetes.io/warn"] = "restricted"
		o.SetLabels(all)
	} else {
		o.SetLabels(labels(x.running, ""))
	}
	state, err := stateOf(x.running)
	if err != nil {
		return err
	}
	o.SetAnnotations(map[string]string{stateKey: state})
	if _, err := x.cluster.apply(ctx, x.cluster.objects.Resource(namespaces), o); err != nil {
		if leaving(err) || apierrors.IsConflict(err) {
			return fmt.Errorf("mark namespace %s: %w", x.namespace, target.ErrSuperseded)
		}
		return fmt.Errorf("make namespace %s: %w", x.namespace, err)
	}
	return nil
}

// replace brings the generation in, under the lease.
func (x *deployment) replace(ctx context.Context) (err error) {
	c := x.cluster
	before := x.inventory
	if x.inventory, err = c.readInventory(ctx, x.namespace); err != nil {
		return err
	}
	if x.inventory.Generation != before.Generation || x.inventory.Hash != before.Hash {
		// Another deployment was faster: this one comes after it.
		if err := x.makeNamespace(ctx); err != nil {
			return err
		}
	}
	if err := x.Proceed(); err != nil {
		return err
	}
	x.inventory.Generation, x.inventory.Hash, x.inventory.Started = x.running.Generation, x.plan.hash, x.running.Started
	support := x.secretObjects(x.namespace, x.Deployment)
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
	if _, err := c.applyAll(ctx, support, true); err != nil {
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
	if err := c.await(ctx, x.namespace, live, x.Ready.Timeout, x.Proceed); err != nil {
		return err
	}
	x.say("wait", workloads(live))
	if gone := x.inventory.obsolete(append(append([]*unstructured.Unstructured{}, x.plan.objects...), support...)); len(gone) > 0 {
		if err := c.prune(ctx, x.namespace, gone); err != nil {
			return err
		}
		x.say("prune", fmt.Sprintf("%d objects that are not deployed any more", len(gone)))
	}
	if err := x.hook(ctx, "post-"+event); err != nil {
		return err
	}
	if err := x.answer(ctx, live); err != nil {
		return err
	}
	if err := x.Proceed(); err != nil {
		return err
	}
	return x.settle(ctx)
}

// answer waits until the URL is healthy and answers as this commit.
func (x *deployment) answer(ctx context.Context, live []*unstructured.Unstructured) (err error) {
	c := x.cluster
	if x.running.URL, err = c.address(ctx, x.plan, live); err != nil {
		return err
	}
	if err := x.verifyImages(ctx); err != nil {
		return err
	}
	proof, err := target.WaitReady(ctx, x.running.URL, x.Ready, []string{x.Commit, x.Digest, x.running.PlatformDigest}, x.Proceed)
	if err != nil {
		if ctx.Err() != nil || errors.Is(err, target.ErrSuperseded) {
			return err
		}
		return &target.Failure{
			What: x.running.URL + " does not answer as it should", Detail: append([]string{err.Error()}, c.warnings(ctx, x.namespace, 2)...),
			Remedy: "look at preview.ready and at what the app logs; the URL must reach the cluster from here",
		}
	}
	x.say("ready", proof.Health+"; "+proof.Version)
	return nil
}

// settle makes the generation the one that is known to be good.
func (x *deployment) settle(ctx context.Context) error {
	err := x.inventory.settle(good{
		Generation: x.running.Generation, Hash: x.plan.hash, Commit: x.Commit, Digest: x.Digest, PlatformDigest: x.running.PlatformDigest,
		Started: x.running.Started, URL: x.running.URL, Reference: x.Reference,
	}, x.plan.objects)
	if err != nil {
		return fmt.Errorf("record generation %d: %w", x.running.Generation, err)
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

// afterFailure brings the generation before back, or removes what did not become
// ready, and says so.
func (x *deployment) afterFailure(ctx context.Context, f *target.Failure) {
	c := x.cluster
	if !x.KeepFailed && x.preview {
		if err := x.Down(ctx, x.Environment); err != nil {
			f.Kept = "namespace " + x.namespace + ": it could not be removed: " + err.Error()
			return
		}
		f.Kept = "nothing: it was removed (on-failure: remove)"
		return
	}
	g := x.inventory.Good
	if g == nil {
		f.Kept = "namespace " + x.namespace + " to look at"
		return
	}
	all, err := x.inventory.restore()
	if err == nil && all == nil {
		err = errors.New("it was too large to be kept")
	}
	var live []*unstructured.Unstructured
	if err == nil {
		live, err = c.applyAll(ctx, all, x.preview)
	}
	if err == nil {
		err = c.await(ctx, x.namespace, live, x.Ready.Timeout, func() error { return nil })
	}
	if err != nil {
		f.Kept = fmt.Sprintf("namespace %s; generation %d could not be brought back: %v", x.namespace, g.Generation, err)
		return
	}
	support := x.secretObjects(x.namespace, x.Deployment)
	gone := x.inventory.obsolete(append(all, support...))
	x.inventory.Hash = g.Hash
	x.running.Commit, x.running.Digest, x.running.PlatformDigest, x.running.URL = g.Commit, g.Digest, g.PlatformDigest, g.URL
	x.running.Generation, x.running.Started = g.Generation, g.Started
	err = c.prune(ctx, x.namespace, gone)
	if err == nil {
		err = c.writeInventory(ctx, x.namespace, x.inventory)
	}
	if err == nil {
		err = x.mark(ctx)
	}
	f.Kept = fmt.Sprintf("generation %d (%s) serves again", g.Generation, short7(g.Commit))
	if err != nil {
		f.Kept += "; " + err.Error()
	}
}

func short7(commit string) string { return commit[:min(7, len(commit))] }

func leftNamespace(err error) error {
	if leaving(err) {
		return fmt.Errorf("%w: the namespace is being removed", target.ErrSuperseded)
	}
	return err
}

// say tells of a phase that has just ended.
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

// mask takes the secrets out of what the cluster or the app said.
func (x *deployment) mask(err error) error {
	f, ok := isFailure(err)
	if !ok {
		return err
	}
	hide := func(s string) string {
		for _, secret := range x.Secrets {
			if len(secret.Value) >= 4 {
				s = strings.ReplaceAll(s, secret.Value, "***")
			}
		}
		if x.PullSecret != "" {
			s = strings.ReplaceAll(s, x.PullSecret, "***")
		}
		return s
	}
	f.What, f.Kept = hide(f.What), hide(f.Kept)
	for i := range f.Detail {
		f.Detail[i] = hide(f.Detail[i])
	}
	return f
}
