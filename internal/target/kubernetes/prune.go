package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// removeTimeout is how long to wait until one object is gone.
const removeTimeout = 2 * time.Minute

// prune removes objects that are no longer part of the deployment. It returns a note
// about each object that it keeps, either because another user has created the object
// again or because the chart requests to keep it.
func (c *cluster) prune(ctx context.Context, namespace string, gone []ref) (left []string, err error) {
	background := metav1.DeletePropagationBackground
	for _, g := range gone {
		r, namespaced, err := c.resource(ctx, g.gvk(), namespace)
		if meta.IsNoMatchError(err) || err == nil && !namespaced {
			continue // the kind is gone, and its objects with it
		}
		if err != nil {
			return left, fmt.Errorf("could not remove %s, which is no longer part of the deployment: %w", g.word(), err)
		}
		live, err := c.get(ctx, r, g.Name)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return left, fmt.Errorf("could not remove %s, which is no longer part of the deployment: %w", g.word(), err)
		}
		switch {
		case !mine(live):
			left = append(left, g.word()+" is no longer part of the deployment but stays, because something else created it again")
			continue
		case live.GetAnnotations()["helm.sh/resource-policy"] == "keep":
			left = append(left, g.word()+" is no longer part of the deployment but stays, because of helm.sh/resource-policy: keep")
			continue
		}
		uid := live.GetUID()
		err = c.remove(ctx, r, g.Name, metav1.DeleteOptions{PropagationPolicy: &background, Preconditions: &metav1.Preconditions{UID: &uid}})
		if err != nil && !apierrors.IsConflict(err) {
			return left, fmt.Errorf("could not remove %s, which is no longer part of the deployment: %w", g.word(), err)
		}
	}
	return left, nil
}

// mine reports whether goldenpath has applied the object, or the object has goldenpath's
// label.
func mine(o *unstructured.Unstructured) bool {
	for _, f := range o.GetManagedFields() {
		if f.Manager == manager {
			return true
		}
	}
	return o.GetLabels()[managedBy] == manager
}

// foreign refuses objects that exist already and were not created by goldenpath: this
// deployment would overwrite them, and a later deployment could remove them.
func (x *deployment) foreign(ctx context.Context) error {
	known := map[string]bool{}
	for _, r := range x.inventory.Objects {
		known[r.String()] = true
	}
	var problems []string
	for _, o := range slices.Concat(x.plan.objects, x.plan.hookObjects()) {
		if known[refOf(o).String()] {
			continue
		}
		r, _, err := x.cluster.resource(ctx, o.GroupVersionKind(), x.namespace)
		if err != nil {
			return err
		}
		live, err := x.cluster.get(ctx, r, o.GetName())
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", refOf(o).word(), err)
		}
		if !mine(live) {
			problems = append(problems, fmt.Sprintf("%s: metadata.name: it exists in namespace %s and was not created by goldenpath: rename it, or assign it with the label %s=%s", refOf(o).word(), x.namespace, managedBy, manager))
		}
	}
	if len(problems) > 0 {
		return &target.Refusal{Problems: problems}
	}
	return nil
}

// removeAndWait deletes an object with its dependents, and waits until it is gone.
func (c *cluster) removeAndWait(ctx context.Context, o *unstructured.Unstructured) error {
	r, _, err := c.resource(ctx, o.GroupVersionKind(), o.GetNamespace())
	if err != nil {
		return err
	}
	foreground := metav1.DeletePropagationForeground
	if err := c.remove(ctx, r, o.GetName(), metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
		return fmt.Errorf("cannot remove %s/%s: %w", o.GetKind(), o.GetName(), err)
	}
	return c.untilRemoved(ctx, r, refOf(o).word(), o.GetName(), removeTimeout)
}

// untilRemoved waits until an object is gone. On a timeout the error names its finalizers.
func (c *cluster) untilRemoved(ctx context.Context, r dynamic.ResourceInterface, word, name string, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for wait := 50 * time.Millisecond; ; wait = min(wait*3/2, time.Second) {
		live, err := c.get(ctx, r, name)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot wait for the removal of %s: %w", word, err)
		}
		if time.Now().After(deadline) {
			return &target.Failure{
				What: fmt.Sprintf("%s still exists after %s", word, patience), Detail: []string{"its finalizers: " + clip(strings.Join(live.GetFinalizers(), ", "))},
				Remedy: "repair the controller that owns the finalizer, or remove the finalizer",
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}
