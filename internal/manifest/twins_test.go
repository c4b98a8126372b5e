package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rulesOf lists the rules that a text breaks, sorted, each once.
func rulesOf(t *testing.T, text string) []string {
	t.Helper()
	out := []string{}
	for _, v := range check(t, text) {
		out = append(out, v.Rule)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestTwins: GP-GATE-12, of two workloads that differ in one field, the rule finds the
// bad one and nothing else, and accepts the good one.
func TestTwins(t *testing.T) {
	// In a pod or a container, text is added to what is good already.
	pod := func(text string) string {
		return strings.Replace(good, "      hostNetwork: false\n", "      "+text+"\n", 1)
	}
	context := func(text string) string {
		return strings.Replace(good, "{allowPrivilegeEscalation: false, ", "{allowPrivilegeEscalation: false, "+text+", ", 1)
	}
	volume := func(text string) string { return strings.Replace(good, "emptyDir: {}", text, 1) }
	image := func(text string) string {
		a := strings.Index(good, "registry.example.com")
		return good[:a] + text + good[a+strings.Index(good[a:], "\n"):]
	}
	port := func(text string) string {
		return strings.Replace(good, "{containerPort: 8080}", "{containerPort: 8080, "+text+"}", 1)
	}
	sum := "@sha256:" + strings.Repeat("0a", 32)
	for _, tt := range []struct{ rule, bad, twin string }{
		{"privileged", context("privileged: true"), context("privileged: false")},
		{"privileged", context("windowsOptions: {hostProcess: true}"), context("windowsOptions: {hostProcess: false}")},
		{"host-network", pod("hostNetwork: on"), pod("hostNetwork: off")},
		{"host-pid", pod("hostPID: true"), pod("hostPID: ")},
		{"host-ipc", pod("hostIPC: true"), pod("shareProcessNamespace: true")},
		{"host-path", volume("hostPath: {path: /var/log}"), volume("persistentVolumeClaim: {claimName: log}")},
		{"host-path", volume("hostPath: {path: /var/run-not/docker.sock}"), volume("configMap: {name: docker.sock}")},
		{"docker-socket", volume("hostPath: {path: /var/run}"), volume("emptyDir: {medium: Memory}")},
		{"docker-socket", volume("hostPath: {path: /run/containerd/containerd.sock, type: Socket}"), volume("csi: {driver: a}")},
		{"docker-socket", volume("hostPath: {path: ../../run/crio/crio.sock}"), volume("projected: {sources: []}")},
		{"docker-socket", volume("hostPath: {path: '/run/k3s/../docker.sock/'}"), volume("downwardAPI: {}")},
		{"dangerous-capabilities", strings.Replace(good, "NET_BIND_SERVICE", "NET_RAW", 1), strings.Replace(good, "NET_BIND_SERVICE", "CAP_CHOWN", 1)},
		{"dangerous-capabilities", strings.Replace(good, "NET_BIND_SERVICE", "sys_ptrace", 1), strings.Replace(good, "NET_BIND_SERVICE", "setuid", 1)},
		{"unconfined", context("seccompProfile: {type: Unconfined}"), context("seccompProfile: {type: Localhost, localhostProfile: a.json}")},
		{"unconfined", context("appArmorProfile: {type: Unconfined}"), context("appArmorProfile: {type: RuntimeDefault}")},
		{"unconfined", context("procMount: Unmasked"), context("procMount: Default")},
		{"runs-as-root", context("runAsUser: 0"), context("runAsUser: 1")},
		{"runs-as-root", context("runAsUser: 0, runAsNonRoot: true"), context("runAsUser: 65532, runAsNonRoot: false")},
		{"runs-as-root", context("runAsNonRoot: false"), context("runAsNonRoot: null")},
		{"privilege-escalation", strings.Replace(good, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", 1), good},
		{"privilege-escalation", strings.Replace(good, "allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true", 1), context("readOnlyRootFilesystem: true")},
		{"missing-limits", strings.Replace(good, "limits: {memory: 64Mi}", "limits: {cpu: 1}", 1), strings.Replace(good, "limits: {memory: 64Mi}", "limits: {memory: 1Gi, cpu: 1}", 1)},
		{"missing-limits", strings.Replace(good, "requests: {cpu: 10m}", "requests: {memory: 1Mi}", 1), strings.Replace(good, "requests: {cpu: 10m}", "requests: {cpu: 1, memory: 1Mi}", 1)},
		{"missing-limits", strings.Replace(good, "memory: 64Mi", "memory: null", 1), strings.Replace(good, "memory: 64Mi", "memory: 0", 1)},
		{"latest-tag", image("web"), image("web" + sum)},
		{"latest-tag", image("localhost:5000/web"), image("localhost:5000/web" + sum)},
		{"latest-tag", image("web:latest"), image("web:latest" + sum)},
		{"unpinned-image", image("web:latest-2"), image("web:1" + sum)},
		{"unpinned-image", image("'a/b/c:1@sha256:'"), image("a/b/c" + sum)},
		{"unpinned-image", image("'web:1@sha256:0a'"), image("web:1@sha512:" + strings.Repeat("0a", 64))},
		{"host-port", port("hostPort: 443"), port("hostPort: 0")},
		{"host-port", port("hostPort: 8080, protocol: UDP"), port("name: web")},
		{"service-account-token", strings.Replace(good, "automountServiceAccountToken: false", "automountServiceAccountToken: true", 1), good},
		{"malformed", pod("hostPID: 'false'"), pod("hostPID: false")},
		{"malformed", pod("hostPID: 1"), pod("hostPID: NO")},
		{"malformed", context("runAsUser: '5'"), context("runAsUser: 5")},
		{"malformed", context("runAsUser: 5.5"), context("runAsUser: 5.0")},
		{"malformed", port("hostPort: http"), port("hostPort: null")},
		{"malformed", volume("hostPath: /etc"), volume("emptyDir: ")},
	} {
		a, b := 0, min(len(tt.bad), len(tt.twin))
		for a < b && tt.bad[a] == tt.twin[a] {
			a++
		}
		line, _, _ := strings.Cut(tt.bad[strings.LastIndexByte(tt.bad[:a], '\n')+1:], "\n")
		t.Run(tt.rule+" "+strings.TrimSpace(line), func(t *testing.T) {
			want := []string{tt.rule}
			got := slices.DeleteFunc(rulesOf(t, tt.bad), func(r string) bool { return tt.rule == malformed && r != malformed })
			if strings.Contains(tt.bad, "hostPath: /etc") {
				got = slices.DeleteFunc(got, func(r string) bool { return r != tt.rule })
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the bad one: %s", diff)
			}
			if got := rulesOf(t, tt.twin); len(got) != 0 {
				t.Errorf("its twin breaks %v", got)
			}
		})
	}
}

// TestAccessTwins: GP-GATE-12, roles and bindings, with a harmless one beside each.
func TestAccessTwins(t *testing.T) {
	role := func(kind, rule string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: r}\nrules: [" + rule + "]\n"
	}
	binding := func(kind, to string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: " + to + "}\n"
	}
	for name, tt := range map[string]struct{ rule, bad, twin string }{
		"cluster-admin":             {"cluster-admin", binding("ClusterRoleBinding", "cluster-admin"), binding("ClusterRoleBinding", "cluster-admins")},
		"cluster-admin in a space":  {"wildcard-role", binding("RoleBinding", "cluster-admin"), binding("RoleBinding", "admin")},
		"everything in a namespace": {"wildcard-role", role("Role", `{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`), role("Role", `{apiGroups: [""], resources: [pods], verbs: [get]}`)},
		"one of two rules":          {"wildcard-role", role("ClusterRole", `{apiGroups: [""], resources: [pods], verbs: [get]}, {apiGroups: [""], resources: ["*"], verbs: [get]}`), role("ClusterRole", `{apiGroups: [""], resources: [pods], verbs: [get]}, {apiGroups: [apps], resources: [deployments], verbs: [list]}`)},
		"a wildcard among others":   {"wildcard-role", role("Role", `{apiGroups: [apps], resources: [pods, "*"], verbs: [get]}`), role("Role", `{apiGroups: [apps], resources: [pods, "*.x"], verbs: [get]}`)},
		"every subresource":         {"wildcard-role", role("Role", `{apiGroups: [""], resources: ["*/*"], verbs: [get]}`), role("Role", `{apiGroups: [""], resources: ["*/scale"], verbs: [get]}`)},
		"a group of Kubernetes":     {"wildcard-role", role("Role", `{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: ["*"]}`), role("Role", `{apiGroups: [cert-manager.io], resources: [certificates], verbs: ["*"]}`)},
		"an operator and the core":  {"wildcard-role", role("Role", `{apiGroups: [cert-manager.io, ""], resources: ["*"], verbs: [get]}`), role("Role", `{apiGroups: [cert-manager.io, acme.example.com], resources: ["*"], verbs: [get]}`)},
		"a path, not a resource":    {"malformed", role("ClusterRole", `{nonResourceURLs: /metrics, verbs: get}`), role("ClusterRole", `{nonResourceURLs: [/metrics], verbs: [get]}`)},
		"a volume of the node":      {"host-path", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {hostPath: {path: /data}}\n", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {nfs: {path: /data, server: a}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff([]string{tt.rule}, rulesOf(t, tt.bad)); diff != "" {
				t.Errorf("the bad one: %s", diff)
			}
			if got := rulesOf(t, tt.twin); len(got) != 0 {
				t.Errorf("its twin breaks %v", got)
			}
		})
	}
}

