package kubernetes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x%s}\nspec: {%s}"

func pod(more string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b}], " + more + "}"
}

func role(resources, verbs string) string {
	return fmt.Sprintf("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x}\nrules: [{apiGroups: ['*'], resources: [%s], verbs: [%s]}]", resources, verbs)
}

// GP-PREV-2: what leads out of a preview is refused before anything is changed,
// with the object, the field and what to do.
func TestRefusals(t *testing.T) {
	object := func(version, kind, rest string) string {
		return "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: x}\n" + rest
	}
	const v1 = "v1"
	for name, tt := range map[string]struct{ text, want string }{
		"a list that is none":    {"apiVersion: v1\nkind: List\nitems: {a: b}", "List/: items: not a list"},
		"in a list":              {"apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {hostPID: true, containers: [{name: a}]}}]", "Pod/x: spec.hostPID"},
		"ephemeral container":    {pod("ephemeralContainers: [{name: a, securityContext: {privileged: true}}]"), "Pod/x: spec.ephemeralContainers[0].securityContext.privileged"},
		"init container":         {pod("initContainers: [{name: a, image: acme/web, securityContext: {runAsUser: 0}}]"), "Pod/x: spec.initContainers[0].securityContext.runAsUser"},
		"a context that is none": {pod("securityContext: yes"), "Pod/x: spec.securityContext: it is a boolean, not a map"},
		"containers not a list":  {object(v1, "Pod", "spec: {containers: {a: {privileged: true}}}"), "Pod/x: spec.containers: it is a map, not a list"},
		"root is allowed":        {pod("securityContext: {runAsNonRoot: false}"), "Pod/x: spec.containers[0].securityContext.runAsNonRoot"},
		"windows":                {pod("os: {name: windows}, securityContext: {windowsOptions: {hostProcess: true}}"), "Pod/x: spec.securityContext.windowsOptions.hostProcess"},
		"hook":                   {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: {helm.sh/hook: pre-install}}\nspec: {hostPID: true, containers: [{name: a}]}", "Pod/x: spec.hostPID"},
		"test and hook":          {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: {helm.sh/hook: 'test,post-install'}}\nspec: {hostPID: true, containers: [{name: a}]}", "Pod/x: spec.hostPID"},
		"node name":              {pod("nodeName: control-plane"), "Pod/x: spec.nodeName"},
		"priority class":         {pod("priorityClassName: system-node-critical"), "Pod/x: spec.priorityClassName"},
		"every taint":            {pod("tolerations: [{operator: Exists}]"), "Pod/x: spec.tolerations[0]"},
		"control plane":          {pod("tolerations: [{key: a}, {key: node-role.kubernetes.io/control-plane}]"), "Pod/x: spec.tolerations[1]"},
		"finalizer":              {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, finalizers: [example.com/never]}", "ConfigMap/x: metadata.finalizers"},
		"finalizer of pods":      {object("apps/v1", "Deployment", "spec: {template: {metadata: {finalizers: [a/b]}, spec: {containers: [{name: a, image: b}]}}}"), "Deployment/x: spec.template.metadata.finalizers"},
		"finalizer of claims":    {object("apps/v1", "StatefulSet", "spec: {volumeClaimTemplates: [{metadata: {finalizers: [a/b]}}], template: {spec: {containers: [{name: a, image: b}]}}}"), "StatefulSet/x: spec.volumeClaimTemplates[0].metadata.finalizers"},
		"volume of others":       {object(v1, "PersistentVolumeClaim", "spec: {volumeName: theirs}"), "PersistentVolumeClaim/x: spec.volumeName"},
		"pull secret as file":    {pod("volumes: [{name: v, secret: {secretName: goldenpath-pull}}]"), "Pod/x: spec.volumes[0].secret.secretName"},
		"pull secret projected":  {pod("volumes: [{name: v, projected: {sources: [{secret: {name: goldenpath-pull}}]}}]"), "Pod/x: spec.volumes[0].projected.sources[0].secret.name"},
		"inventory in variables": {object(v1, "Pod", "spec: {containers: [{name: a, image: b, envFrom: [{secretRef: {name: goldenpath-inventory}}]}]}"), "Pod/x: spec.containers[0].envFrom[0].secretRef.name"},
		"our inventory":          {"apiVersion: v1\nkind: Secret\nmetadata: {name: goldenpath-inventory}", "Secret/goldenpath-inventory: metadata.name"},
		"our variables":          {"apiVersion: v1\nkind: Secret\nmetadata: {name: goldenpath-env}", "Secret/goldenpath-env: metadata.name"},
		"our lease":              {"apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: goldenpath}", "Lease/goldenpath: metadata.name"},
		"role over secrets":      {role("secrets", "get"), "Role/x: rules[0].resources"},
		"role over everything":   {role("'*'", "get"), "Role/x: rules[0].resources"},
		"role over walls":        {role("networkpolicies", "delete"), "Role/x: rules[0].verbs"},
		"role that escalates":    {role("roles", "escalate"), "Role/x: rules[0].verbs"},
		"role over hosts":        {role("ingresses", "get, create"), "Role/x: rules[0].verbs"},
		"role over pods":         {role("pods", "create"), "Role/x: rules[0].verbs"},
		"binding":                {object("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: {kind: ClusterRole, name: admin}"), "RoleBinding/x: roleRef.kind"},
		"binding to nothing":     {object("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: x"), "RoleBinding/x: roleRef.kind"},
		"external ips":           {object(v1, "Service", "spec: {externalIPs: [192.0.2.1]}"), "Service/x: spec.externalIPs"},
		"external name":          {object(v1, "Service", "spec: {type: ExternalName, externalName: kubernetes.default}"), "Service/x: spec.type: ExternalName"},
		"load balancer":          {object(v1, "Service", "spec: {type: LoadBalancer}"), "Service/x: spec.type: LoadBalancer"},
		"endpoints":              {object(v1, "Endpoints", "subsets: []"), "Endpoints/x: kind"},
		"another's host":         {fmt.Sprintf(ingress, "", "rules: [{host: www.example.com}]"), "Ingress/x: spec.rules: it claims the host www.example.com"},
		"every host":             {fmt.Sprintf(ingress, "", "rules: [{}]"), "Ingress/x: spec.rules: it claims every host"},
		"nearly its host":        {fmt.Sprintf(ingress, "", "rules: [{host: evilpr-1.test}]"), "Ingress/x: spec.rules"},
		"certificate":            {fmt.Sprintf(ingress, "", "rules: [{host: pr-1.test}], tls: [{hosts: [www.example.com]}]"), "Ingress/x: spec.tls: it claims the host www.example.com"},
		"snippet":                {fmt.Sprintf(ingress, ", annotations: {nginx.ingress.kubernetes.io/server-snippet: x}", ""), "Ingress/x: metadata.annotations.nginx.ingress.kubernetes.io/server-snippet"},
		"alias":                  {fmt.Sprintf(ingress, `, annotations: {nginx.ingress.kubernetes.io/server-alias: "pr-1.test,www.example.com"}`, ""), "it claims the host www.example.com"},
		"name in the DNS":        {"apiVersion: v1\nkind: Service\nmetadata: {name: x, annotations: {external-dns.alpha.kubernetes.io/hostname: www.example.com}}", "Service/x: metadata.annotations.external-dns.alpha.kubernetes.io/hostname"},
		"route to every host":    {object("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: {}"), "HTTPRoute/x: spec.hostnames: it claims every host"},
		"word to a controller":   {object("argoproj.io/v1alpha1", "Application", "spec: {}"), "Application/x: kind: Application.argoproj.io"},
		"unknown":                {object("example.com/v1", "Backdoor", ""), "Backdoor/x: the cluster does not have the kind"},
		"of the cluster":         {object("rbac.authorization.k8s.io/v1", "ClusterRole", ""), "ClusterRole/x: kind: ClusterRole is cluster-wide"},
		"a namespace":            {object(v1, "Namespace", ""), "Namespace/x: kind"},
		"twice":                  {object(v1, "ConfigMap", "---\n"+object(v1, "ConfigMap", "")), "ConfigMap/x: metadata.name: it is rendered twice"},
		"no name":                {"apiVersion: v1\nkind: Pod\nmetadata: {generateName: x}", "Pod/: metadata.name"},
		"too many":               {strings.Repeat("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n", 1001), "more than 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			at := a.target(t, web+"---\n"+tt.text)
			at.URL = "http://pr-{number}.test"
			_, err := at.Deploy(t.Context(), one("preview/pr-1"))
			var refusal *target.Refusal
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v\nwant %q", err, tt.want)
			}
			for _, p := range refusal.Problems {
				if strings.Count(p, ": ") < 1 {
					t.Errorf("no remedy: %s", p)
				}
			}
			for _, call := range a.taken() {
				if !strings.HasPrefix(call, "GET") {
					t.Errorf("changed: %s", call)
				}
			}
		})
	}
}

