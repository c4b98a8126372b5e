package kubernetes

import (
	"context"
	"strings"

	"github.com/dustin/go-humanize/english"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hook runs the hooks of an event one after the other. It deletes and creates the object
// of each hook, and waits until a Job or a Pod has succeeded.
func (x *deployment) hook(ctx context.Context, event string) error {
	count := 0
	for _, h := range x.plan.hooks {
		if !h.on(event) {
			continue
		}
		count++
		x.inventory.expect([]*unstructured.Unstructured{h.object})
		if err := x.cluster.writeInventory(ctx, x.namespace, x.inventory); err != nil {
			return leftNamespace(err)
		}
		if err := x.cluster.removeAndWait(ctx, h.object); err != nil {
			return err
		}
		live, err := x.cluster.applyOne(ctx, h.object, x.preview)
		if err != nil {
			return err
		}
		limit := x.Ready.Timeout
		if h.isMigration() {
			limit = x.Migrate.Limit()
		}
		if err := x.cluster.await(ctx, x.namespace, []*unstructured.Unstructured{live}, unfinished, limit, x.Proceed); err != nil {
			if f, ok := isFailure(err); ok {
				if h.isMigration() {
					migrationFailed(f)
				} else {
					f.What = "hook " + event + ": " + f.What
				}
				f.Detail = append(f.Detail, x.hookLog(ctx, live)...)
			}
			return err
		}
		if strings.Contains(h.object.GetAnnotations()["helm.sh/hook-delete-policy"], "hook-succeeded") {
			if err := x.cluster.removeAndWait(ctx, h.object); err != nil {
				return err
			}
		}
	}
	if count > 0 {
		x.say(event, english.Plural(count, "hook", ""))
	}
	return nil
}

// hookObjects returns the objects of the hooks. They are kept after the event, because
// the app may use what they created.
func (p *prepared) hookObjects() (out []*unstructured.Unstructured) {
	for _, h := range p.hooks {
		out = append(out, h.object)
	}
	return out
}

// hookLog returns the last log lines of a failed hook.
func (x *deployment) hookLog(ctx context.Context, o *unstructured.Unstructured) []string {
	all, err := x.cluster.podsOf(ctx, x.namespace, o)
	if err != nil || len(all) == 0 {
		return nil
	}
	p := all[len(all)-1]
	spec, _, _ := unstructured.NestedSlice(p.Object, "spec", "containers")
	for _, e := range spec {
		if m, ok := e.(map[string]any); ok {
			name, _ := m["name"].(string)
			return x.cluster.log(ctx, x.namespace, p.GetName(), name, false, 8)
		}
	}
	return nil
}
