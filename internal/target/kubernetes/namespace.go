package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// owned refuses a namespace that somebody else has: it would be taken over, and
// removed with the environment.
func (t *Target) owned(ns *unstructured.Unstructured, environment string) error {
	r := runningOf(ns)
	problem := ""
	_, preview := previewName(environment)
	switch {
	case preview && !ours(ns):
		problem = fmt.Sprintf("namespace %s is there, and not goldenpath's: remove it, or give the app another name", ns.GetName())
	case preview && r.Environment != "" && r.Tags.Repository != t.Repository:
		problem = fmt.Sprintf("namespace %s is of repository %s, not of %s: give the app another name", ns.GetName(), clip(r.Tags.Repository), t.Repository)
	case !preview && r.Environment != "" && (r.Environment != environment || r.App != t.App):
		problem = fmt.Sprintf("namespace %s has %s of app %s: give %s of %s a namespace of its own", ns.GetName(), clip(r.Environment), clip(r.App), environment, t.App)
	default:
		return nil
	}
	return &target.Refusal{Problems: []string{problem}}
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

// mark writes what is known of the environment onto its namespace, and onto no
// other of that name: one that was made meanwhile is looked at first.
func (x *deployment) mark(ctx context.Context) error {
	all := labels(x.running, "")
	if x.preview {
		all = labels(x.running, x.Isolation.CostCentre)
		all["pod-security.kubernetes.io/enforce"] = "restricted"
		all["pod-security.kubernetes.io/warn"] = "restricted"
	} else {
		delete(all, managedBy) // the namespace stays whose it is
	}
	state, err := stateOf(x.running)
	if err != nil {
		return err
	}
	c := x.cluster
	if x.uid == "" {
		o := object("v1", "Namespace", "", x.namespace, nil)
		o.SetLabels(all)
		o.SetAnnotations(map[string]string{stateKey: state})
		live, err := c.create(ctx, c.objects.Resource(namespaces), o)
		if err == nil {
			x.uid = live.GetUID()
			return nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("make namespace %s: %w", x.namespace, err)
		}
		switch live, err = c.namespaceOf(ctx, x.namespace); {
		case err != nil:
			return err
		case live == nil || live.GetDeletionTimestamp() != nil:
			return fmt.Errorf("make namespace %s: %w: it is being removed", x.namespace, target.ErrSuperseded)
		}
		if err := x.owned(live, x.Environment); err != nil {
			return err
		}
		x.uid = live.GetUID()
	}
	err = c.label(ctx, x.namespace, x.uid, all, state)
	if errors.Is(err, target.ErrSuperseded) {
		return err
	}
	if err != nil {
		return fmt.Errorf("mark namespace %s: %w", x.namespace, err)
	}
	return nil
}

// optionalLabels are taken off where they do not hold any more.
var optionalLabels = []string{repositoryLabel, Domain + "/owner", Domain + "/cost-centre", Domain + "/pull-request", Domain + "/expires-at"}

// label sets labels and state of exactly one namespace. Without labels it takes
// all off that goldenpath has set.
func (c *cluster) label(ctx context.Context, name string, uid types.UID, all map[string]string, state string) error {
	set := map[string]any{}
	for _, k := range optionalLabels {
		set[k] = nil
	}
	for k, v := range all {
		set[k] = v
	}
	annotations := map[string]any{stateKey: state}
	if all == nil {
		annotations[stateKey] = nil
		for _, k := range []string{kindLabel, Domain + "/app", Domain + "/environment", Domain + "/commit", Domain + "/generation"} {
			set[k] = nil
		}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": uid, "labels": set, "annotations": annotations}})
	if err != nil {
		return err
	}
	var ns *unstructured.Unstructured
	err = c.try(ctx, func(ctx context.Context) (err error) {
		ns, err = c.objects.Resource(namespaces).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
		return err
	})
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err), apierrors.IsInvalid(err): // the uid is another
		return fmt.Errorf("mark namespace %s: %w: it is gone, or was made anew: %v", name, target.ErrSuperseded, err)
	case err == nil && ns.GetDeletionTimestamp() != nil:
		return fmt.Errorf("mark namespace %s: %w: it is being removed", name, target.ErrSuperseded)
	}
	return err
}
