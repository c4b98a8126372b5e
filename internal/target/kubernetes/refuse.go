package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
)

// breach is a field that violates the preview policy.
type breach struct{ field, why, remedy string }

// refuse returns the violations of the preview policy. They matter because the author of
// the pull request writes the chart, and goldenpath applies the chart with the
// permissions of the deployer.
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

// tolerated are rules whose violation is accepted: they describe good practice, or the
// namespace itself enforces them (limits). A violation gives no access outside the
// namespace.
var tolerated = map[string]bool{"missing-limits": true, "latest-tag": true, "unpinned-image": true, "service-account-token": true}

// innerGroups are the API groups whose kinds affect only the namespace. Other kinds
// instruct a controller that has its own permissions: it may read secret stores, claim
// hosts or deploy elsewhere.
var innerGroups = []string{"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io"}

// routes are kinds in other API groups that are accepted if the policy accepts their
// fields.
var routes = []string{"HTTPRoute.gateway.networking.k8s.io", "GRPCRoute.gateway.networking.k8s.io"}

func foreignKind(o *unstructured.Unstructured, kinds []string) []breach {
	group, kind := o.GroupVersionKind().Group, o.GetKind()
	full := kind + "." + group
	switch {
	case group == "" && kind == "Endpoints", group == "discovery.k8s.io":
		return []breach{{"kind", "it can route the preview's traffic to any address", "remove it, and give the Service a selector"}}
	case slices.Contains(innerGroups, group), slices.Contains(routes, full), slices.Contains(kinds, full):
		return nil
	}
	return []breach{{"kind", clip(full) + " instructs a controller that has more rights than a preview", "leave it out of previews, for a chart with a value in set"}}
}

// anywhere returns the violations that can occur in any field of an object.
func anywhere(o *unstructured.Unstructured) (out []breach) {
	hasPods := len(podSpecs(o)) > 0
	visitFields(o.Object, "", func(path string, v any) {
		switch list, _ := v.([]any); {
		case strings.HasSuffix("."+path, ".metadata.finalizers") && len(list) > 0:
			out = append(out, breach{path, "it blocks the removal of the preview", "remove it"})
		case strings.HasSuffix("."+path, ".spec.volumeName") && v != "" && v != nil:
			out = append(out, breach{path, "it uses an existing volume with its data", "remove it: a preview gets new volumes"})
		case hasPods && (v == pullSecret || v == inventoryName) && !strings.Contains(path, "imagePullSecrets["):
			out = append(out, breach{path, "it reads " + v.(string) + ", which belongs to goldenpath", "give the app its own secrets (preview.secrets)"})
		}
	})
	return out
}

// placement returns the violations of pods that displace other pods or run on the
// control plane.
func placement(o *unstructured.Unstructured) (out []breach) {
	at := "spec"
	if path, ok := podPaths[o.GetKind()]; ok {
		at = strings.Join(path, ".")
	}
	for _, spec := range podSpecs(o) {
		for _, key := range []string{"priorityClassName", "priority"} {
			if v := spec[key]; v != nil && v != "" {
				out = append(out, breach{at + "." + key, "it evicts other pods from their nodes", "leave it out of previews"})
			}
		}
		if v := spec["nodeName"]; v != nil && v != "" {
			out = append(out, breach{at + ".nodeName", "it bypasses the scheduler", "use a nodeSelector"})
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

// visitFields visits every field and element with its path.
func visitFields(v any, path string, visit func(path string, v any)) {
	visit(path, v)
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			visitFields(v[k], strings.TrimPrefix(path+"."+k, "."), visit)
		}
	case []any:
		for i, e := range v {
			visitFields(e, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	}
}
