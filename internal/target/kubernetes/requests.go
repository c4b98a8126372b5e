package kubernetes

import (
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// What a container requests that says nothing: the LimitRange gives it that.
const (
	defaultCPU    = "50m"
	defaultMemory = "64Mi"
)

const gib = 1 << 30

// requests adds up what stays for as long as the environment does. Jobs end; a
// DaemonSet is counted once, for the number of nodes is nobody's promise.
func requests(all []*unstructured.Unstructured) target.Requests {
	var r target.Requests
	for _, o := range all {
		replicas := 1.0
		switch o.GetKind() {
		case "Job", "CronJob":
			continue
		case "PersistentVolumeClaim":
			r.Storage += quantity(o.Object, "", "spec", "resources", "requests", "storage") / gib
			continue
		case "StatefulSet":
			claims, _, _ := unstructured.NestedSlice(o.Object, "spec", "volumeClaimTemplates")
			for _, c := range claims {
				if m, ok := c.(map[string]any); ok {
					r.Storage += replicasOf(o) * quantity(m, "", "spec", "resources", "requests", "storage") / gib
				}
			}
			replicas = replicasOf(o)
		case "Deployment", "ReplicaSet", "ReplicationController":
			replicas = max(replicasOf(o), scaled(all, o))
		}
		for _, spec := range podSpecs(o) {
			list, _ := spec["containers"].([]any)
			for _, e := range list {
				if c, ok := e.(map[string]any); ok {
					r.CPU += replicas * asks(c, "cpu", defaultCPU)
					r.Memory += replicas * asks(c, "memory", defaultMemory) / gib
				}
			}
		}
	}
	return r
}

func replicasOf(o *unstructured.Unstructured) float64 {
	switch n, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "replicas"); n := n.(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 1
}

// scaled is the most replicas an autoscaler may make of a workload.
func scaled(all []*unstructured.Unstructured, o *unstructured.Unstructured) float64 {
	for _, h := range all {
		kind, _, _ := unstructured.NestedString(h.Object, "spec", "scaleTargetRef", "kind")
		name, _, _ := unstructured.NestedString(h.Object, "spec", "scaleTargetRef", "name")
		if h.GetKind() == "HorizontalPodAutoscaler" && kind == o.GetKind() && name == o.GetName() {
			most, _, _ := unstructured.NestedInt64(h.Object, "spec", "maxReplicas")
			return float64(most)
		}
	}
	return 0
}

// asks is what a container requests; a limit alone is a request too.
func asks(c map[string]any, what, otherwise string) float64 {
	if q := quantity(c, "", "resources", "requests", what); q > 0 {
		return q
	}
	return quantity(c, otherwise, "resources", "limits", what)
}

func quantity(m map[string]any, otherwise string, path ...string) float64 {
	v, _, _ := unstructured.NestedFieldNoCopy(m, path...)
	text := otherwise
	switch v := v.(type) {
	case string:
		text = v
	case int64:
		return float64(v)
	case float64:
		return v
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0
	}
	return q.AsApproximateFloat64()
}
