package manifest

import (
	"maps"
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

// Pods returns the specifications of the pods in an object, with all containers of each
// in its field containers.
func Pods(object map[string]any) (out []map[string]any) {
	for _, p := range podsOf(&field{v: object, check: &inspection{object: &Object{Map: object}}}) {
		spec, _ := p.spec.v.(map[string]any)
		spec = maps.Clone(spec)
		var containers []any
		for _, c := range p.containers {
			containers = append(containers, c.v)
		}
		if len(containers) == 0 {
			continue
		}
		delete(spec, "initContainers")
		delete(spec, "ephemeralContainers")
		spec["containers"] = containers
		out = append(out, spec)
	}
	return out
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
		specs = search(root, group == "argoproj.io", 0)
	}
	var out []pod
	for _, spec := range specs {
		p := pod{spec: spec, namespace: namespace, windows: spec.get("os", "name").text() == "windows"}
		for _, list := range [][]string{{"containers"}, {"initContainers"}, {"ephemeralContainers"}, {"sidecars"}, {"containerSet", "containers"}} {
			for _, c := range spec.get(list...).list() {
				if c.v == nil {
					c.malformed("is null, not a container")
					continue
				}
				p.containers = append(p.containers, container{c, list[0] == "ephemeralContainers"})
			}
		}
		for _, key := range single {
			if c := spec.get(key); c.set() {
				p.containers = append(p.containers, container{c, false})
			}
		}
		out = append(out, p)
	}
	return out
}

// single are the fields with the container of a template of Argo Workflows.
var single = []string{"container", "script"}

// search finds every specification with a list of containers, and, if the object is one
// of Argo, every template of a workflow.
func search(f *field, argo bool, depth int) (out []*field) {
	if depth > maxDepth {
		return nil
	}
	switch v := f.v.(type) {
	case map[string]any:
		if _, ok := v["containers"].([]any); ok && f.key == "spec" {
			return []*field{f}
		}
		if argo && isTemplate(v) {
			return []*field{inherited(f)}
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
				out = append(out, search(f.get(k), argo, depth+1)...)
			}
		}
	case []any:
		for _, e := range f.list() {
			out = append(out, search(e, argo, depth+1)...)
		}
	}
	return out
}

func isTemplate(v map[string]any) bool {
	_, set := v["containerSet"].(map[string]any)
	return set || slices.ContainsFunc(single, func(key string) bool {
		c, _ := v[key].(map[string]any)
		_, ok := c["image"].(string)
		return ok
	})
}

// inherited returns a template with the settings of the workflow that it does not
// override.
func inherited(template *field) *field {
	root := template
	for root.parent != nil {
		root = root.parent
	}
	m, _ := template.v.(map[string]any)
	m = maps.Clone(m)
	workflow, _ := root.get("spec").v.(map[string]any)
	if inner, ok := workflow["workflowSpec"].(map[string]any); ok { // CronWorkflow
		workflow = inner
	}
	for _, key := range []string{"securityContext", "hostNetwork", "serviceAccountName", "automountServiceAccountToken"} {
		if _, ok := m[key]; !ok && workflow[key] != nil {
			m[key] = workflow[key]
		}
	}
	own, _ := m["volumes"].([]any)
	if all, ok := workflow["volumes"].([]any); ok {
		m["volumes"] = slices.Concat(own, all)
	}
	return &field{v: m, parent: template.parent, key: template.key, index: template.index, check: template.check}
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
