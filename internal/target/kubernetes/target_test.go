package kubernetes

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// A dead deployment's lease is taken over, a living one's is not.
func TestLeaseTakeover(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	a.put("/api/v1/namespaces/x", `{"kind":"Namespace"}`)
	c, err := at.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead, next, third := &lease{cluster: c, namespace: "x", holder: "a"}, &lease{cluster: c, namespace: "x", holder: "b"}, &lease{cluster: c, namespace: "x", holder: "c"}
	take := func(l *lease, seen string, ago time.Duration) (bool, string) {
		t.Helper()
		taken, state, err := l.take(t.Context(), seen, time.Now().Add(-ago))
		if err != nil {
			t.Fatal(err)
		}
		return taken, state
	}
	if ok, _ := take(dead, "", 0); !ok {
		t.Fatal("the lease is free but was not taken")
	}
	ok, state := take(next, "", time.Hour)
	if ok {
		t.Error("taken from one that was never seen before")
	}
	if ok, _ = take(next, state, leaseDead-time.Second); ok {
		t.Error("taken too early")
	}
	if err := dead.write(t.Context(), dead.spec()); err != nil {
		t.Fatal(err)
	}
	if ok, _ = take(next, state, time.Hour); ok {
		t.Error("taken from one that has just renewed it")
	}
	_, state = take(next, "", 0)
	if ok, _ = take(next, state, leaseDead+time.Second); !ok {
		t.Fatal("not taken from a dead one")
	}
	if err := dead.write(t.Context(), dead.spec()); !errors.Is(err, target.ErrSuperseded) {
		t.Errorf("GP-PREV-6: the dead one comes back: %v", err)
	}
	next.last = dead.last // its own last answer was lost
	if err := next.write(t.Context(), map[string]any{}); err != nil {
		t.Errorf("release: %v", err)
	}
	if ok, _ = take(third, "", 0); !ok {
		t.Error("not taken after it was released")
	}
}

// A list that expires in the middle goes on, and says nothing twice.
func TestListPages(t *testing.T) {
	const all = 1203
	for name, token := range map[string]bool{"with a token": true, "from the beginning": false} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			at := a.target(t, web)
			for i := range all {
				r := target.Running{Environment: fmt.Sprintf("preview/pr-%d", i), App: "web", Tags: target.Tags{Repository: "acme/web", PullRequest: i}}
				state, _ := stateOf(r)
				u := object("v1", "Namespace", "", at.namespace(r.Environment), nil)
				u.SetLabels(labels(r, ""))
				u.SetAnnotations(map[string]string{stateKey: state})
				a.mu.Lock()
				a.store("/api/v1/namespaces/"+u.GetName(), u.Object, nil, manager)
				a.mu.Unlock()
			}
			a.put("/api/v1/namespaces/other", `{"kind":"Namespace","metadata":{"labels":{"`+kindLabel+`":"preview"}}}`)
			seen, asked := map[string]int{}, 0
			a.fault = func(_, path string) (int, M) {
				if path != "/api/v1/namespaces" {
					return 0, nil
				}
				if asked++; asked == 3 {
					code, m := no(410, "Expired", "the provided continue parameter is too old")
					if token {
						m["metadata"] = M{"continue": "/api/v1/namespaces/web-pr-5"}
					}
					return code, m
				}
				return 0, nil
			}
			for r, err := range at.List(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				seen[r.Environment]++
			}
			for i := range all {
				if n := seen[fmt.Sprintf("preview/pr-%d", i)]; n != 1 && !token || n > 1 {
					t.Errorf("GP-PREV-5: pr-%d is listed %d times", i, n)
				}
			}
			t.Logf("%d previews in %d calls", len(seen), asked)
			if asked > 7 {
				t.Errorf("%d calls", asked)
			}
		})
	}
}

func environment(a *api, t *testing.T, text string) *Target {
	at := a.target(t, text)
	at.Namespace = "staging"
	return at
}

func staging() target.Deployment {
	d := one("staging")
	d.Tags = target.Tags{}
	return d
}

