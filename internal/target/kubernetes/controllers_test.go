package kubernetes

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

var kinds = map[string][][2]string{ // group/version to resource and kind
	"v1": {
		{"namespaces", "Namespace"}, {"nodes", "Node"}, {"secrets", "Secret"}, {"configmaps", "ConfigMap"}, {"pods", "Pod"}, {"events", "Event"},
		{"services", "Service"}, {"endpoints", "Endpoints"}, {"resourcequotas", "ResourceQuota"}, {"limitranges", "LimitRange"},
		{"persistentvolumeclaims", "PersistentVolumeClaim"}, {"serviceaccounts", "ServiceAccount"},
	},
	"apps/v1":                      {{"deployments", "Deployment"}, {"statefulsets", "StatefulSet"}},
	"batch/v1":                     {{"jobs", "Job"}, {"cronjobs", "CronJob"}},
	"coordination.k8s.io/v1":       {{"leases", "Lease"}},
	"networking.k8s.io/v1":         {{"networkpolicies", "NetworkPolicy"}, {"ingresses", "Ingress"}},
	"rbac.authorization.k8s.io/v1": {{"roles", "Role"}, {"rolebindings", "RoleBinding"}, {"clusterroles", "ClusterRole"}},
	"argoproj.io/v1alpha1":         {{"rollouts", "Rollout"}, {"applications", "Application"}},
	"gateway.networking.k8s.io/v1": {{"httproutes", "HTTPRoute"}},
}

func newAPI(t *testing.T) *api {
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(app.Close)
	a := &api{objects: map[string]map[string]any{}}
	a.port, _ = strconv.ParseInt(app.URL[strings.LastIndex(app.URL, ":")+1:], 10, 64)
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	a.put("/api/v1/nodes/one", `{"kind":"Node","status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"conditions":[{"type":"Ready","status":"True"}]}}`)
	return a
}

// target is a Target of this server, whose manifests are the text.
func (a *api) target(t *testing.T, manifests string) *Target {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"all.yaml":   manifests,
		"kubeconfig": `{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"x","cluster":{"server":"` + a.URL + `"}}],"contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}],"users":[{"name":"x","user":{}}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := &Target{Kubeconfig: filepath.Join(dir, "kubeconfig"), App: "web", Repository: "acme/web", Dir: dir, ReplaceImage: "acme/web", Removal: 2 * time.Second, Patience: 2 * time.Second}
	out.Source.Manifests = "all.yaml"
	return out
}

// store keeps an object, as its server and its controllers make of it.
func (a *api) store(path string, o, before M, by string) M {
	a.version++
	u := &unstructured.Unstructured{Object: o}
	u.SetName(path[strings.LastIndex(path, "/")+1:])
	u.SetResourceVersion(strconv.Itoa(a.version))
	fields := []metav1.ManagedFieldsEntry{{Manager: by, Operation: "Apply"}}
	if before == nil {
		u.SetUID(types.UID(fmt.Sprintf("uid-%d", a.version)))
		u.SetCreationTimestamp(metav1.Now())
	} else {
		old := &unstructured.Unstructured{Object: before}
		u.SetUID(old.GetUID())
		u.SetCreationTimestamp(old.GetCreationTimestamp())
		u.SetDeletionTimestamp(old.GetDeletionTimestamp())
		fields = append(slices.DeleteFunc(old.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool { return f.Manager == by }), fields...)
	}
	u.SetManagedFields(fields)
	spec := mapAt(o, "spec")
	var pod M
	switch u.GetKind() {
	case "Deployment":
		o["status"] = M{"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "conditions": []any{M{"type": "Available", "status": "True"}}}
		image := mappings(mapAt(mapAt(spec, "template"), "spec")["containers"])[0]["image"]
		pod = M{
			"apiVersion": "v1", "kind": "Pod", "metadata": M{"labels": mapAt(mapAt(spec, "template"), "metadata")["labels"]}, "spec": M{"containers": []any{M{"name": "a", "image": image}}},
			"status": M{"containerStatuses": []any{M{"name": "a", "imageID": image, "ready": true}}},
		}
	case "Service":
		if spec["type"] == "NodePort" {
			spec["ports"] = []any{M{"port": 80, "nodePort": a.port}}
		}
	}
	if a.become != nil {
		a.become(u.GetKind(), o, pod)
	}
	if pod != nil {
		at := path[:strings.Index(path, "/namespaces/")]
		a.store(strings.Replace(strings.Replace(path, at, "/api/v1", 1), "/deployments/", "/pods/", 1), pod, nil, "controller")
	}
	a.objects[path] = o
	return o
}

func discovered(path string) M {
	if path == "/version" {
		return M{"gitVersion": "v1.34.0"}
	}
	if path == "/api" {
		return M{"kind": "APIVersions", "versions": []any{"v1"}}
	}
	groups := []any{}
	for v, all := range kinds {
		group, version, _ := cutGroup(v)
		if path == "/api/"+v || path == "/apis/"+v {
			resources := []any{}
			for _, k := range all {
				whole := k[1] == "Namespace" || k[1] == "Node" || k[1] == "ClusterRole"
				resources = append(resources, M{"name": k[0], "kind": k[1], "namespaced": !whole, "verbs": []any{"list", "get"}})
			}
			return M{"kind": "APIResourceList", "groupVersion": v, "resources": resources}
		}
		if group != "" {
			groups = append(groups, M{"name": group, "versions": []any{M{"groupVersion": v, "version": version}}})
		}
	}
	if path == "/apis" {
		return M{"kind": "APIGroupList", "groups": groups}
	}
	return nil
}
