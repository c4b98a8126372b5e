package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// good breaks no rule; each case below changes one thing.
const good = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      automountServiceAccountToken: false
      hostNetwork: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      volumes:
      - name: data
        emptyDir: {}
      initContainers: []
      containers:
      - name: web
        image: registry.example.com:5000/web@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}
        resources: {limits: {memory: 64Mi}, requests: {cpu: 10m}}
        ports: [{containerPort: 8080}]
`

// lines lists violations as "line rule field".
func lines(vs []Violation) []string {
	out := []string{}
	for _, v := range vs {
		out = append(out, fmt.Sprintf("%d %s %s", v.At.Line, v.Rule, v.Field))
	}
	slices.Sort(out)
	return out
}

func check(t *testing.T, text string) []Violation {
	t.Helper()
	objects, err := Parse("web.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Check(objects)
}

// GP-GATE-12: each rule on a workload that is good but for one thing.
func TestRulesOfPods(t *testing.T) {
	const spec, c = "spec.template.spec.", "spec.template.spec.containers[0]."
	seen := map[string]bool{}
	for _, tt := range []struct{ name, old, new, want string }{
		{"good", "", "", ""},
		{"privileged", "{allowPriv", "{privileged: true, allowPriv", "17 privileged " + c + "securityContext.privileged"},
		{"privileged in YAML 1.1", "{allowPriv", "{privileged: yes, allowPriv", "17 privileged " + c + "securityContext.privileged"},
		{"not privileged", "{allowPriv", "{privileged: no, allowPriv", ""},
		{"the last key wins", "{allowPriv", "{privileged: false, privileged: true, allowPriv", "17 privileged " + c + "securityContext.privileged"},
		{"windows", "{runAsNonRoot: true,", "{windowsOptions: {hostProcess: true}, runAsNonRoot: true,", "9 privileged " + spec + "securityContext.windowsOptions.hostProcess"},
		{"host path", "emptyDir: {}", "hostPath: {path: /etc}", "12 host-path " + spec + "volumes[0].hostPath"},
		{"docker socket", "emptyDir: {}", "hostPath: {path: /var/run/../run//docker.sock}", "12 docker-socket " + spec + "volumes[0].hostPath"},
		{"folder of the socket", "emptyDir: {}", "hostPath: {path: /run/containerd/}", "12 docker-socket " + spec + "volumes[0].hostPath"},
		{"the whole node", "emptyDir: {}", "hostPath: {path: /}", "12 docker-socket " + spec + "volumes[0].hostPath"},
		{"almost the socket", "emptyDir: {}", "hostPath: {path: /run/docker.sock.d}", "12 host-path " + spec + "volumes[0].hostPath"},
		{"host network", "hostNetwork: false", "hostNetwork: true", "8 host-network " + spec + "hostNetwork"},
		{"host pid", "hostNetwork: false", "hostPID: true", "8 host-pid " + spec + "hostPID"},
		{"host ipc", "hostNetwork: false", "hostIPC: true", "8 host-ipc " + spec + "hostIPC"},
		{"no user is set", "runAsNonRoot: true, ", "", "17 runs-as-root " + c + "securityContext.runAsNonRoot"},
		{"user of the pod", "runAsNonRoot: true", "runAsUser: 1000", ""},
		{"root of the pod", "runAsNonRoot: true", "runAsNonRoot: true, runAsUser: 0", "9 runs-as-root " + spec + "securityContext.runAsUser"},
		{"root by another number", "{allowPriv", "{runAsUser: 0x0, allowPriv", "17 runs-as-root " + c + "securityContext.runAsUser"},
		{"container over pod", "{allowPriv", "{runAsNonRoot: false, allowPriv", "17 runs-as-root " + c + "securityContext.runAsNonRoot"},
		{"container over root of the pod", "runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}", "runAsUser: 5, seccompProfile: {type: RuntimeDefault}}", ""},
		{"escalation", "allowPrivilegeEscalation: false, ", "", "17 privilege-escalation " + c + "securityContext.allowPrivilegeEscalation"},
		{"capability", "NET_BIND_SERVICE", "cap_sys_admin", "17 dangerous-capabilities " + c + "securityContext.capabilities.add[0]"},
		{"every capability", "NET_BIND_SERVICE", "ALL", "17 dangerous-capabilities " + c + "securityContext.capabilities.add[0]"},
		{"unconfined", "RuntimeDefault", "Unconfined", "9 unconfined " + spec + "securityContext.seccompProfile.type"},
		{"all of proc", "{allowPriv", "{procMount: Unmasked, allowPriv", "17 unconfined " + c + "securityContext.procMount"},
		{"apparmor annotation", "  template:\n", "  template:\n    metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/web: unconfined}}\n", "6 unconfined spec.template.metadata.annotations.container.apparmor.security.beta.kubernetes.io/web"},
		{"apparmor annotation of the runtime", "  template:\n", "  template:\n    metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/web: runtime/default}}\n", ""},
		{"SELinux type", "{allowPriv", "{seLinuxOptions: {type: spc_t}, allowPriv", "17 selinux-options " + c + "securityContext.seLinuxOptions.type"},
		{"SELinux user of the pod", "{runAsNonRoot: true,", "{seLinuxOptions: {type: container_t, user: root, level: s0}, runAsNonRoot: true,", "9 selinux-options " + spec + "securityContext.seLinuxOptions.user"},
		{"safe sysctl", "{runAsNonRoot: true,", "{sysctls: [{name: net/ipv4/tcp_syncookies, value: '1'}], runAsNonRoot: true,", ""},
		{"unsafe sysctl", "{runAsNonRoot: true,", "{sysctls: [{name: kernel.msgmax, value: '1'}], runAsNonRoot: true,", "9 unsafe-sysctls " + spec + "securityContext.sysctls[0]"},
		{"no memory limit", "limits: {memory: 64Mi}, requests: {", "limits: {}, requests: {memory: 1Mi, ", "18 missing-limits " + c + "resources.limits.memory"},
		{"no cpu request", ", requests: {cpu: 10m}", "", "18 missing-limits " + c + "resources.requests.cpu"},
		{"latest", "@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", ":latest", "16 latest-tag " + c + "image"},
		{"no tag, with a port", "@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", "", "16 latest-tag " + c + "image"},
		{"tag", "@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", ":1.2", "16 unpinned-image " + c + "image"},
		{"image as a volume", "emptyDir: {}", "image: {reference: registry.example.com/models}", "12 latest-tag " + spec + "volumes[0].image.reference"},
		{"host port", "containerPort: 8080", "containerPort: 8080, hostPort: 80", "19 host-port " + c + "ports[0].hostPort"},
		{"token", "automountServiceAccountToken: false", "serviceAccountName: web", "7 service-account-token " + spec + "automountServiceAccountToken"},
		{"init container", "initContainers: []", "initContainers: [{image: a, securityContext: {privileged: true, allowPrivilegeEscalation: false}, resources: {limits: {memory: 1, cpu: 1}}}]",
			"13 latest-tag spec.template.spec.initContainers[0].image\n13 privileged spec.template.spec.initContainers[0].securityContext.privileged"},
		{"ephemeral container", "initContainers: []", "ephemeralContainers: [{image: 'a:1', securityContext: {allowPrivilegeEscalation: false}}]", "13 unpinned-image spec.template.spec.ephemeralContainers[0].image"},
		{"a string, not a map", "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}", "securityContext: none",
			"17 runs-as-root " + c + "securityContext.runAsNonRoot\n9 malformed " + spec + "securityContext"},
		{"a string, not a boolean", "hostNetwork: false", "hostNetwork: 'true'", "8 malformed " + spec + "hostNetwork"},
		{"a map, not a list", "initContainers: []", "initContainers: {a: b}", "13 malformed " + spec + "initContainers"},
		{"no list of containers", "- name: web\n", "- null\n      - name: web\n", "15 malformed " + spec + "containers[0]"},
		{"no kind", "kind: Deployment", "kind: ''", "1 malformed "},
	} {
		t.Run(tt.name+" GP-GATE-12", func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("%q is not in the example", tt.old)
			}
			got := check(t, strings.Replace(good, tt.old, tt.new, 1))
			for _, v := range got {
				seen[v.Rule] = true
				if v.Fix == "" || v.Message == "" || v.At.Path != "web.yaml" || tt.name != "no kind" && v.Object != "Deployment/web" {
					t.Errorf("%+v", v)
				}
			}
			want := []string{}
			if tt.want != "" {
				want = strings.Split(tt.want, "\n")
			}
			if diff := cmp.Diff(want, lines(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, r := range Rules {
		if !seen[r.ID] && r.ID != "cluster-admin" && r.ID != "wildcard-role" {
			t.Errorf("no case breaks %s", r.ID)
		}
		if r.What == "" || r.Fix == "" || r.Severity == "" {
			t.Errorf("%s is not explained", r.ID)
		}
	}
}

// GP-GATE-12: rules on other objects.
func TestRulesOfObjects(t *testing.T) {
	role := func(rule string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules:\n- " + rule + "\n"
	}
	binding := func(kind, name string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: " + name + "}\nsubjects: [{kind: ServiceAccount, name: ci}]\n"
	}
	for name, tt := range map[string]struct{ text, want string }{
		"cluster-admin":             {binding("ClusterRoleBinding", "cluster-admin"), "4 cluster-admin roleRef.name"},
		"cluster-admin here":        {binding("RoleBinding", "cluster-admin"), "4 wildcard-role roleRef.name"},
		"view":                      {binding("ClusterRoleBinding", "view"), ""},
		"everything":                {role(`{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`), "5 wildcard-role rules[0]"},
		"every resource":            {role(`{apiGroups: [""], resources: ["*"], verbs: [get]}`), "5 wildcard-role rules[0].resources"},
		"every verb":                {role(`{apiGroups: [""], resources: [secrets], verbs: ["*"]}`), "5 wildcard-role rules[0].verbs"},
		"every verb of an operator": {role(`{apiGroups: [argoproj.io], resources: [rollouts], verbs: ["*"]}`), ""},
		"listed":                    {role(`{apiGroups: [""], resources: [pods], verbs: [get, list]}`), ""},
		"broken role":               {role("all"), "5 malformed rules[0]"},
		"volume of the node": {"apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec:\n  hostPath: {path: /etc}\n",
			"5 host-path spec.hostPath"},
		"token switched off by the account": {"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\nautomountServiceAccountToken: false\n---\n" +
			strings.Replace(good, "automountServiceAccountToken: false", "serviceAccountName: web", 1), ""},
		"token of another namespace's account": {"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: a}\nautomountServiceAccountToken: false\n---\n" +
			strings.Replace(good, "automountServiceAccountToken: false", "serviceAccountName: web", 1), "12 service-account-token spec.template.spec.automountServiceAccountToken"},
		"kind of an operator": {strings.NewReplacer("apps/v1", "argoproj.io/v1alpha1", "Deployment", "Rollout", "hostNetwork: false", "hostNetwork: true").Replace(good),
			"8 host-network spec.template.spec.hostNetwork"},
		"template of a workflow": {"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  automountServiceAccountToken: false\n  securityContext: {runAsNonRoot: true}\n  volumes: [{name: v, hostPath: {path: /etc}}]\n  templates:\n  - name: m\n    container:\n" +
			"      image: x:latest\n      resources: {limits: {memory: 1Gi, cpu: 1}}\n      securityContext: {privileged: true, allowPrivilegeEscalation: false}\n  - name: s\n    steps: [[{name: a, template: m}]]\n",
			"11 latest-tag spec.templates[0].container.image\n13 privileged spec.templates[0].container.securityContext.privileged\n9 host-path spec.templates[0].volumes[0].hostPath"},
		"script of a cron workflow": {"apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: w}\nspec:\n  workflowSpec:\n    automountServiceAccountToken: false\n    securityContext: {runAsUser: 1000}\n    templates:\n    - script: {image: 'x@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', resources: {limits: {memory: 1Gi, cpu: 1}}, securityContext: {allowPrivilegeEscalation: false}}\n" +
			"      sidecars: [{name: s, image: 'x@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', resources: {limits: {memory: 1Gi, cpu: 1}}, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]\n",
			"10 privileged spec.workflowSpec.templates[0].sidecars[0].securityContext.privileged"},
		"limits of the pod": {strings.NewReplacer("resources: {limits: {memory: 64Mi}, requests: {cpu: 10m}}", "resources: {}",
			"hostNetwork: false", "resources: {limits: {memory: 1Gi, cpu: 1}}").Replace(good), ""},
		"no container": {"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {automountServiceAccountToken: false}\n", "4 malformed spec.containers"},
		"a list":       {"apiVersion: v1\nkind: List\nitems:\n- kind: Nothing\n- " + strings.ReplaceAll(strings.TrimSpace(binding("ClusterRoleBinding", "cluster-admin")), "\n", "\n  "), "4 malformed \n8 cluster-admin roleRef.name"},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			want := []string{}
			if tt.want != "" {
				want = strings.Split(tt.want, "\n")
			}
			if diff := cmp.Diff(want, lines(check(t, tt.text))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// GP-GATE-12: the pod is found in every kind of workload.
func TestWorkloads(t *testing.T) {
	for kind, at := range workloads {
		text := "hostPID: true"
		for i := len(at) - 1; i >= 0; i-- {
			text = at[i] + ": {" + text + "}"
			if i == len(at)-1 {
				text = at[i] + ": {hostPID: true, containers: [{image: a}]}"
			}
		}
		got := check(t, "{apiVersion: v1, kind: "+kind+", metadata: {name: x}, "+text+"}")
		if !slices.ContainsFunc(got, func(v Violation) bool { return v.Rule == "host-pid" && v.Object == kind+"/x" }) {
			t.Errorf("%s: %v", kind, lines(got))
		}
	}
}
