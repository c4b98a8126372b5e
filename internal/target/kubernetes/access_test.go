package kubernetes

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// authorizer allows what rules allow, as RBAC does, and keeps what was used.
type authorizer struct {
	*api
	access Access
	mu     sync.Mutex
	used   map[string]bool // "verb resource.group"
	denied map[string]bool
}

// asked are the rights that a request needs.
func (a *authorizer) asked(method, path string) (verbs []string, group, resource, namespace, name string) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		group, parts = parts[1], parts[3:]
	default:
		return // discovery, which everybody may
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	resource = parts[0]
	if len(parts) > 1 {
		name = parts[1]
	}
	if len(parts) > 2 {
		resource += "/" + parts[2]
	}
	switch {
	case method == http.MethodGet && name == "":
		verbs = []string{"list"}
	case method == http.MethodDelete && name == "":
		verbs = []string{"deletecollection"}
	case method == http.MethodPatch && a.at(path) == nil:
		verbs = []string{"patch", "create"}
	default:
		verbs = []string{map[string]string{"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[method]}
	}
	return
}

func (a *authorizer) fault(method, path string) (int, M) {
	verbs, group, resource, namespace, name := a.asked(method, path)
	for _, verb := range verbs {
		rules := a.access.Cluster
		if a.access.Namespace != "" && namespace == a.access.Namespace {
			rules = slices.Concat(rules, a.access.Inside)
		}
		may := slices.ContainsFunc(rules, func(r Rule) bool {
			return slices.Contains(r.APIGroups, group) && slices.Contains(r.Resources, resource) && slices.Contains(r.Verbs, verb) &&
				(r.ResourceNames == nil || slices.Contains(r.ResourceNames, name))
		})
		a.mu.Lock()
		a.used[verb+" "+resource+"."+group] = true
		if !may {
			a.denied[fmt.Sprintf("%s %s.%s in %q", verb, resource, group, namespace)] = true
		}
		a.mu.Unlock()
		if !may {
			return no(403, "Forbidden", "no right to "+verb+" "+resource)
		}
	}
	return 0, nil
}

// What goldenpath preview access prints is enough to create, update, list and remove
// previews and to deploy to an environment, and contains no right that none of it uses.
func TestAccess(t *testing.T) {
	extra := `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: old}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [endpoints], verbs: [watch]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: left-out}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: refused}
`
	for environment, namespace := range map[string]string{"preview/pr-1": "", "production": "web-production"} {
		t.Run(environment, func(t *testing.T) {
			a := newAPI(t)
			at := a.target(t, web+extra)
			at.Namespace = namespace
			access, err := at.Access(t.Context(), environment, Needs{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"ConfigMap", "Deployment", "Role", "Service"}, access.Kinds); diff != "" && namespace == "" {
				t.Errorf("kinds: %s", diff)
			}
			guard := &authorizer{api: a, access: access, used: map[string]bool{}, denied: map[string]bool{}}
			a.fault = guard.fault
			if namespace == "" {
				a.put("/api/v1/namespaces/"+Home, `{"kind":"Namespace"}`) // preview access prints it
			}
			if namespace != "" {
				a.put("/api/v1/namespaces/"+namespace, `{"kind":"Namespace"}`)
			}
			d := one(environment)
			d.Secrets = map[string]target.Secret{"KEY": {Value: "x"}}
			for i, manifests := range []string{web + extra[:strings.LastIndex(extra, "---")], web} {
				if err := os.WriteFile(filepath.Join(at.Dir, "all.yaml"), []byte(manifests), 0o600); err != nil {
					t.Fatal(err)
				}
				d.Digest = "sha256:" + strings.Repeat(fmt.Sprint(i+1), 64)
				d.Reference = "registry.test/web@" + d.Digest
				deploy(t, at, d)
			}
			if _, err := at.Status(t.Context(), environment); err != nil {
				t.Error(err)
			}
			for _, err := range at.List(t.Context()) {
				if err != nil && namespace == "" {
					t.Error(err)
				}
			}
			if namespace == "" { // twice: it is created, and then replaced
				for range 2 {
					_, version, err := at.Ledger().Load(t.Context())
					if err != nil {
						t.Error(err)
					}
					if err := at.Ledger().Save(t.Context(), map[string][]byte{"previews/pr-1.json": []byte("{}")}, version); err != nil {
						t.Error(err)
					}
				}
			}
			if err := at.Down(t.Context(), environment); err != nil {
				t.Error(err)
			}
			delete(guard.denied, `list namespaces. in ""`) // only previews are listed
			if len(guard.denied) > 0 {
				t.Errorf("denied: %v", guard.denied)
			}
			var unused []string
			for _, r := range slices.Concat(access.Cluster, access.Inside) {
				for _, resource := range r.Resources {
					for _, verb := range r.Verbs {
						if right := verb + " " + resource + "." + r.APIGroups[0]; !guard.used[right] && elsewhere[right] == "" && (verb == "create" || verb == "patch" || elsewhere[verb] == "") {
							unused = append(unused, right)
						}
					}
				}
			}
			if len(unused) > 0 {
				t.Errorf("never used: %v", unused)
			}
		})
	}
}

// elsewhere are the rights that this life of an environment does not need, and what does.
var elsewhere = map[string]string{
	"get": "a kind that the chart no longer has", "list": "what blocks a removal", "delete": "a kind that the chart no longer has",
	"watch endpoints.": "the Role in the manifests gives it", "get pods/log.": "the log of an app that does not start",
}
