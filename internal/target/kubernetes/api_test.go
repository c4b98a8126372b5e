package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	selectors "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// api is an API server real in small: it keeps objects of any kind, with versions,
// owners of fields and conflicts, and is every controller the tests need.
type api struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string]map[string]any // by path
	version int
	calls   []string
	skew    time.Duration
	port    int64                                      // what listens on it is every app
	fault   func(verb, path string) (code int, m M)    // called for each request, without the lock; 0: go on
	become  func(kind string, o map[string]any, pod M) // lets a test change what the controllers made
}

// M is an object, as in JSON.
type M = map[string]any

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

// put stores an object that nobody has applied.
func (a *api) put(path, text string) {
	var o M
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.store(path, o, nil, "somebody")
}

// at is an object, or nil.
func (a *api) at(path string) *unstructured.Unstructured {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.objects[path] == nil {
		return nil
	}
	return &unstructured.Unstructured{Object: whole(copyOf(a.objects[path])).(M)}
}

func copyOf(o M) (out M) {
	b, _ := json.Marshal(o)
	_ = json.Unmarshal(b, &out)
	return out
}

// taken are the calls since the last time, and how many.
func (a *api) taken() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.calls
	a.calls = nil
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
			"apiVersion": "v1", "kind": "Pod", "metadata": M{}, "spec": M{"containers": []any{M{"name": "a", "image": image}}},
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

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", time.Now().Add(a.skew).UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	code, out := 0, M(nil)
	if a.fault != nil {
		code, out = a.fault(r.Method, r.URL.Path)
	}
	if code == 0 {
		a.mu.Lock()
		a.calls = append(a.calls, r.Method+" "+r.URL.Path)
		code, out = a.answer(r)
		out = copyOf(out)
		a.mu.Unlock()
	}
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(out)
}

func no(code int, reason, message string) (int, M) {
	return code, M{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
}

func (a *api) answer(r *http.Request) (int, M) {
	path := r.URL.Path
	if out := discovered(path); out != nil {
		return 200, out
	}
	var body M
	_ = json.NewDecoder(r.Body).Decode(&body)
	if r.Method == http.MethodPost {
		name, _ := mapAt(body, "metadata")["name"].(string)
		path += "/" + name
	}
	o, q := a.objects[path], r.URL.Query()
	namespace := ""
	if _, rest, ok := strings.Cut(path, "/namespaces/"); ok && strings.Contains(rest, "/") {
		namespace = "/api/v1/namespaces/" + rest[:strings.Index(rest, "/")]
	}
	meta := mapAt(body, "metadata")
	switch r.Method {
	case http.MethodGet:
		if o != nil {
			return 200, o
		}
		if parts := strings.Count(strings.TrimPrefix(strings.TrimPrefix(path, "/apis"), "/api"), "/"); q.Has("limit") || parts%2 == 0 && namespace == "" {
			return a.list(path, q.Get("labelSelector"), q.Get("limit"), q.Get("continue"))
		}
		return no(404, "NotFound", path+" not found")
	case http.MethodDelete:
		if o == nil {
			return no(404, "NotFound", "not found")
		}
		if uid := mapAt(body, "preconditions")["uid"]; uid != nil && uid != mapAt(o, "metadata")["uid"] {
			return no(409, "Conflict", "the UID in the precondition is another")
		}
		held := false
		for p, e := range a.objects {
			if p == path || strings.HasPrefix(p, path+"/") || strings.Contains(p, strings.TrimPrefix(path, "/api/v1")+"/") {
				if mapAt(e, "metadata")["finalizers"] != nil {
					held = true
					continue
				}
				if p != path {
					delete(a.objects, p)
				}
			}
		}
		if delete(a.objects, path); held {
			mapAt(o, "metadata")["deletionTimestamp"] = time.Now().UTC().Format(time.RFC3339)
			a.objects[path] = o
		}
		return 200, o
	}
	switch {
	case o == nil && namespace != "" && a.objects[namespace] == nil:
		return no(404, "NotFound", `namespaces "x" not found`)
	case o == nil && namespace != "" && mapAt(a.objects[namespace], "metadata")["deletionTimestamp"] != nil:
		code, m := no(403, "Forbidden", "it is being terminated")
		m["details"] = M{"causes": []any{M{"reason": "NamespaceTerminating"}}}
		return code, m
	case r.Method == http.MethodPost && o != nil:
		return no(409, "AlreadyExists", "already exists")
	case o == nil && r.Method == http.MethodPut, o == nil && r.Header.Get("Content-Type") == "application/merge-patch+json":
		return no(404, "NotFound", "not found")
	case o != nil && meta["uid"] != nil && meta["uid"] != mapAt(o, "metadata")["uid"]:
		return no(422, "Invalid", "metadata.uid: field is immutable")
	}
	if v := meta["resourceVersion"]; v != nil && (o == nil || v != mapAt(o, "metadata")["resourceVersion"]) {
		return no(409, "Conflict", "the object has been modified")
	}
	if r.Header.Get("Content-Type") == "application/merge-patch+json" {
		body = merged(copyOf(o), body)
	}
	return 200, a.store(path, body, o, q.Get("fieldManager"))
}

func merged(into, patch M) M {
	for k, v := range patch {
		if m, ok := v.(M); ok {
			v = merged(mapAt(into, k), m)
		}
		if into == nil {
			into = M{}
		}
		if into[k] = v; v == nil {
			delete(into, k)
		}
	}
	return into
}

func (a *api) list(path, selector, limit, from string) (int, M) {
	want, _ := selectors.Parse(selector)
	var all []string
	for p, o := range a.objects {
		rest, ok := strings.CutPrefix(p, path+"/")
		if ok && !strings.Contains(rest, "/") && want.Matches(selectors.Set((&unstructured.Unstructured{Object: o}).GetLabels())) && p > from {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	next := ""
	if n, _ := strconv.Atoi(limit); n > 0 && len(all) > n {
		all, next = all[:n], all[n-1]
	}
	items := []any{}
	for _, p := range all {
		items = append(items, a.objects[p])
	}
	return 200, M{"kind": "List", "apiVersion": "v1", "metadata": M{"continue": next}, "items": items}
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
