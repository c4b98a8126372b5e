package kubernetes

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Rule is one rule of an RBAC role.
type Rule struct {
	APIGroups     []string `json:"apiGroups"`
	Resources     []string `json:"resources"`
	ResourceNames []string `json:"resourceNames,omitempty"`
	Verbs         []string `json:"verbs"`
}

// Access lists what an account that deploys to an environment may do.
type Access struct {
	Cluster   []Rule   // in the whole cluster
	Inside    []Rule   // in Namespace
	Namespace string   // of the environment; for previews Home, because their own do not exist yet
	Kinds     []string // kinds that the chart, kustomization or manifests render
}

// Needs are parts of a deployment that the rendered objects do not show.
type Needs struct {
	Stores   bool // secrets from a store
	Migrate  bool // a migration
	Services bool // a database or the like for each preview
}

// Access returns the rights that goldenpath needs to deploy to the environment, without
// a cluster: "preview/" and any name stands for all previews.
func (t *Target) Access(ctx context.Context, environment string, n Needs) (Access, error) {
	_, preview := previewName(environment)
	p := &prepared{namespace: t.namespace(environment)}
	d := target.Deployment{Environment: environment, Commit: strings.Repeat("0", 40), Digest: "sha256:" + strings.Repeat("0", 64)}
	d.Tags.PullRequest = 1
	d.Reference = t.ReplaceImage + "@" + d.Digest
	words, err := t.words(p, d)
	if err != nil {
		return Access{}, err
	}
	all, err := t.render(ctx, nil, p, words, false)
	if err != nil {
		return Access{}, err
	}
	kinds, inside := map[string]bool{}, ruleSet{}
	for _, o := range all {
		if isTest(o) || preview && (slices.Contains(wallKinds, o.GetKind()) || len(foreignKind(o, t.Isolation.Kinds))+len(rights(o)) > 0) || slices.Contains(clusterKinds, o.GetKind()) {
			continue // not deployed, or refused
		}
		kinds[o.GetKind()] = true
		resource, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
		inside.add(resource.Group, resource.Resource, "get", "list", "create", "patch", "delete")
		if o.GetKind() == "Role" {
			// An account cannot create a role with rights that it does not have itself.
			inside.copy(o)
		}
	}
	inside.add("", "secrets", "get", "create", "patch", "delete")
	inside.add("coordination.k8s.io", "leases", "get", "create", "update")
	inside.add("", "pods", "list")
	inside.add("", "pods/log", "get")
	inside.add("", "events", "list")
	if n.Migrate {
		inside.add("batch", "jobs", "get", "list", "create", "patch", "delete")
	}
	if n.Services && preview {
		inside.add("apps", "statefulsets", "get", "list", "create", "patch", "delete")
		inside.add("", "services", "get", "list", "create", "patch", "delete")
	}
	if n.Stores {
		inside.add("external-secrets.io", "externalsecrets", "get", "create", "patch", "delete")
	}
	out := Access{Kinds: slices.Sorted(maps.Keys(kinds))}
	if t.URL == "" {
		out.Cluster = append(out.Cluster, Rule{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"list"}})
	}
	if !preview {
		inside.add("coordination.k8s.io", "leases", "delete")
		out.Namespace, out.Inside = p.namespace, inside.rules()
		out.Cluster = append(out.Cluster, Rule{APIGroups: []string{""}, Resources: []string{"namespaces"}, ResourceNames: []string{p.namespace}, Verbs: []string{"get", "patch"}})
		return out, nil
	}
	inside.add("", "namespaces", "get", "list", "create", "patch", "delete")
	inside.add("", "resourcequotas", "create", "patch")
	inside.add("", "limitranges", "create", "patch")
	inside.add("networking.k8s.io", "networkpolicies", "create", "patch")
	inside.add("", "pods", "deletecollection")
	out.Cluster = append(inside.rules(), out.Cluster...)
	home := ruleSet{}
	home.add("", "configmaps", "get", "create", "update") // the ledger of previews
	out.Namespace, out.Inside = Home, home.rules()
	return out, nil
}

// clusterKinds are built-in kinds that belong to no namespace. A deployment that contains
// one is refused.
var clusterKinds = []string{
	"APIService", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node",
	"PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
}

// ruleSet maps a group and a resource to verbs.
type ruleSet map[[2]string]map[string]bool

func (s ruleSet) add(group, resource string, verbs ...string) {
	key := [2]string{group, resource}
	if s[key] == nil {
		s[key] = map[string]bool{}
	}
	for _, v := range verbs {
		s[key][v] = true
	}
}

// copy adds the rights that a Role gives.
func (s ruleSet) copy(role *unstructured.Unstructured) {
	list, _ := role.Object["rules"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		for _, group := range words(m["apiGroups"]) {
			for _, resource := range words(m["resources"]) {
				s.add(group, resource, words(m["verbs"])...)
			}
		}
	}
}

// rules returns the rights as rules, in a stable order: one for each group and set of
// verbs.
func (s ruleSet) rules() (out []Rule) {
	at := map[string]int{}
	for _, key := range slices.SortedFunc(maps.Keys(s), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		verbs := slices.SortedFunc(maps.Keys(s[key]), func(a, b string) int {
			return cmp.Or(cmp.Compare(slices.Index(verbOrder, a), slices.Index(verbOrder, b)), cmp.Compare(a, b))
		})
		same := key[0] + " " + strings.Join(verbs, " ")
		if i, ok := at[same]; ok {
			out[i].Resources = append(out[i].Resources, key[1])
			continue
		}
		at[same] = len(out)
		out = append(out, Rule{APIGroups: []string{key[0]}, Resources: []string{key[1]}, Verbs: verbs})
	}
	return out
}

var verbOrder = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
