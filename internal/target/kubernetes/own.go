package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxObjects is the maximum number of objects of a deployment, because the inventory
// lists all of them.
const maxObjects = 1000

// reserved are the names of goldenpath's own objects. Rendered objects must not have
// these names: the inventory, for example, decides which objects are removed.
var reserved = map[string][]string{
	"Secret":         append(serviceNames(), inventoryName, envSecret, pullSecret, externalSecret),
	"ExternalSecret": {externalSecret},
	"Lease":          {leaseName},
	"Job":            {migrateName},
	"Service":        serviceNames(),
	"StatefulSet":    serviceNames(),
}

// serverFields are the fields of metadata that a server sets. Exported manifests contain
// them, but the server rejects them for a new object.
var serverFields = []string{
	"managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "selfLink",
	"ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds",
}

// own sets the namespace of the objects. It refuses cluster-wide objects and objects of
// other namespaces.
func (p *prepared) own(ctx context.Context, c *cluster, all []*unstructured.Unstructured, preview bool) (kept []*unstructured.Unstructured, problems []string, err error) {
	if len(all) > maxObjects {
		return nil, []string{fmt.Sprintf("there are %d rendered objects, more than %d: deploy them in parts", len(all), maxObjects)}, nil
	}
	seen := map[string]bool{}
	for _, o := range all {
		if isTest(o) || o.GetKind() == "List" && o.Object["items"] == nil {
			continue
		}
		problem, err := p.misplaced(ctx, c, o)
		if err != nil {
			return nil, nil, err
		}
		name := o.GetKind() + "/" + clip(o.GetName())
		key := refOf(o).String()
		switch {
		case problem != "":
			problems = append(problems, name+": "+problem)
			continue
		case preview && slices.Contains(wallKinds, o.GetKind()):
			p.notes = append(p.notes, name+" is left out: goldenpath sets the isolation of a preview")
			continue
		case seen[key]:
			problems = append(problems, name+": metadata.name: it is rendered twice: remove one")
			continue
		}
		seen[key] = true
		for _, field := range serverFields {
			unstructured.RemoveNestedField(o.Object, "metadata", field)
		}
		delete(o.Object, "status")
		o.SetNamespace(p.namespace)
		kept = append(kept, o)
	}
	return kept, problems, nil
}

// misplaced returns the problem that prevents an object from being deployed into the
// namespace, or "".
func (p *prepared) misplaced(ctx context.Context, c *cluster, o *unstructured.Unstructured) (string, error) {
	switch {
	case o.GetKind() == "List":
		return "items: not a list: correct the template", nil
	case o.GetKind() == "" || o.GetAPIVersion() == "":
		return "kind: kind or apiVersion is missing: correct the template", nil
	case o.GetName() == "":
		return "metadata.name: missing: set it (generateName would create another object with each deployment)", nil
	case slices.Contains(reserved[o.GetKind()], o.GetName()):
		return "metadata.name: reserved for goldenpath: rename the object", nil
	}
	_, namespaced, err := c.resource(ctx, o.GroupVersionKind(), p.namespace)
	switch {
	case meta.IsNoMatchError(err):
		return fmt.Sprintf("the cluster does not have the kind %s %s: install its definition, or leave the object out", clip(o.GetAPIVersion()), clip(o.GetKind())), nil
	case err != nil:
		return "", fmt.Errorf("cannot look up %s: %w", clip(o.GetKind()), err)
	case !namespaced:
		return fmt.Sprintf("kind: %s is cluster-wide, but this deployment is limited to namespace %s: install the object once by hand, and remove it from the deployment", o.GetKind(), p.namespace), nil
	}
	if ns := o.GetNamespace(); ns != "" && ns != p.namespace {
		return fmt.Sprintf("metadata.namespace: %s is not %s: use .Release.Namespace, or omit it", clip(ns), p.namespace), nil
	}
	return "", nil
}

// isTest reports whether an object is only a test of a chart.
func isTest(o *unstructured.Unstructured) bool {
	events := eventsOf(o)
	return len(events) > 0 && !slices.ContainsFunc(events, func(e string) bool { return e != "test" && !strings.HasPrefix(e, "test-") })
}
