package kubernetes

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What a Role in a preview may allow: reading everything except secrets, and writing
// kinds that no controller acts on. With more permissions, the app could change what was
// checked before the deployment: the isolation, the hosts, and the secrets that its pods
// mount.
var (
	readVerbs = []string{"get", "list", "watch"}
	writable  = []string{"configmaps", "leases", "events"}
)

// rights returns the violations of roles and bindings that allow more.
func rights(o *unstructured.Unstructured) (out []breach) {
	if o.GroupVersionKind().Group != "rbac.authorization.k8s.io" {
		return nil
	}
	if o.GetKind() == "RoleBinding" {
		if kind := mapAt(o.Object, "roleRef")["kind"]; kind != "Role" {
			return []breach{{"roleRef.kind", fmt.Sprint(kind) + " gives rights over the isolation of the preview", "bind a Role that lists what is needed"}}
		}
		return nil
	}
	list, _ := o.Object["rules"].([]any)
	for i, e := range list {
		m, _ := e.(map[string]any)
		verbs, resources := words(m["verbs"]), words(m["resources"])
		if slices.Contains(resources, "secrets") || slices.Contains(resources, "*") {
			out = append(out, breach{fmt.Sprintf("rules[%d].resources", i), "it lets the app read every secret of the preview", "mount the secrets it needs"})
			continue
		}
		writes := slices.ContainsFunc(verbs, func(v string) bool { return !slices.Contains(readVerbs, v) })
		if writes && slices.ContainsFunc(resources, func(r string) bool { return !slices.Contains(writable, r) }) {
			out = append(out, breach{
				fmt.Sprintf("rules[%d].verbs", i), "it lets the app change what was checked before it was applied",
				"allow get, list and watch; only configmaps, leases and events may be written",
			})
		}
	}
	return out
}

func words(v any) (out []string) {
	list, _ := v.([]any)
	for _, e := range list {
		text, _ := e.(string)
		out = append(out, text)
	}
	return out
}
