package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Status returns what runs in an environment. It reads the digest from the workloads.
func (t *Target) Status(ctx context.Context, environment string) (target.Running, error) {
	c, err := t.connect(ctx)
	if err != nil {
		return target.Running{}, err
	}
	name := t.namespace(environment)
	ns, err := c.namespaceOf(ctx, name)
	if err != nil {
		return target.Running{}, err
	}
	if ns == nil || !ours(ns) || t.owned(ns, environment) != nil {
		return target.Running{}, fmt.Errorf("cannot read environment %s: %w", environment, target.ErrNotDeployed)
	}
	r := runningOf(ns)
	r.Environment, r.App = environment, t.App
	_, preview := previewName(environment)
	inv, err := c.readInventory(ctx, name)
	if preview && (errors.Is(err, errEdited) || apierrors.IsForbidden(err)) {
		r.Notes = append(r.Notes, err.Error()) // it can be removed all the same
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if inv.Generation == 0 {
		if !preview {
			return target.Running{}, fmt.Errorf("cannot read environment %s: %w", environment, target.ErrNotDeployed)
		}
		return r, nil
	}
	return r, c.inspect(ctx, name, inv, &r)
}

// inspect reads what the workloads in the inventory run.
func (c *cluster) inspect(ctx context.Context, namespace string, inv *inventory, r *target.Running) error {
	r.Alive = inv.Good != nil && !r.Leaving
	known := map[string]bool{r.Digest: true}
	for _, o := range inv.Objects {
		if _, ok := podPaths[o.Kind]; !ok || o.Kind == "Job" || o.Kind == "CronJob" {
			continue
		}
		at, _, err := c.resource(ctx, o.gvk(), namespace)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", o.word(), err)
		}
		u, err := c.get(ctx, at, o.Name)
		if apierrors.IsNotFound(err) {
			r.Alive = false
			r.Notes = append(r.Notes, o.word()+" is gone")
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", o.word(), err)
		}
		if pending, err := unready([]*unstructured.Unstructured{u}); err != nil || len(pending) > 0 && !serves(u) {
			r.Alive = false
		}
		for _, spec := range podSpecs(u) {
			for _, cont := range containers(spec) {
				image, _ := cont["image"].(string)
				repository, digest, ok := strings.Cut(image, "@")
				if ok && inv.Good != nil && repository == inv.Good.repository() && !known[digest] {
					r.Digest = digest
					r.Notes = append(r.Notes, o.word()+" runs "+digest+", which goldenpath did not deploy")
				}
			}
		}
	}
	return nil
}

// serves reports whether a Deployment has a replica that serves requests, even if
// another generation of the Deployment is not ready yet.
func serves(u *unstructured.Unstructured) bool {
	for _, field := range []string{"availableReplicas", "numberAvailable"} {
		if n, _, _ := unstructured.NestedInt64(u.Object, "status", field); n > 0 {
			return true
		}
	}
	return false
}

// namespaceOf returns a namespace, or nil if it does not exist.
func (c *cluster) namespaceOf(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	ns, err := c.get(ctx, c.objects.Resource(namespaces), name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read namespace %s: %w", name, err)
	}
	return ns, nil
}

// podsOf returns the pods of a workload, the oldest first.
func (c *cluster) podsOf(ctx context.Context, namespace string, o *unstructured.Unstructured) (out []unstructured.Unstructured, err error) {
	all, err := c.list(ctx, c.objects.Resource(pods).Namespace(namespace), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		owners := p.GetOwnerReferences()
		if p.GetName() == o.GetName() || slices.ContainsFunc(owners, func(r metav1.OwnerReference) bool { return r.Name == o.GetName() }) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b unstructured.Unstructured) int {
		return a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time)
	})
	return out, nil
}

func mapAt(o map[string]any, key string) map[string]any {
	m, _ := o[key].(map[string]any)
	return m
}
