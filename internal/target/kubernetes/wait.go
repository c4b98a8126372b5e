package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// await waits until the function missing returns no object. It ends early with a
// *target.Failure once it finds a reason that more waiting cannot remove.
func (c *cluster) await(ctx context.Context, namespace string, all []*unstructured.Unstructured, missing judge, timeout time.Duration, proceed func() error) error {
	pending, err := missing(all)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(timeout)
	checked := time.Now()
	for wait := 100 * time.Millisecond; len(pending) > 0; wait = min(wait*3/2, time.Second) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		var live []*unstructured.Unstructured
		for _, o := range pending {
			r, _, err := c.resource(ctx, o.GroupVersionKind(), namespace)
			if err != nil {
				return err
			}
			u, err := c.get(ctx, r, o.GetName())
			if ttl := mapAt(o.Object, "spec")["ttlSecondsAfterFinished"]; apierrors.IsNotFound(err) && o.GetKind() == "Job" && ttl != nil {
				continue // it has completed, and its TTL has removed it
			}
			if apierrors.IsNotFound(err) {
				return fmt.Errorf("the wait for %s/%s was %w: the object was removed", o.GetKind(), o.GetName(), target.ErrSuperseded)
			}
			if err != nil {
				return fmt.Errorf("cannot wait for %s/%s: %w", o.GetKind(), o.GetName(), err)
			}
			live = append(live, u)
		}
		if pending, err = missing(live); err != nil || len(pending) == 0 {
			return err
		}
		late := time.Now().After(deadline)
		if !late && time.Since(checked) < time.Second {
			continue
		}
		checked = time.Now()
		if err := proceed(); err != nil {
			return err
		}
		reason, err := c.diagnose(ctx, namespace, pending)
		if err != nil {
			return err
		}
		switch {
		case reason != nil && (reason.final || late):
			return reason.failure()
		case late:
			return c.timeout(ctx, namespace, pending, timeout)
		}
	}
	return nil
}

// judge returns the objects that await must still wait for.
type judge func([]*unstructured.Unstructured) ([]*unstructured.Unstructured, error)

// unfinished returns the Jobs and Pods that have not completed, and objects of other
// kinds that are not ready. It is used for hooks, which must complete.
func unfinished(all []*unstructured.Unstructured) (pending []*unstructured.Unstructured, err error) {
	for _, o := range all {
		switch o.GetKind() {
		case "Job":
			if !hasCondition(o, "Complete") {
				pending = append(pending, o)
			}
		case "Pod":
			if mapAt(o.Object, "status")["phase"] != "Succeeded" {
				pending = append(pending, o)
			}
		default:
			more, err := unready([]*unstructured.Unstructured{o})
			if err != nil {
				return nil, err
			}
			pending = append(pending, more...)
		}
	}
	return pending, nil
}

func hasCondition(o *unstructured.Unstructured, kind string) bool {
	return slices.ContainsFunc(mappings(mapAt(o.Object, "status")["conditions"]), func(c map[string]any) bool {
		return c["type"] == kind && c["status"] == "True"
	})
}

// unready returns the objects that are not ready according to the library kstatus. A claim of
// a volume is none of them: a pod that mounts it waits for it, and where its class binds it
// with the first pod, one that only a CronJob mounts stays pending.
func unready(all []*unstructured.Unstructured) (pending []*unstructured.Unstructured, err error) {
	for _, o := range all {
		if o.GetKind() == "PersistentVolumeClaim" {
			continue
		}
		res, err := status.Compute(o)
		if err != nil {
			return nil, fmt.Errorf("cannot read the status of %s/%s: %w", o.GetKind(), o.GetName(), err)
		}
		if res.Status != status.CurrentStatus {
			pending = append(pending, o)
		}
	}
	return pending, nil
}

// timeout returns the failure for a deployment that timed out for no known reason.
func (c *cluster) timeout(ctx context.Context, namespace string, pending []*unstructured.Unstructured, after time.Duration) error {
	o := pending[0]
	f := &target.Failure{
		NotUp: true, What: fmt.Sprintf("%s/%s is not ready after %s", o.GetKind(), o.GetName(), after),
		Remedy: "find out what it waits for; a longer ready.timeout gives it more time",
	}
	if res, err := status.Compute(o); err == nil && res.Message != "" {
		f.Detail = append(f.Detail, clipText(res.Message))
	}
	f.Detail = append(f.Detail, c.warnings(ctx, namespace, 3)...)
	return f
}

// isFailure returns the *target.Failure in err, and whether there is one.
func isFailure(err error) (*target.Failure, bool) {
	var f *target.Failure
	ok := errors.As(err, &f)
	return f, ok
}
