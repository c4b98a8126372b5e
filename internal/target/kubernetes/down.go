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
	if err := t.owned(ns, environment); err != nil {
		return err
	}
	if _, preview := previewName(environment); !preview {
		return c.clear(ctx, ns, t.removal())
	}
	return c.removeNamespace(ctx, ns, t.removal())
}

// clear removes what the inventory of a namespace names and nobody else has taken
// over, the inventory last, and the labels of goldenpath.
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
			return fmt.Errorf("remove %s of %s: %w", own.name, name, err)
		}
	}
	if err := c.label(ctx, name, ns.GetUID(), nil, ""); !errors.Is(err, target.ErrSuperseded) {
		return err
	}
	return nil // the namespace went, too
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