// An environment shares its namespace: only what it has made is removed with it.
func TestSharedNamespace(t *testing.T) {
	const more = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
	a := newAPI(t)
	a.put("/api/v1/namespaces/staging", `{"kind":"Namespace","metadata":{"labels":{"app.kubernetes.io/managed-by":"terraform","team":"x"}}}`)
	a.put("/api/v1/namespaces/staging/configmaps/theirs", `{"kind":"ConfigMap","apiVersion":"v1"}`)
	a.put("/api/v1/namespaces/staging/configmaps/handed", `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"labels":{"app.kubernetes.io/managed-by":"goldenpath"}}}`)
	_, err := environment(a, t, web+fmt.Sprintf(more, "theirs")).Deploy(t.Context(), staging())
	var refusal *target.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "ConfigMap/theirs: metadata.name: it exists in namespace staging") {
		t.Errorf("somebody else's is taken over: %v", err)
	}
	kept := "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}\n"
	deploy(t, environment(a, t, web+fmt.Sprintf(more, "handed")+fmt.Sprintf(more, "mine")+fmt.Sprintf(more, "lost")+kept), staging())
	a.mu.Lock()
	delete(a.objects, "/api/v1/namespaces/staging/configmaps/lost")
	a.mu.Unlock()
	a.put("/api/v1/namespaces/staging/configmaps/lost", `{"kind":"ConfigMap","apiVersion":"v1"}`)
	r := deploy(t, environment(a, t, web), staging())
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "ConfigMap/lost is no longer part of the deployment but stays") || !strings.Contains(notes, "resource-policy") {
		t.Errorf("notes: %s", notes)
	}
	other := environment(a, t, web)
	other.App = "other"
	d := staging()
	d.App = "other"
	if _, err := other.Deploy(t.Context(), d); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "use another namespace") {
		t.Errorf("two apps in one namespace prune each other: %v", err)
	}
	if err := other.Down(t.Context(), "staging"); !errors.As(err, &refusal) {
		t.Errorf("another app takes it down: %v", err)
	}
	if _, err := other.Status(t.Context(), "staging"); !errors.Is(err, target.ErrNotDeployed) {
		t.Errorf("another app's status: %v", err)
	}
	if err := environment(a, t, web).Down(t.Context(), "staging"); err != nil {
		t.Fatal(err)
	}
	var left []string
	a.mu.Lock()
	for path := range a.objects {
		if rest, ok := strings.CutPrefix(path, "/api/v1/namespaces/staging/configmaps/"); ok {
			left = append(left, rest)
		} else if strings.Contains(path, "/staging/") && !strings.Contains(path, "/pods/") {
			t.Errorf("left: %s", path)
		}
	}
	a.mu.Unlock()
	if diff := cmp.Diff([]string{"kept", "lost", "theirs"}, sorted(left)); diff != "" {
		t.Error(diff)
	}
	ns := a.at("/api/v1/namespaces/staging")
	if diff := cmp.Diff(map[string]string{managedBy: "terraform", "team": "x"}, ns.GetLabels()); diff != "" || ns.GetAnnotations()[stateKey] != "" {
		t.Errorf("%s %v", diff, ns.GetAnnotations())
	}
	d.Environment = "staging"
	if _, err := other.Deploy(t.Context(), d); err != nil {
		t.Errorf("after it is gone another app may have it: %v", err)
	}
}

// A namespace that something holds is said so, in time.
func TestStuck(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	at.Removal = 300 * time.Millisecond
	d := one("preview/pr-1")
	deploy(t, at, d)
	a.put("/api/v1/namespaces/"+at.namespace(d.Environment)+"/configmaps/x", `{"kind":"ConfigMap","metadata":{"finalizers":["example.com/never"]}}`)
	err := at.Down(t.Context(), d.Environment)
	if f, ok := isFailure(err); !ok || !strings.Contains(f.Error(), "ConfigMap/x has the finalizer example.com/never") {
		t.Errorf("GP-PREV-5: %v", err)
	}
	if _, err := at.Deploy(t.Context(), d); err == nil || !strings.Contains(err.Error(), "its removal is blocked") {
		t.Errorf("deploy into it: %v", err)
	}
}

// The pins of a preview are not forgotten: a label that does not hold any more goes.
func TestLabelsFollow(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	d := one("preview/pr-1")
	d.Tags.Expires, d.Tags.Owner = clockAt("2026-01-02T03:04:05Z"), "ann"
	deploy(t, at, d)
	path := "/api/v1/namespaces/" + at.namespace(d.Environment)
	if got := a.at(path).GetLabels()[Domain+"/expires-at"]; got != "20260102T030405Z" {
		t.Errorf("%q", got)
	}
	d.Tags.Expires, d.Tags.Owner = time.Time{}, ""
	deploy(t, at, d)
	if got := runningOf(a.at(path)); !got.Tags.Expires.IsZero() || a.at(path).GetLabels()[Domain+"/owner"] != "" {
		t.Errorf("GP-PREV-4: it is pinned, and expires %s", got.Tags.Expires)
	}
}
