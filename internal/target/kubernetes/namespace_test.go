package kubernetes

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// A namespace that somebody makes between the look and the first change stays
// theirs.
func TestNamespaceMadeMeanwhile(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	path := "/api/v1/namespaces/" + at.namespace("preview/pr-1")
	d := one("preview/pr-1")
	var refusal *target.Refusal
	d.Proceed = sync.OnceValue(func() error {
		a.put(path, `{"kind":"Namespace","metadata":{"labels":{"team":"others"}}}`)
		return nil
	})
	_, err := at.Deploy(t.Context(), d)
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "was not created by goldenpath") {
		t.Errorf("GP-PREV-2: %v", err)
	}
	if diff := cmp.Diff(map[string]string{"team": "others"}, a.at(path).GetLabels()); diff != "" {
		t.Error(diff)
	}
	if err := at.Down(t.Context(), d.Environment); !errors.As(err, &refusal) || a.at(path) == nil {
		t.Errorf("down: %v", err)
	}
}

// A namespace that is removed and created again during a deployment is not marked.
func TestNamespaceMadeAnew(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	path := "/api/v1/namespaces/" + at.namespace("preview/pr-1")
	d := one("preview/pr-1")
	deploy(t, at, d)
	c, err := at.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := a.at(path)
	a.mu.Lock()
	delete(a.objects, path)
	a.mu.Unlock()
	if err := c.label(t.Context(), before.GetName(), before.GetUID(), nil, ""); !errors.Is(err, target.ErrSuperseded) {
		t.Errorf("it is gone: %v", err)
	}
	a.put(path, `{"kind":"Namespace"}`)
	if err := c.label(t.Context(), before.GetName(), before.GetUID(), nil, ""); !errors.Is(err, target.ErrSuperseded) {
		t.Errorf("it is another: %v", err)
	}
	if err := c.removeNamespace(t.Context(), before, time.Second); !errors.Is(err, target.ErrSuperseded) || a.at(path) == nil {
		t.Errorf("GP-PREV-5: removed by mistake: %v", err)
	}
}

// The preview is removed while it is being deployed.
func TestRemovedMeanwhile(t *testing.T) {
	for _, held := range []bool{false, true} {
		a := newAPI(t)
		at := a.target(t, web)
		path := "/api/v1/namespaces/" + at.namespace("preview/pr-1")
		once := sync.OnceFunc(func() {
			if held {
				a.put(path+"/configmaps/x", `{"kind":"ConfigMap","metadata":{"finalizers":["example.com/x"]}}`)
			}
			c, _ := at.connect(t.Context())
			_ = c.objects.Resource(namespaces).Delete(t.Context(), at.namespace("preview/pr-1"), *deleteNow())
		})
		a.fault = func(verb, p string) (int, M) {
			if verb == "GET" && strings.HasSuffix(p, "/leases/goldenpath") {
				once()
			}
			return 0, nil
		}
		if _, err := at.Deploy(t.Context(), one("preview/pr-1")); !errors.Is(err, target.ErrSuperseded) {
			t.Errorf("GP-PREV-6: held %v: %v", held, err)
		}
	}
}
