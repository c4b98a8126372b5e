package manifest

import (
	"slices"
	"strings"
)

// pod is a Pod or a pod template.
type pod struct {
	spec       *field
	namespace  string
	containers []container
	windows    bool
}

type container struct {
	*field
	ephemeral bool
}

// workloads are the paths to the pod in the kinds that Kubernetes defines.
var workloads = map[string][]string{
	"Pod":                   {"spec"},
	"PodTemplate":           {"template", "spec"},
	"Deployment":            {"spec", "template", "spec"},
	"StatefulSet":           {"spec", "template", "spec"},
	"DaemonSet":             {"spec", "template", "spec"},
	"ReplicaSet":            {"spec", "template", "spec"},
	"ReplicationController": {"spec", "template", "spec"},
	"Job":                   {"spec", "template", "spec"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template", "spec"},
}

// podsOf returns the pods of an object. In an object of unknown kind (a Rollout, a
// Knative Service), podsOf returns everything that looks like a pod.
func podsOf(root *field) []pod {
	namespace := root.get("metadata", "namespace").text()
	var specs []*field
	path, known := workloads[root.get("kind").text()]
	group, _, _ := strings.Cut(root.get("apiVersion").text(), "/")
	if known && slices.Contains([]string{"v1", "apps", "batch", "extensions"}, group) {
		spec := root.get(path...)
		if len(spec.get("containers").list()) == 0 {
			spec.get("containers").malformed("has no container")
		}
		specs = []*field{spec}
	} else {
		specs = search(root, 0)
	}
	var out []pod
	for _, spec := range specs {
		p := pod{spec: spec, namespace: namespace, windows: spec.get("os", "name").text() == "windows"}
		for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
			for _, c := range spec.get(list).list() {
				if c.v == nil {
					c.malformed("is null, not a container")
					continue
				}
				p.containers = append(p.containers, container{c, list == "ephemeralContainers"})
			}
		}
		out = append(out, p)
	}
	return out
}

// search finds every specification with a list of containers.
func search(f *field, depth int) (out []*field) {
	if depth > maxDepth {
		return nil
	}
	switch v := f.v.(type) {
	case map[string]any:
		if _, ok := v["containers"].([]any); ok && f.key == "spec" {
			return []*field{f}
		}
		keys := make([]string, 0, len(v))
		for k := range v {
			if k != "" { // an empty key would count as an index
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			switch v[k].(type) {
			case map[string]any, []any:
				out = append(out, search(f.get(k), depth+1)...)
			}
		}
	case []any:
		for _, e := range f.list() {
			out = append(out, search(e, depth+1)...)
		}
	}
	return out
}

// tokenless lists the service accounts ("namespace/name") whose pods get no token unless they
// request one.
func tokenless(objects []Object) map[string]bool {
	out := map[string]bool{}
	for _, o := range objects {
		meta, _ := o.Map["metadata"].(map[string]any)
		if o.Map["kind"] == "ServiceAccount" && o.Map["automountServiceAccountToken"] == false {
			namespace, _ := meta["namespace"].(string)
			name, _ := meta["name"].(string)
			out[namespace+"/"+name] = true
		}
	}
	return out
}
