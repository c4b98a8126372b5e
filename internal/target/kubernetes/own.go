package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxObjects is how many objects a deployment may have: the inventory names each.
const maxObjects = 1000

// reserved are the names of goldenpath's own objects. What is rendered may not
// stand in for them: the inventory says what is removed.
var reserved = map[string][]string{
	"Secret":         {inventoryName, envSecret, pullSecret, externalSecret},
	"ExternalSecret": {externalSecret},
	"Lease":          {leaseName},
}

// ofServer are the fields of metadata that a server sets. Manifests that were
// exported have them, and then fit no other object.
var ofServer = []string{
	"managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "selfLink",
	"ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds",
}

// own puts the objects into the namespace. What is of the whole cluster, or of
// another namespace, is refused: a deployment stays within its own.
func (p *prepared) own(ctx context.Context, c *cluster, all []*unstructured.Unstructured, preview bool) (kept []*unstructured.Unstructured, problems []string, err error) {
	if len(all) > maxObjects {
		return nil, []string{fmt.Sprintf("what is rendered has %d objects, more than %d: deploy it in parts", len(all), maxObjects)}, nil
	}
	seen := map[string]bool{}
	for _, o := range all {
		if isTest(o) || o.GetKind() == "List" && o.Object["items"] == nil {
			continue
		}
		problem, err := p.stray(ctx, c, o)
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
			p.notes = append(p.notes, name+" is left out: a preview's walls are goldenpath's")
			continue
		case seen[key]:
			problems = append(problems, name+": metadata.name: there are two of it: remove one")
			continue
		}
		seen[key] = true
		for _, field := range ofServer {
			unstructured.RemoveNestedField(o.Object, "metadata", field)
		}
		delete(o.Object, "status")
		o.SetNamespace(p.namespace)
		kept = append(kept, o)
	}
	return kept, problems, nil
}

// stray says why an object is none of the namespace.
func (p *prepared) stray(ctx context.Context, c *cluster, o *unstructured.Unstructured) (string, error) {
	switch {
	case o.GetKind() == "List":
		return "items: it is no list: correct the template", nil
	case o.GetKind() == "" || o.GetAPIVersion() == "":
		return "kind: it has no kind or no apiVersion: correct the template", nil
	case o.GetName() == "":
		return "metadata.name: it is missing (generateName makes another object with every deployment): give it a name", nil
	case slices.Contains(reserved[o.GetKind()], o.GetName()):
		return "metadata.name: goldenpath keeps its own things under it: give it another", nil
	}
	_, namespaced, err := c.resource(ctx, o.GroupVersionKind(), p.namespace)
	switch {
	case meta.IsNoMatchError(err):
		return fmt.Sprintf("the cluster knows no %s %s: install what defines it, or leave it out", clip(o.GetAPIVersion()), clip(o.GetKind())), nil
	case err != nil:
		return "", fmt.Errorf("look up %s: %w", clip(o.GetKind()), err)
	case !namespaced:
		return fmt.Sprintf("kind: %s is of the whole cluster, and this deployment only of namespace %s: install it once by hand, and leave it out here", o.GetKind(), p.namespace), nil
	}
	if ns := o.GetNamespace(); ns != "" && ns != p.namespace {
		return fmt.Sprintf("metadata.namespace: %s is another namespace than %s: write .Release.Namespace, or nothing", clip(ns), p.namespace), nil
	}
	return "", nil
}

// isTest reports whether an object is a test of a chart, and nothing else.
func isTest(o *unstructured.Unstructured) bool {
	events := eventsOf(o)
	return len(events) > 0 && !slices.ContainsFunc(events, func(e string) bool { return e != "test" && !strings.HasPrefix(e, "test-") })
}
