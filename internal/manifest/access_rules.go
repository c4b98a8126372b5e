package manifest

import (
	"slices"
	"strings"
)

func clusterAdmin(root *field) []hit {
	if root.get("kind").text() != "ClusterRoleBinding" {
		return nil
	}
	if f := root.get("roleRef", "name"); f.text() == "cluster-admin" {
		return []hit{{f, "gives " + subjects(root) + " every right in the cluster"}}
	}
	return nil
}

// wildcardRole finds rights on everything in an API group of Kubernetes itself. A
// wildcard in the API group of an operator is not a finding.
func wildcardRole(root *field) (hits []hit) {
	switch root.get("kind").text() {
	case "RoleBinding":
		if f := root.get("roleRef", "name"); f.text() == "cluster-admin" {
			return []hit{{f, "gives " + subjects(root) + " every right in the namespace"}}
		}
	case "Role", "ClusterRole":
		for _, r := range root.get("rules").list() {
			groups := r.get("apiGroups").texts()
			own := slices.ContainsFunc(groups, func(g string) bool {
				return g == "*" || !strings.Contains(g, ".") || strings.HasSuffix(g, ".k8s.io")
			})
			all := func(key string) bool {
				return slices.ContainsFunc(r.get(key).texts(), func(s string) bool { return s == "*" || s == "*/*" })
			}
			switch resources, verbs := all("resources"), all("verbs"); {
			case !own:
			case resources && verbs:
				hits = append(hits, hit{r, "allows every verb on every resource"})
			case resources:
				hits = append(hits, hit{r.get("resources"), "allows " + clip(strings.Join(r.get("verbs").texts(), ", ")) + " on every resource"})
			case verbs:
				hits = append(hits, hit{r.get("verbs"), "allows every verb on " + clip(strings.Join(r.get("resources").texts(), ", "))})
			}
		}
	}
	return hits
}

func subjects(binding *field) string {
	var names []string
	for _, s := range binding.get("subjects").list() {
		names = append(names, s.get("kind").text()+" "+s.get("name").text())
	}
	if len(names) == 0 {
		return "its future subjects"
	}
	return clip(strings.Join(names, ", "))
}
