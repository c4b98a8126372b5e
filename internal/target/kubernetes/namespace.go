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

// owned returns a refusal for a namespace that does not belong to the environment,
// because Down would remove that namespace.
func (t *Target) owned(ns *unstructured.Unstructured, environment string) error {
	r := runningOf(ns)
	problem := ""
	_, preview := previewName(environment)
	switch {
	case preview && !ours(ns):
		problem = fmt.Sprintf("namespace %s exists and was not created by goldenpath: remove it, or rename the app", ns.GetName())
	case preview && r.Environment != "" && r.Tags.Repository != t.Repository:
		problem = fmt.Sprintf("namespace %s belongs to repository %s, not to %s: rename the app", ns.GetName(), clip(r.Tags.Repository), t.Repository)
	case !preview && r.Environment != "" && (r.Environment != environment || r.App != t.App):
		problem = fmt.Sprintf("namespace %s belongs to %s of app %s: use another namespace for %s of %s", ns.GetName(), clip(r.Environment), clip(r.App), environment, t.App)
	default:
		return nil
	}
	return &target.Refusal{Problems: []string{problem}}
}

// makeNamespace creates the namespace with all its labels in one call, so that List
// finds the preview as soon as the namespace exists.
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
			return fmt.Errorf("cannot read the image: %w", err)
		}
		x.running.PlatformDigest = digest.String()
	}
	if x.inventory.Hash != x.plan.hash || x.running.Generation == 0 {
		x.running.Generation, x.running.Started = x.inventory.Generation+1, now.UTC().Truncate(time.Second)
	}
	return x.mark(ctx)
}

// mark writes the state of the environment to the metadata of its namespace. If the
// namespace was replaced during the deployment, mark first checks that the new namespace
// belongs to the environment.
func (x *deployment) mark(ctx context.Context) error {
	all := labels(x.running, "")
	if x.preview {
		all = labels(x.running, x.Isolation.CostCentre)
		all["pod-security.kubernetes.io/enforce"] = "restricted"
		all["pod-security.kubernetes.io/warn"] = "restricted"
	} else {
		delete(all, managedBy) // goldenpath does not own the namespace
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
			return fmt.Errorf("cannot create namespace %s: %w", x.namespace, err)
		}
		switch live, err = c.namespaceOf(ctx, x.namespace); {
		case err != nil:
			return err
		case live == nil || live.GetDeletionTimestamp() != nil:
			return fmt.Errorf("cannot create namespace %s: %w: the namespace is being removed", x.namespace, target.ErrSuperseded)
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
		return fmt.Errorf("cannot label namespace %s: %w", x.namespace, err)
	}
	return nil
}

// optionalLabels are the labels that are removed if they no longer apply.
var optionalLabels = []string{repositoryLabel, Domain + "/owner", Domain + "/cost-centre", Domain + "/pull-request", Domain + "/expires-at"}

// label sets the labels and the state of the namespace with this UID. If all is nil, it
// removes the labels that goldenpath has set.
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
	case apierrors.IsNotFound(err), apierrors.IsConflict(err), apierrors.IsInvalid(err): // the UID differs
		return fmt.Errorf("cannot label namespace %s: %w: the namespace was removed or created again: %v", name, target.ErrSuperseded, err)
	case err == nil && ns.GetDeletionTimestamp() != nil:
		return fmt.Errorf("cannot label namespace %s: %w: the namespace is being removed", name, target.ErrSuperseded)
	}
	return err
}