// What a preview may have is not refused.
func TestAllowed(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web+"---\n"+strings.Join([]string{
		"apiVersion: v1\nkind: List\nitems:",
		fmt.Sprintf(ingress, "", "rules: [{host: pr-1.test}, {host: api.pr-1.test}], tls: [{hosts: [pr-1.test]}]"),
		role("configmaps, leases", "get, update"), strings.Replace(role("pods, services", "get, list, watch"), "name: x", "name: other", 1), "apiVersion: v1\nkind: Secret\nmetadata: {name: goldenpath}",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open}",
		"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {template: {spec: {containers: [{name: a, image: acme/web}]}}}",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test-success}}\nspec: {hostPID: true, containers: [{name: a}]}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: exported, uid: a, resourceVersion: '7', creationTimestamp: null, ownerReferences: [{name: a}], managedFields: []}\nstatus: {}",
	}, "\n---\n"))
	at.ReplaceImage, at.URL, at.Isolation.Kinds = "docker.io/acme/web", "http://pr-{number}.test", []string{"Rollout.argoproj.io"}
	p, err := at.Plan(t.Context(), one("preview/pr-1"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Changes {
		got = append(got, c.What+" "+c.Object)
	}
	want := []string{"create ConfigMap/exported", "create Secret/goldenpath", "create Role/x", "create Role/other", "create Service/web", "create Rollout/r", "create Deployment/web", "create Ingress/x"}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || !slices.Contains(p.Notes, "NetworkPolicy/open is left out: goldenpath sets the isolation of a preview") {
		t.Errorf("%s\n%v", diff, p.Notes)
	}
}
