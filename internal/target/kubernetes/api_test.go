package kubernetes

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	selectors "k8s.io/apimachinery/pkg/labels"
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

// put stores an object without a field manager.
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
	if v := meta["resourceVersion"]; v != nil && o != nil && v != mapAt(o, "metadata")["resourceVersion"] {
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