// TestHiddenPods: GP-GATE-12, a pod is found wherever the cluster would find it.
func TestHiddenPods(t *testing.T) {
	bad := "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostPID: true, containers: [{image: a}]}}"
	indented := strings.ReplaceAll(strings.TrimSpace(strings.Replace(good, "hostNetwork: false", "hostPID: true", 1)), "\n", "\n  ")
	for name, text := range map[string]string{
		"a list":                       "{kind: List, apiVersion: v1, items: [" + bad + "]}",
		"a typed list":                 "{kind: PodList, apiVersion: v1, items: [{metadata: {name: p}, spec: {hostPID: true, containers: [{image: a}]}}]}",
		"a list in a list":             "{kind: List, apiVersion: v1, items: [{kind: List, apiVersion: v1, items: [" + bad + "]}]}",
		"the last of many":             strings.Repeat("---\n# nothing\n", 50) + "---\n" + bad,
		"behind an empty list":         "{kind: List, apiVersion: v1, items: []}\n---\n" + bad,
		"by an alias":                  "kind: List\napiVersion: v1\nx: &x " + bad + "\nitems: [*x]",
		"by a merge":                   "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nx: &x {hostPID: true}\nspec: {<<: *x, containers: [{image: a}]}",
		"in JSON":                      `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"hostPID":true,"containers":[{"image":"a"}]}}`,
		"the second JSON object":       `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"\ud83d\ude00"}}{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"hostPID":true,"containers":[{"image":"a"}]}}`,
		"behind a byte order mark":     "\ufeff" + bad,
		"in a kind of an operator":     "{apiVersion: acme.io/v1, kind: Farm, metadata: {name: p}, spec: {cows: [{template: {spec: {hostPID: true, containers: [{image: a}]}}}]}}",
		"in a known kind elsewhere":    "{apiVersion: acme.io/v1, kind: Deployment, metadata: {name: p}, spec: {pod: {spec: {hostPID: true, containers: [{image: a}]}}}}",
		"in an old API":                "{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: p}, spec: {template: {spec: {hostPID: true, containers: [{image: a}]}}}}",
		"in a workload of a long list": "kind: List\napiVersion: v1\nitems:\n- " + indented,
	} {
		t.Run(name, func(t *testing.T) {
			if got := rulesOf(t, text); !slices.Contains(got, "host-pid") {
				t.Errorf("not found: %v", got)
			}
		})
	}
}

