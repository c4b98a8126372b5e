package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Down removes an environment and waits until it is gone. It is not an error if the
// environment does not exist. For a preview, Down removes the namespace. For any other
// environment it keeps the namespace and removes the objects that were deployed into it.
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
	if err := t.owned(ns, environment); err != nil {
		return err
	}
	if _, preview := previewName(environment); !preview {
		return c.clear(ctx, ns, t.removal())
	}
	return c.removeNamespace(ctx, ns, t.removal())
}

// clear removes the objects in the inventory of a namespace that still belong to
// goldenpath, then the inventory, and then goldenpath's labels.
func (c *cluster) clear(ctx context.Context, ns *unstructured.Unstructured, patience time.Duration) error {
	name := ns.GetName()
	inv, err := c.readInventory(ctx, name)
	if err != nil {
		return err
	}
	if inv.version == "" && ns.GetAnnotations()[stateKey] == "" {
		return nil
	}
	gone := inv.obsolete(nil)
	slices.Reverse(gone)
	left, err := c.prune(ctx, name, gone)
	if err != nil {
		return err
	}
	for _, r := range gone {
		at, _, err := c.resource(ctx, r.gvk(), name)
		if err != nil || slices.ContainsFunc(left, func(note string) bool { return strings.HasPrefix(note, r.word()+" ") }) {
			continue
		}
		if err := c.untilRemoved(ctx, at, r.word(), r.Name, patience); err != nil {
			return err
		}
	}
	for _, own := range []struct {
		of   schema.GroupVersionResource
		name string
	}{{leases, leaseName}, {secrets, inventoryName}} {
		if err := c.remove(ctx, c.objects.Resource(own.of).Namespace(name), own.name, metav1.DeleteOptions{}); err != nil {
			return fmt.Errorf("cannot remove %s of %s: %w", own.name, name, err)
		}
	}
	if err := c.label(ctx, name, ns.GetUID(), nil, ""); !errors.Is(err, target.ErrSuperseded) {
		return err
	}
	return nil // the namespace was removed as well
}

// removeNamespace deletes the namespace with this UID. A namespace that was created
// later with the same name is kept.
func (c *cluster) removeNamespace(ctx context.Context, ns *unstructured.Unstructured, patience time.Duration) error {
	if ns.GetDeletionTimestamp() == nil {
		uid := types.UID(ns.GetUID())
		err := c.remove(ctx, c.objects.Resource(namespaces), ns.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
		if apierrors.IsConflict(err) {
			return fmt.Errorf("cannot remove namespace %s: %w: the namespace was created again", ns.GetName(), target.ErrSuperseded)
		}
		if err != nil {
			return fmt.Errorf("cannot remove namespace %s: %w", ns.GetName(), err)
		}
		c.hurry(ctx, ns.GetName())
	}
	return c.untilGone(ctx, ns, patience)
}

// hurry shortens the grace period of the pods in a namespace that is being removed to
// one second. It ignores errors, because the removal also succeeds without it.
func (c *cluster) hurry(ctx context.Context, namespace string) {
	second := int64(1)
	_ = c.objects.Resource(pods).Namespace(namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &second}, metav1.ListOptions{})
}

// untilGone waits until a namespace is gone. On a timeout the error names what blocks
// the removal.
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
