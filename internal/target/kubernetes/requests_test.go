package kubernetes

import (
	"math"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// GP-PREV-7: what an environment asks for is what it costs.
func TestRequests(t *testing.T) {
	workload := func(kind, spec, pod string) string {
		return "---\napiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: x}\nspec: {" + spec + "template: {spec: {" + pod + "}}}\n"
	}
	const half = "containers: [{name: a, resources: {requests: {cpu: 500m, memory: 512Mi}, limits: {cpu: 4, memory: 4Gi}}}]"
	const scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: {kind: %KIND, name: x}, maxReplicas: 6}\n"
	claims := "volumeClaimTemplates: [{spec: {resources: {requests: {storage: 2Gi}}}}], "
	hpa := func(kind string) string { return replace(scaler, "%KIND", kind) }
	for name, tt := range map[string]struct {
		text string
		want target.Requests
	}{
		"requests":       {workload("Deployment", "replicas: 2, ", half), target.Requests{CPU: 1, Memory: 1}},
		"one by default": {workload("Deployment", "", half), target.Requests{CPU: 0.5, Memory: 0.5}},
		"limits only":    {workload("Deployment", "", "containers: [{name: a, resources: {limits: {cpu: 2, memory: 1Gi}}}]"), target.Requests{CPU: 2, Memory: 1}},
		"nothing said":   {workload("Deployment", "", "containers: [{name: a}]"), target.Requests{CPU: 0.05, Memory: 0.0625}},
		"scaled":         {workload("Deployment", "replicas: 2, ", half) + hpa("Deployment"), target.Requests{CPU: 3, Memory: 3}},
		"more than that": {workload("Deployment", "replicas: 8, ", half) + hpa("Deployment"), target.Requests{CPU: 4, Memory: 4}},
		"claims":         {workload("StatefulSet", "replicas: 3, "+claims, half), target.Requests{CPU: 1.5, Memory: 1.5, Storage: 6}},
		"claims, scaled": {workload("StatefulSet", claims, half) + hpa("StatefulSet"), target.Requests{CPU: 3, Memory: 3, Storage: 12}},
		"claim":          {"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\nspec: {resources: {requests: {storage: 5Gi}}}", target.Requests{Storage: 5}},
		"beside it":      {workload("Deployment", "", half+", initContainers: [{name: i, restartPolicy: Always, resources: {requests: {cpu: 500m, memory: 512Mi}}}]"), target.Requests{CPU: 1, Memory: 1}},
		"before it":      {workload("Deployment", "", half+", initContainers: [{name: i, resources: {requests: {cpu: 2, memory: 1Mi}}}]"), target.Requests{CPU: 2, Memory: 0.5}},
		"of the pod":     {workload("Deployment", "", half+", resources: {requests: {cpu: 3, memory: 3Gi}}"), target.Requests{CPU: 3, Memory: 3}},
		"negative":       {workload("Deployment", "replicas: -9, ", half) + workload("Deployment", "", "containers: [{name: a, resources: {requests: {cpu: -4, memory: -4Gi}, limits: {cpu: 1, memory: 1Gi}}}]"), target.Requests{CPU: 1, Memory: 1}},
		"a job":          {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {template: {spec: {" + half + "}}}", target.Requests{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := requests(parseAll(t, tt.text))
			if math.Abs(got.CPU-tt.want.CPU) > 1e-9 || math.Abs(got.Memory-tt.want.Memory) > 1e-9 || math.Abs(got.Storage-tt.want.Storage) > 1e-9 {
				t.Errorf("GP-PREV-7: %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A number that is none would be under every budget.
func TestRequestsOfHostileNumbers(t *testing.T) {
	text := ""
	for i, n := range []string{"9e999", "1e308", "99999999999999999999E", "'1e99999'"} {
		for _, replicas := range []string{"0", "1", "9223372036854775807"} {
			text += replace("---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: %R, template: {spec: {containers: [{name: a, resources: {requests: {cpu: %N, memory: %N}}}]}}}\n", "%R", replicas, "%N", n)
		}
		got := requests(parseAll(t, text))
		if math.IsNaN(got.CPU) || math.IsInf(got.CPU, 0) || math.IsNaN(got.Memory) {
			t.Errorf("GP-PREV-7: %d %s: %+v", i, n, got)
		}
	}
}