// TestLinesOfHostileText: a violation points to the line of its field, through aliases
// and merges, and names of any length stay within a report.
func TestLinesOfHostileText(t *testing.T) {
	long := strings.Repeat("ü", 5000)
	for name, tt := range map[string]struct {
		text string
		line int
	}{
		"plain":       {"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  containers: [{image: a}]\n", 5},
		"alias":       {"apiVersion: v1\nkind: Pod\nx: &x\n  hostPID: true\n  containers: [{image: a}]\nmetadata: {name: p}\nspec: *x\n", 4},
		"second":      {"# one\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: a}],\n  hostPID: true}\n", 7},
		"long names":  {fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s}\nspec:\n  hostPID: true\n  containers: [{image: a}]\n", long, long), 5},
		"JSON":        {"\n\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\n\"spec\":{\"hostPID\":true,\"containers\":[{\"image\":\"a\"}]}}", 4},
		"Windows":     {"apiVersion: v1\r\nkind: Pod\r\nmetadata: {name: p}\r\nspec:\r\n  hostPID: true\r\n  containers: [{image: a}]\r\n", 5},
		"a name of 7": {"apiVersion: v1\nkind: Pod\nmetadata: {name: 7}\nspec: {hostPID: true, containers: [{image: a}]}\n", 4},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range check(t, tt.text) {
				if len([]rune(v.Object)) > 300 || len([]rune(v.Space)) > 130 || len([]rune(v.Message)) > 400 {
					t.Errorf("%d characters in %s", len(v.Object+v.Space+v.Message), v.Rule)
				}
				if v.Rule == "host-pid" && v.At.Line != tt.line {
					t.Errorf("line %d, want %d", v.At.Line, tt.line)
				}
			}
		})
	}
}
