package kubernetes

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// hookKey is the annotation of Helm hooks. Hooks are not part of the release: each hook
// is created when its event occurs, and the deployment waits for it.
const hookKey = "helm.sh/hook"

// hook is an object that is created before or after the others.
type hook struct {
	object *unstructured.Unstructured
	events []string // pre-install, post-upgrade…
	weight int
}

func (h hook) on(event string) bool { return slices.Contains(h.events, event) }

func eventsOf(o *unstructured.Unstructured) []string {
	return strings.FieldsFunc(o.GetAnnotations()[hookKey], func(r rune) bool { return r == ',' || r == ' ' })
}

// takeHooks separates the hooks, in the order in which they run, from the other objects.
func takeHooks(all []*unstructured.Unstructured) (hooks []hook, rest []*unstructured.Unstructured) {
	for _, o := range all {
		a := o.GetAnnotations()
		if a[hookKey] == "" {
			rest = append(rest, o)
			continue
		}
		weight, _ := strconv.Atoi(a["helm.sh/hook-weight"])
		hooks = append(hooks, hook{o, eventsOf(o), weight})
	}
	slices.SortStableFunc(hooks, func(a, b hook) int {
		if a.weight != b.weight {
			return a.weight - b.weight
		}
		return strings.Compare(a.object.GetName(), b.object.GetName())
	})
	return hooks, rest
}

// stages is the order in which kinds are applied: kinds that others refer to come first.
// Kinds in neither list come between the two.
var stages = [][]string{
	{"ServiceAccount", "Secret", "ConfigMap", "PersistentVolumeClaim", "ExternalSecret"},
	{"Role"}, {"RoleBinding"}, {"Service", "PodDisruptionBudget"},
}

var lastStages = [][]string{
	{"Pod", "ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"},
	{"HorizontalPodAutoscaler", "Ingress"},
}

func stageOf(kind string) int {
	for i, kinds := range stages {
		if slices.Contains(kinds, kind) {
			return i
		}
	}
	for i, kinds := range lastStages {
		if slices.Contains(kinds, kind) {
			return len(stages) + 1 + i
		}
	}
	return len(stages)
}

func sortObjects(all []*unstructured.Unstructured) {
	slices.SortStableFunc(all, func(a, b *unstructured.Unstructured) int { return stageOf(a.GetKind()) - stageOf(b.GetKind()) })
}

// ref identifies an object in the namespace.
type ref struct {
	Group   string `json:"group,omitempty"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
}

func refOf(o *unstructured.Unstructured) ref {
	gvk := o.GroupVersionKind()
	return ref{gvk.Group, gvk.Version, gvk.Kind, o.GetName()}
}

// String returns the reference without its API version, because the same object exists
// in several versions.
func (r ref) String() string { return r.Group + "/" + r.Kind + "/" + r.Name }

func (r ref) gvk() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
}

func (r ref) word() string { return r.Kind + "/" + r.Name }
