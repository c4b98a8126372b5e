package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Names of the objects that goldenpath adds to the rendered objects.
const (
	envSecret      = "goldenpath-env"
	pullSecret     = "goldenpath-pull"
	externalSecret = "goldenpath-external"
)

// artifact replaces the placeholder image with the artifact and adds the variables of
// the deployment. It is a problem if no container uses the placeholder, because the
// deployment would not run the tested artifact.
func artifact(all []*unstructured.Unstructured, stands string, d target.Deployment, pull bool) []string {
	if d.Reference == "" {
		return []string{"the artifact is in a registry on this machine, which a cluster cannot reach: set artifact.image and --registry remote"}
	}
	var images []string
	found := false
	for _, o := range all {
		for _, spec := range podSpecs(o) {
			mine := false
			for _, c := range containers(spec) {
				image, _ := c["image"].(string)
				images = append(images, image)
				if imageRepository(image) != imageRepository(stands) {
					continue
				}
				mine, found = true, true
				c["image"] = d.Reference
				setVariables(c, d)
			}
			if mine && pull {
				addPullSecret(spec)
			}
		}
	}
	if found {
		return nil
	}
	slices.Sort(images)
	images = slices.Compact(images)
	if len(images) == 0 {
		return []string{"no rendered object has a container: add a workload that runs the image of replace-image"}
	}
	return []string{fmt.Sprintf("no container has the image %s, which the artifact replaces; the images are %s: set replace-image to one of them", stands, clip(strings.Join(images, ", ")))}
}

// imageRepository is the image without tag and digest.
func imageRepository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		image = image[:i]
	}
	host, rest, found := strings.Cut(image, "/")
	if found && (host == "docker.io" || host == "index.docker.io") {
		image = rest
	}
	return strings.TrimPrefix(image, "library/")
}

// setVariables sets the variables of the deployment in a container. They override the
// container's own variables.
func setVariables(c map[string]any, d target.Deployment) {
	var add []any
	for _, k := range slices.Sorted(maps.Keys(d.Env)) {
		add = append(add, map[string]any{"name": k, "value": d.Env[k]})
	}
	for _, k := range slices.Sorted(maps.Keys(d.Secrets)) {
		from := envSecret
		if d.Secrets[k].Store != "" {
			from = externalSecret
		}
		add = append(add, map[string]any{"name": k, "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": from, "key": k}}})
	}
	if len(add) == 0 {
		return
	}
	own, _ := c["env"].([]any)
	own = slices.DeleteFunc(slices.Clone(own), func(e any) bool {
		m, _ := e.(map[string]any)
		name, _ := m["name"].(string)
		_, env := d.Env[name]
		_, secret := d.Secrets[name]
		return env || secret
	})
	c["env"] = append(own, add...)
}

func addPullSecret(spec map[string]any) {
	list, _ := spec["imagePullSecrets"].([]any)
	spec["imagePullSecrets"] = append(slices.Clone(list), map[string]any{"name": pullSecret})
}

// podPaths are the paths of the pod specification in each kind of object.
var podPaths = map[string][]string{
	"Pod":                   {"spec"},
	"Deployment":            {"spec", "template", "spec"},
	"StatefulSet":           {"spec", "template", "spec"},
	"DaemonSet":             {"spec", "template", "spec"},
	"ReplicaSet":            {"spec", "template", "spec"},
	"ReplicationController": {"spec", "template", "spec"},
	"Job":                   {"spec", "template", "spec"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template", "spec"},
}

// podGroups are the groups whose kinds podPaths names.
var podGroups = []string{"", "apps", "batch"}

// podSpecs returns the pod specifications in an object. In a custom resource, it returns
// every field that looks like a pod specification.
func podSpecs(o *unstructured.Unstructured) []map[string]any {
	if path, ok := podPaths[o.GetKind()]; ok && slices.Contains(podGroups, o.GroupVersionKind().Group) {
		at := any(o.Object)
		for _, key := range path {
			m, _ := at.(map[string]any)
			at = m[key]
		}
		if spec, ok := at.(map[string]any); ok {
			return []map[string]any{spec}
		}
		return nil
	}
	return searchPods(o.Object, 0)
}

func searchPods(v any, depth int) (out []map[string]any) {
	if depth > 20 {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["containers"].([]any); ok {
			return []map[string]any{v}
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, searchPods(v[k], depth+1)...)
		}
	case []any:
		for _, e := range v {
			out = append(out, searchPods(e, depth+1)...)
		}
	}
	return out
}

func containers(spec map[string]any) (out []map[string]any) {
	for _, key := range []string{"initContainers", "containers"} {
		list, _ := spec[key].([]any)
		for _, e := range list {
			if c, ok := e.(map[string]any); ok {
				out = append(out, c)
			}
		}
	}
	return out
}
