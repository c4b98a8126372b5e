package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: a, image: acme/web}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
`

func one(environment string) target.Deployment {
	digest := "sha256:" + strings.Repeat("1", 64)
	return target.Deployment{
		App: "web", Environment: environment, Commit: strings.Repeat("a", 40), Digest: digest, Reference: "registry.test/web@" + digest,
		Tags: target.Tags{Repository: "acme/web", PullRequest: 1}, Ready: target.Ready{Timeout: 2 * time.Second}, KeepFailed: true,
	}
}

func deploy(t *testing.T, at *Target, d target.Deployment) target.Running {
	t.Helper()
	r, err := at.Deploy(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The life of a preview, and how many calls each part of it takes.
func TestLife(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	d := one("preview/pr-1")
	counts := map[string]int{}
	first := deploy(t, at, d)
	counts["first"] = count(t, a)
	again := deploy(t, at, d)
	counts["again"] = count(t, a)
	if first.Generation != 1 || again.Generation != 1 || !again.Alive || again.URL != fmt.Sprintf("http://127.0.0.1:%d", a.port) {
		t.Errorf("GP-PREV-1: %+v, then %+v", first, again)
	}
	d.Digest = "sha256:" + strings.Repeat("2", 64)
	d.Reference = "registry.test/web@" + d.Digest
	if r := deploy(t, at, d); r.Generation != 2 {
		t.Errorf("generation %d", r.Generation)
	}
	counts["update"] = count(t, a)
	r, err := at.Status(t.Context(), d.Environment)
	if err != nil || r.Digest != d.Digest || !r.Alive {
		t.Errorf("%+v %v", r, err)
	}
	a.taken()
	if err := at.Down(t.Context(), d.Environment); err != nil {
		t.Fatal(err)
	}
	counts["down"] = count(t, a)
	if _, err := at.Status(t.Context(), d.Environment); !errors.Is(err, target.ErrNotDeployed) {
		t.Errorf("GP-PREV-5: after down: %v", err)
	}
	t.Logf("API calls: %v", counts)
	for what, most := range map[string]int{"first": 29, "again": 20, "update": 20, "down": 4} {
		if counts[what] > most {
			t.Errorf("%s takes %d calls, at most %d", what, counts[what], most)
		}
	}
}

func count(t *testing.T, a *api) int {
	all := a.taken()
	t.Log(strings.Join(all, "\n"))
	return len(all)
}

// Two deployments into one preview come one after the other.
func TestTwoDeployers(t *testing.T) {
	a := newAPI(t)
	var both sync.WaitGroup
	var errs [2]error
	for i := range 2 {
		at := a.target(t, web)
		both.Go(func() { _, errs[i] = at.Deploy(t.Context(), one("preview/pr-1")) })
	}
	both.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("GP-PREV-6: %v", err)
		}
	}
	r, err := a.target(t, web).Status(t.Context(), "preview/pr-1")
	if err != nil || r.Generation != 1 || !r.Alive {
		t.Errorf("%+v %v", r, err)
	}
}

// Who has lost the lease and does not know it yet does not have the last word.
func TestInventoryIsFenced(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	deploy(t, at, one("preview/pr-1"))
	c, err := at.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ns := at.namespace("preview/pr-1")
	var two [2]*inventory
	for i := range two {
		if two[i], err = c.readInventory(t.Context(), ns); err != nil {
			t.Fatal(err)
		}
		two[i].Holder = fmt.Sprint(i)
	}
	if err := c.writeInventory(t.Context(), ns, two[1]); err != nil {
		t.Fatal(err)
	}
	if err := c.writeInventory(t.Context(), ns, two[0]); !errors.Is(err, target.ErrSuperseded) {
		t.Errorf("the former writes: %v", err)
	}
	two[1].version = "1" // the answer to the last write was lost
	if err := c.writeInventory(t.Context(), ns, two[1]); err != nil {
		t.Errorf("the same writes again: %v", err)
	}
}

// What somebody wrote into the inventory is not applied with the deployer's rights.
func TestRestoreIsLookedAt(t *testing.T) {
	for object, want := range map[string]string{
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"x"}}`:                   "cluster-wide",
		`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"kube-system"}}`:                     "kube-system is not",
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"hostPID":true,"containers":[{"name":"a"}]}}`: "spec.hostPID",
	} {
		a := newAPI(t)
		at := a.target(t, web)
		d := one("preview/pr-1")
		deploy(t, at, d)
		c, _ := at.connect(t.Context())
		inv, err := c.readInventory(t.Context(), at.namespace(d.Environment))
		if err != nil {
			t.Fatal(err)
		}
		if err := inv.setGood(*inv.Good, []*unstructured.Unstructured{parse(t, object)}); err != nil {
			t.Fatal(err)
		}
		if err := c.writeInventory(t.Context(), at.namespace(d.Environment), inv); err != nil {
			t.Fatal(err)
		}
		a.become = func(kind string, _ map[string]any, pod M) {
			if kind == "Deployment" {
				pod["status"] = M{"containerStatuses": []any{M{"name": "a", "imageID": "x@sha256:3"}}}
			}
		}
		d.Env = map[string]string{"A": "b"}
		_, err = at.Deploy(t.Context(), d)
		if f, ok := isFailure(err); !ok || !strings.Contains(f.Kept, want) {
			t.Errorf("GP-PREV-2: %v, want %q", err, want)
		}
		if a.at("/apis/rbac.authorization.k8s.io/v1/clusterroles/x") != nil || a.at("/api/v1/namespaces/kube-system/configmaps/x") != nil {
			t.Errorf("%s was applied", object)
		}
	}
}

// An update that fails leaves the generation before it.
func TestGenerationBefore(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	d := one("preview/pr-1")
	deploy(t, at, d)
	bad := d
	bad.Commit, bad.Digest = strings.Repeat("b", 40), "sha256:"+strings.Repeat("2", 64)
	bad.Reference = "registry.test/web@" + bad.Digest
	a.become = func(kind string, _ map[string]any, pod M) {
		if kind == "Deployment" {
			pod["status"] = M{"containerStatuses": []any{M{"name": "a", "imageID": d.Reference}}}
		}
	}
	r, err := at.Deploy(t.Context(), bad)
	if f, ok := isFailure(err); !ok || f.Kept != "generation 1 (aaaaaaa) serves again" || r.Digest != d.Digest {
		t.Errorf("%v %+v", err, r)
	}
	got := a.at("/apis/apps/v1/namespaces/" + at.namespace(d.Environment) + "/deployments/web")
	if containers(podSpecs(got)[0])[0]["image"] != d.Reference {
		t.Errorf("%v", got.Object)
	}
}

// An hour between the clocks: the cluster's counts.
func TestClockSkew(t *testing.T) {
	a := newAPI(t)
	a.skew = -time.Hour
	r := deploy(t, a.target(t, web), one("preview/pr-1"))
	if ago := time.Since(r.Started); ago < 59*time.Minute || ago > 61*time.Minute {
		t.Errorf("GP-PREV-4: it began %s ago", ago)
	}
	now, err := a.target(t, web).Now(context.Background())
	if ago := time.Since(now); err != nil || ago < 59*time.Minute {
		t.Errorf("now is %s ago, %v", ago, err)
	}
}

// A missing right to list nodes is reported before anything is changed.
func TestForbiddenNodes(t *testing.T) {
	a := newAPI(t)
	a.fault = func(_, path string) (int, M) {
		if path == "/api/v1/nodes" {
			return no(403, "Forbidden", "nodes is forbidden")
		}
		return 0, nil
	}
	var refusal *target.Refusal
	_, err := a.target(t, web).Deploy(t.Context(), one("preview/pr-1"))
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "set url") {
		t.Errorf("%v", err)
	}
	for _, call := range a.taken() {
		if !strings.HasPrefix(call, "GET") {
			t.Errorf("changed: %s", call)
		}
	}
}

// An app without a probe is ready for a moment. A crash is reported at once.
func TestCrashAfterReady(t *testing.T) {
	a := newAPI(t)
	a.become = func(kind string, _ map[string]any, pod M) {
		if kind == "Deployment" {
			status := mappings(mapAt(pod, "status")["containerStatuses"])[0]
			status["ready"], status["restartCount"] = false, crashes
			status["lastState"] = M{"terminated": M{"exitCode": 2, "reason": "Error"}}
		}
	}
	at := a.target(t, web)
	at.URL = "http://127.0.0.1:1"
	d := one("preview/pr-1")
	d.Ready.Timeout = time.Minute
	begin := time.Now()
	_, err := at.Deploy(t.Context(), d)
	if f, ok := isFailure(err); !ok || !strings.Contains(f.What, "has crashed 3 times (exit 2") || time.Since(begin) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(begin), err)
	}
}
