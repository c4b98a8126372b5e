package trivy

import (
	"slices"
	"strings"

	cluster "github.com/seed-b235b314/goldenpath/internal/manifest"
)

// inputsOf returns what the checks run on: the object, and as a Pod each pod of another
// kind, such as a Rollout, because the checks know only Kubernetes' own kinds
// (aquasecurity/trivy-checks#536). A pod without images is a fragment that a controller
// completes. unknown is 1 if an object of another kind has settings of pods, but no pod
// that can be checked.
func inputsOf(object any) (inputs []any, unknown int) {
	inputs = []any{object}
	m, _ := object.(map[string]any)
	kind, _ := m["kind"].(string)
	giveName(m)
	if pods := podSpecs(m); pods != nil {
		for _, pod := range pods {
			complete(pod)
		}
		return inputs, 0
	}
	if strings.HasSuffix(kind, "List") {
		return inputs, 0
	}
	for _, pod := range cluster.Pods(m) {
		if containers, _ := pod["containers"].([]any); !slices.ContainsFunc(containers, func(c any) bool {
			m, _ := c.(map[string]any)
			return m["image"] == nil
		}) {
			complete(pod)
			inputs = append(inputs, map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": m["metadata"], "spec": pod, "__defsec_metadata": m["__defsec_metadata"]})
		}
	}
	version, _ := m["apiVersion"].(string)
	group, _, _ := strings.Cut(version, "/")
	if len(inputs) == 1 && strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") && mentionsPod(m["spec"]) {
		unknown = 1
	}
	return inputs, unknown
}

// giveName gives an object the name that the messages of the checks contain: a check whose
// message has an undefined value reports nothing.
func giveName(object map[string]any) {
	if object == nil {
		return
	}
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		object["metadata"] = metadata
	}
	if metadata["name"] == nil {
		prefix, _ := metadata["generateName"].(string)
		metadata["name"] = prefix + "*"
	}
}

// complete names the containers of a pod, and lets the checks see ephemeral ones.
func complete(pod map[string]any) {
	if more, ok := pod["ephemeralContainers"].([]any); ok {
		first, _ := pod["initContainers"].([]any)
		pod["initContainers"] = slices.Concat(first, more)
	}
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := pod[list].([]any)
		for _, c := range containers {
			if c, ok := c.(map[string]any); ok && c["name"] == nil {
				c["name"] = "unnamed"
			}
		}
	}
}

// podSpecs returns the specifications of pods that the checks find in an object.
func podSpecs(object any) []map[string]any {
	m, _ := object.(map[string]any)
	paths := [][]string{{"spec"}}
	switch m["kind"] {
	case "CronJob":
		paths = append(paths, []string{"spec", "jobTemplate", "spec", "template", "spec"})
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "DeploymentConfig":
		paths = append(paths, []string{"spec", "template", "spec"})
	}
	for _, path := range paths {
		pod := m
		for _, key := range path {
			pod, _ = pod[key].(map[string]any)
		}
		if _, ok := pod["containers"].([]any); ok {
			return []map[string]any{pod}
		}
	}
	return nil
}

// mentionsPod reports whether a value has a field that pods or containers have.
func mentionsPod(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			_, text := value.(string)
			if key == "securityContext" || key == "hostNetwork" || key == "image" && text || mentionsPod(value) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, mentionsPod)
	}
	return false
}
