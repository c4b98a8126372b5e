package kubernetes

import (
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Resources that the LimitRange requests for a container that sets none.
const (
	defaultCPU    = "50m"
	defaultMemory = "64Mi"
)

const gib = 1 << 30

// requests adds up the resources that the environment requests permanently. Jobs are
// left out, because they end. A DaemonSet is counted as one pod, because the number of
// nodes is not known.
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
		case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController":
			replicas = max(replicasOf(o), scaled(all, o))
		}
		for _, m := range mappings(mapAt(o.Object, "spec")["volumeClaimTemplates"]) {
			r.Storage += replicas * quantity(m, "", "spec", "resources", "requests", "storage") / gib
		}
		for _, spec := range podSpecs(o) {
			r.CPU += replicas * podAsks(spec, "cpu", defaultCPU)
			r.Memory += replicas * podAsks(spec, "memory", defaultMemory) / gib
		}
	}
	return r
}

// podAsks returns how much of a resource a node reserves for a pod: the pod's own
// request, or else the sum of its containers and sidecars, or the request of the largest
// init container if that is more.
func podAsks(spec map[string]any, what, otherwise string) float64 {
	if own := asks(spec, what, ""); own > 0 {
		return own
	}
	sum, before := 0.0, 0.0
	for _, c := range mappings(spec["containers"]) {
		sum += asks(c, what, otherwise)
	}
	for _, c := range mappings(spec["initContainers"]) {
		if c["restartPolicy"] == "Always" {
			sum += asks(c, what, otherwise)
		} else {
			before = max(before, asks(c, what, otherwise))
		}
	}
	return max(sum, before)
}

func replicasOf(o *unstructured.Unstructured) float64 {
	switch n, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "replicas"); n := n.(type) {
	case int64:
		return bounded(float64(n))
	case float64:
		return bounded(n)
	}
	return 1
}

// scaled returns the maximum replicas that an autoscaler allows for a workload, or 0.
func scaled(all []*unstructured.Unstructured, o *unstructured.Unstructured) float64 {
	for _, h := range all {
		kind, _, _ := unstructured.NestedString(h.Object, "spec", "scaleTargetRef", "kind")
		name, _, _ := unstructured.NestedString(h.Object, "spec", "scaleTargetRef", "name")
		if h.GetKind() == "HorizontalPodAutoscaler" && kind == o.GetKind() && name == o.GetName() {
			most, _, _ := unstructured.NestedInt64(h.Object, "spec", "maxReplicas")
			return bounded(float64(most))
		}
	}
	return 0
}

// asks returns how much of a resource a container requests. If it has a limit but no
// request, the limit is used.
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
		return bounded(float64(v))
	case float64:
		return bounded(v)
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0
	}
	return bounded(q.AsApproximateFloat64())
}

// bounded limits a number so that a hostile one cannot reduce the sum or make it NaN.
func bounded(n float64) float64 { return min(max(n, 0), 1e18) }
