package kubernetes

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Down removes an environment, and waits until it is gone. One that is gone
// already is no error. Of a preview that is the namespace; another environment
// keeps its namespace, and loses what was deployed into it.
func (t *Target) Down(ctx context.Context, environment string) error {
	c, err := t.connect(ctx)
	if err != nil {
		return err
	}
	name := t.namespace(environment)
	ns, err := c.namespaceOf(ctx, name)
	if err != nil || ns == nil {
		return err
	}
	if _, preview := previewName(environment); !preview {
		return c.clear(ctx, name)
	}
	if err := t.owned(ns); err != nil {
		return err
	}
	return c.removeNamespace(ctx, ns, t.removal())
}

// clear removes what the inventory of a namespace names, and the inventory last.
func (c *cluster) clear(ctx context.Context, namespace string) error {
	inv, err := c.readInventory(ctx, namespace)
	if err != nil {
		return err
	}
	gone := inv.obsolete(nil)
	slices.Reverse(gone)
	if err := c.prune(ctx, namespace, gone); err != nil {
		return err
	}
	for _, r := range gone {
		at, _, err := c.resource(ctx, r.gvk(), namespace)
		if err != nil {
			continue
		}
		for {
			if _, err := c.get(ctx, at, r.Name); err != nil {
				break
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	if err := c.remove(ctx, c.objects.Resource(leases).Namespace(namespace), leaseName, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return c.remove(ctx, c.objects.Resource(secrets).Namespace(namespace), inventoryName, metav1.DeleteOptions{})
}

// removeNamespace deletes exactly the namespace that was looked at: one that was
// made anew under its name meanwhile stays.
func (c *cluster) removeNamespace(ctx context.Context, ns *unstructured.Unstructured, patience time.Duration) error {
	if ns.GetDeletionTimestamp() == nil {
		uid := types.UID(ns.GetUID())
		err := c.remove(ctx, c.objects.Resource(namespaces), ns.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
		if apierrors.IsConflict(err) {
			return fmt.Errorf("remove namespace %s: %w: it was made anew meanwhile", ns.GetName(), target.ErrSuperseded)
		}
		if err != nil {
			return fmt.Errorf("remove namespace %s: %w", ns.GetName(), err)
		}
		c.hurry(ctx, ns.GetName())
	}
	return c.untilGone(ctx, ns, patience)
}

// hurry gives the pods of a namespace that is being removed a second instead of
// their grace period: nobody is served any more. The removal does not need it.
func (c *cluster) hurry(ctx context.Context, namespace string) {
	second := int64(1)
	_ = c.objects.Resource(pods).Namespace(namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &second}, metav1.ListOptions{})
}

// untilGone waits for the end of a namespace, and says what holds it.
func (c *cluster) untilGone(ctx context.Context, ns *unstructured.Unstructured, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for wait := 100 * time.Millisecond; ; wait = min(wait*3/2, time.Second) {
		live, err := c.namespaceOf(ctx, ns.GetName())
		if err != nil {
			return err
		}
		if live == nil || live.GetUID() != ns.GetUID() {
			return nil
		}
		if time.Now().After(deadline) {
			return c.stuck(ctx, live, patience)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// stuck says which objects and finalizers keep a namespace.
func (c *cluster) stuck(ctx context.Context, ns *unstructured.Unstructured, patience time.Duration) error {
	f := &target.Failure{
		What:   fmt.Sprintf("namespace %s is still there after %s: something holds it", ns.GetName(), patience),
		Remedy: "repair the controller that owns the finalizer, or take the finalizer off the object if that controller is gone; the next sweep tries again",
		Kept:   "namespace " + ns.GetName() + ", which is being removed",
	}
	conditions, _, _ := unstructured.NestedSlice(ns.Object, "status", "conditions")
	for _, e := range conditions {
		m, _ := e.(map[string]any)
		text, _ := m["message"].(string)
		kind, _ := m["type"].(string)
		if m["status"] == "True" && (strings.HasSuffix(kind, "Remaining") || strings.HasSuffix(kind, "Failure")) {
			f.Detail = append(f.Detail, clipText(text))
		}
	}
	f.Detail = append(f.Detail, c.held(ctx, ns.GetName())...)
	if own := ns.GetFinalizers(); len(own) > 0 {
		f.Detail = append(f.Detail, "the namespace itself has the finalizers "+strings.Join(own, ", "))
	}
	return f
}

// held names objects of a namespace that have finalizers.
func (c *cluster) held(ctx context.Context, namespace string) (out []string) {
	_, lists, err := c.discover.ServerGroupsAndResources()
	if err != nil && len(lists) == 0 {
		return nil
	}
	for _, l := range lists {
		for _, r := range l.APIResources {
			if !r.Namespaced || strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list") || len(out) >= 5 {
				continue
			}
			gvr := namespaces
			gvr.Group, gvr.Version, _ = cutGroup(l.GroupVersion)
			gvr.Resource = r.Name
			all, err := c.metadata.Resource(gvr).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: 50})
			if err != nil {
				continue
			}
			for _, o := range all.Items {
				if len(o.GetFinalizers()) > 0 {
					out = append(out, clip(fmt.Sprintf("%s/%s has the finalizer %s", r.Kind, o.GetName(), strings.Join(o.GetFinalizers(), ", "))))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func cutGroup(groupVersion string) (group, version string, ok bool) {
	if group, version, ok = strings.Cut(groupVersion, "/"); ok {
		return group, version, true
	}
	return "", groupVersion, false
}

// List walks the previews of the repository's app, a page of 500 at a time: what is
// kept of each is what its namespace says of itself.
func (t *Target) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return func(yield func(target.Running, error) bool) {
		c, err := t.connect(ctx)
		if err != nil {
			yield(target.Running{}, err)
			return
		}
		selector := map[string]string{kindLabel: "preview", Domain + "/app": labelValue(t.App)}
		if t.Repository != "" {
			selector[repositoryLabel] = labelValue(t.Repository)
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(selector)) {
			parts = append(parts, k+"="+selector[k])
		}
		if t.Repository == "" {
			parts = append(parts, "!"+repositoryLabel)
		}
		o := metav1.ListOptions{LabelSelector: strings.Join(parts, ","), Limit: 500}
		for {
			var page *metav1.PartialObjectMetadataList
			err := c.try(ctx, func(ctx context.Context) (err error) {
				page, err = c.metadata.Resource(namespaces).List(ctx, o)
				return err
			})
			if apierrors.IsResourceExpired(err) && o.Continue != "" {
				// Removals between two pages are slow: what is left is asked for anew.
				o.Continue = ""
				continue
			}
			if err != nil {
				yield(target.Running{}, fmt.Errorf("list the previews in %s: %w", c.host, err))
				return
			}
			for i := range page.Items {
				r := runningOf(&page.Items[i])
				r.Alive = !r.Leaving
				if !yield(r, nil) {
					return
				}
			}
			if o.Continue = page.Continue; o.Continue == "" {
				return
			}
		}
	}
}

// Plan tells what Deploy would do, and changes nothing.
func (t *Target) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	c, err := t.connect(ctx)
	if err != nil {
		return target.Plan{}, err
	}
	x := &deployment{Target: t, Deployment: d, cluster: c, namespace: t.namespace(d.Environment), last: time.Now()}
	x.Say = func(target.Phase) {}
	_, x.preview = previewName(d.Environment)
	if err := x.look(ctx); err != nil {
		return target.Plan{}, err
	}
	p := target.Plan{Place: "namespace " + x.namespace, Requests: requests(x.plan.objects), Notes: x.plan.notes}
	if c.context != "" {
		p.Place += " of " + c.context
	}
	have := map[string]bool{}
	for _, r := range x.inventory.Objects {
		have[r.String()] = true
	}
	for _, o := range x.plan.objects {
		what := "create"
		if have[refOf(o).String()] {
			what = "change"
			if x.inventory.Hash == x.plan.hash {
				what = "keep"
			}
		}
		p.Changes = append(p.Changes, target.Change{Object: refOf(o).word(), What: what})
	}
	inv := *x.inventory
	inv.Objects = slices.Clone(inv.Objects)
	support := x.secretObjects(x.namespace, d)
	for _, r := range inv.obsolete(append(slices.Clone(x.plan.objects), support...)) {
		p.Changes = append(p.Changes, target.Change{Object: r.word(), What: "remove"})
	}
	return p, nil
}
