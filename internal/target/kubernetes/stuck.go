package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// stuck returns a failure that names the objects and finalizers that block the removal
// of a namespace.
func (c *cluster) stuck(ctx context.Context, ns *unstructured.Unstructured, patience time.Duration) error {
	f := &target.Failure{
		What:   fmt.Sprintf("namespace %s still exists after %s: its removal is blocked", ns.GetName(), patience),
		Remedy: "repair the controller that owns the finalizer, or remove the finalizer from the object if that controller is gone; the next sweep tries again",
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

// held lists objects of a namespace that have finalizers.
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
