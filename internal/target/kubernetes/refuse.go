package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
)

// breach is a field that no preview may have so.
type breach struct{ field, why, remedy string }

// refuse holds a preview to the rules no preview may break. Who writes the chart
// is who opened the pull request, and what applies it has the rights of the
// cluster.
func (p *prepared) refuse(all []*unstructured.Unstructured, kinds []string) (problems []string) {
	var objects []manifest.Object
	for _, o := range all {
		objects = append(objects, manifest.Object{Map: o.Object})
	}
	for _, v := range manifest.Check(objects) {
		if !tolerated[v.Rule] {
			problems = append(problems, fmt.Sprintf("%s: %s: it %s: %s", v.Object, v.Field, strings.TrimPrefix(v.Message, "it "), v.Fix))
		}
	}
	for _, o := range all {
		found := slices.Concat(foreignKind(o, kinds), anywhere(o), placement(o), rights(o), p.traffic(o))
		for _, b := range found {
			problems = append(problems, fmt.Sprintf("%s/%s: %s: %s: %s", o.GetKind(), clip(o.GetName()), b.field, b.why, b.remedy))
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// tolerated are the rules that are good practice, or that the namespace itself
// sees to (limits), and no way out of it.
var tolerated = map[string]bool{"missing-limits": true, "latest-tag": true, "unpinned-image": true, "service-account-token": true}

// innerGroups are the groups whose kinds stay within the namespace. Any other is
// the word to a controller, which acts with rights of its own: it reads stores of
// secrets, takes hosts or deploys elsewhere.
var innerGroups = []string{"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io"}

// routes are the kinds of other groups whose reach is known, and looked at.
var routes = []string{"HTTPRoute.gateway.networking.k8s.io", "GRPCRoute.gateway.networking.k8s.io"}

func foreignKind(o *unstructured.Unstructured, kinds []string) []breach {
	group, kind := o.GroupVersionKind().Group, o.GetKind()
	full := kind + "." + group
	switch {
	case group == "" && kind == "Endpoints", group == "discovery.k8s.io":
		return []breach{{"kind", "it leads what reaches the preview to any address", "give the Service a selector, and leave it out"}}
	case slices.Contains(innerGroups, group), slices.Contains(routes, full), slices.Contains(kinds, full):
		return nil
	}
	return []breach{{"kind", clip(full) + " tells a controller what to do, which has more rights than a preview", "leave it out of previews, for a chart with a value in set"}}
}

// anywhere finds what is refused wherever it stands in an object.
func anywhere(o *unstructured.Unstructured) (out []breach) {
	hasPods := len(podSpecs(o)) > 0
	walk(o.Object, "", func(path string, v any) {
		switch list, _ := v.([]any); {
		case strings.HasSuffix("."+path, ".metadata.finalizers") && len(list) > 0:
			out = append(out, breach{path, "it keeps the preview from being removed", "remove it"})
		case strings.HasSuffix("."+path, ".spec.volumeName") && v != "" && v != nil:
			out = append(out, breach{path, "it takes a volume that is there already, with what is on it", "remove it: a preview gets volumes of its own"})
		case hasPods && (v == pullSecret || v == inventoryName) && !strings.Contains(path, "imagePullSecrets["):
			out = append(out, breach{path, "it reads " + v.(string) + ", which is goldenpath's", "give the app secrets of its own (preview.secrets)"})
		}
	})
	return out
}

// placement refuses what takes the place of others.
func placement(o *unstructured.Unstructured) (out []breach) {
	at := "spec"
	if path, ok := podPaths[o.GetKind()]; ok {
		at = strings.Join(path, ".")
	}
	for _, spec := range podSpecs(o) {
		for _, key := range []string{"priorityClassName", "priority"} {
			if v := spec[key]; v != nil && v != "" {
				out = append(out, breach{at + "." + key, "it pushes the pods of others off their nodes", "leave it out of previews"})
			}
		}
		if v := spec["nodeName"]; v != nil && v != "" {
			out = append(out, breach{at + ".nodeName", "it takes a node past the scheduler", "use a nodeSelector"})
		}
		list, _ := spec["tolerations"].([]any)
		for i, e := range list {
			m, _ := e.(map[string]any)
			key, _ := m["key"].(string)
			if key == "" || strings.HasPrefix(key, "node-role.kubernetes.io/") {
				out = append(out, breach{fmt.Sprintf("%s.tolerations[%d]", at, i), "it runs on the nodes of the control plane", "name the taint of the nodes that are meant for it"})
			}
		}
	}
	return out
}

// walk visits every field and element, with where it stands.
func walk(v any, path string, visit func(path string, v any)) {
	visit(path, v)
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walk(v[k], strings.TrimPrefix(path+"."+k, "."), visit)
		}
	case []any:
		for i, e := range v {
			walk(e, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	}
}
