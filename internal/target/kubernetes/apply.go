package kubernetes

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// applyAll applies the objects stage by stage, those of one stage concurrently. It
// returns the objects as the server stores them.
func (c *cluster) applyAll(ctx context.Context, all []*unstructured.Unstructured, recreate bool) ([]*unstructured.Unstructured, error) {
	out := make([]*unstructured.Unstructured, len(all))
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && stageOf(all[to].GetKind()) == stageOf(all[from].GetKind()) {
			to++
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(8)
		for i := from; i < to; i++ {
			g.Go(func() (err error) {
				out[i], err = c.applyOne(ctx, all[i], recreate)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		from = to
	}
	return out, nil
}

// applyOne applies an object. If an immutable field has changed, it deletes and
// recreates the object: a Job always, others only if recreate is set.
func (c *cluster) applyOne(ctx context.Context, o *unstructured.Unstructured, recreate bool) (*unstructured.Unstructured, error) {
	r, _, err := c.resource(ctx, o.GroupVersionKind(), o.GetNamespace())
	if err != nil {
		return nil, err
	}
	live, err := c.apply(ctx, r, o)
	if apierrors.IsInvalid(err) && strings.Contains(err.Error(), "immutable") && (recreate || o.GetKind() == "Job") {
		if err := c.removeAndWait(ctx, o); err != nil {
			return nil, err
		}
		live, err = c.apply(ctx, r, o)
	}
	if err == nil {
		return live, nil
	}
	name := o.GetKind() + "/" + o.GetName()
	switch {
	case leaving(err):
		return nil, fmt.Errorf("cannot apply %s: %w: namespace %s is being removed", name, target.ErrSuperseded, o.GetNamespace())
	case undeclared(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return nil, &target.Failure{What: "the cluster rejected " + name, Detail: []string{clipText(err.Error())}, Remedy: "correct the object in the repository"}
	case apierrors.IsForbidden(err):
		return nil, &target.Failure{What: "the cluster rejected " + name, Detail: []string{clipText(err.Error())}, Remedy: "grant the deployer that right, request less, or raise the quota (preview.isolation)"}
	}
	return nil, fmt.Errorf("cannot apply %s: %w", name, err)
}

// leaving reports whether err means that the namespace is being removed, or is gone.
func leaving(err error) bool {
	return apierrors.HasStatusCause(err, "NamespaceTerminating") ||
		apierrors.IsNotFound(err) && strings.Contains(err.Error(), "namespaces ")
}

// clipText shortens text from a server or an app.
func clipText(s string) string {
	const most = 600
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
