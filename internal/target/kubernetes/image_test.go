package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

func TestArtifactTakesThePlace(t *testing.T) {
	for _, tt := range []struct {
		image, stands string
		same          bool
	}{
		{"nginx", "docker.io/library/nginx", true},
		{"docker.io/nginx:1.2", "nginx", true},
		{"index.docker.io/library/nginx", "nginx", true},
		{"library/nginx@sha256:1", "nginx", true},
		{"acme/web:1", "docker.io/acme/web", true},
		{"localhost:5000/web:1", "localhost:5000/web", true},
		{"localhost:5000/web", "localhost:5000/web:7@sha256:1", true},
		{"localhost:5000/web", "localhost/web", false},
		{"localhost:5000/library/nginx", "localhost:5000/nginx", false},
		{"ghcr.io/nginx", "nginx", false},
		{"ghcr.io/library/nginx", "nginx", false},
		{"acme/web-migrate", "acme/web", false},
		{"", "acme/web", false},
	} {
		o := parse(t, fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {initContainers: [{name: i, image: %q}], containers: [{name: s, image: side}, {name: a, image: %[1]q}]}", tt.image))
		problems := artifact(parseAll(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}"), tt.stands, one(""), false)
		if len(problems) != 1 {
			t.Errorf("without a container: %v", problems)
		}
		problems = artifact(list(o), tt.stands, one(""), true)
		if (len(problems) == 0) != tt.same {
			t.Errorf("%s for %s: %v", tt.image, tt.stands, problems)
			continue
		}
		want := []string{tt.image, "side", tt.image}
		if tt.same {
			want[0], want[2] = one("").Reference, one("").Reference
		}
		var got []string
		for _, c := range containers(podSpecs(o)[0]) {
			got = append(got, c["image"].(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s for %s: %s", tt.image, tt.stands, diff)
		}
		if pull := podSpecs(o)[0]["imagePullSecrets"] != nil; pull != tt.same {
			t.Errorf("pull secrets: %v", podSpecs(o)[0])
		}
	}
}

func TestVariables(t *testing.T) {
	d := one("")
	d.Env = map[string]string{"HOST": "0.0.0.0"}
	d.Secrets = map[string]target.Secret{"TOKEN": {Value: "hunter22"}, "KEY": {Store: "vault", Key: "k"}}
	o := parse(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: acme/web, env: [{name: HOST, value: old}, {name: TOKEN, value: old}, {name: OWN, value: stays}]}]}")
	if problems := artifact(list(o), "acme/web", d, false); len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []any{
		M{"name": "OWN", "value": "stays"}, M{"name": "HOST", "value": "0.0.0.0"},
		M{"name": "KEY", "valueFrom": M{"secretKeyRef": M{"name": externalSecret, "key": "KEY"}}},
		M{"name": "TOKEN", "valueFrom": M{"secretKeyRef": M{"name": envSecret, "key": "TOKEN"}}},
	}
	if diff := cmp.Diff(want, containers(podSpecs(o)[0])[0]["env"]); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(fmt.Sprint(o.Object), "hunter22") {
		t.Error("GP-SEC: the value of a secret is in what is applied")
	}
}

// A kind of somebody else's that has the name of one of Kubernetes' own.
func TestPodsOfForeignKinds(t *testing.T) {
	o := parse(t, "apiVersion: batch.volcano.sh/v1\nkind: Job\nmetadata: {name: x}\nspec: {tasks: [{template: {spec: {containers: [{name: a, image: acme/web}]}}}]}")
	if got := podSpecs(o); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// Harden fills in what is open, and never overrides what is said.
func TestHarden(t *testing.T) {
	const filled = "spec: {automountServiceAccountToken: false, securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}"
	for name, tt := range map[string]struct{ in, want string }{
		"open":         {"spec: {containers: [{name: a}]}", filled},
		"null":         {"spec: {automountServiceAccountToken: null, securityContext: null, containers: [{name: a, securityContext: {capabilities: null, allowPrivilegeEscalation: null}}]}", filled},
		"null inside":  {"spec: {securityContext: {runAsNonRoot: null, seccompProfile: null}, containers: [{name: a, securityContext: {capabilities: {drop: null}}}]}", filled},
		"wrong types":  {"spec: {securityContext: 5, containers: [{name: a, securityContext: x}]}", "spec: {automountServiceAccountToken: false, securityContext: 5, containers: [{name: a, securityContext: x}]}"},
		"windows":      {"spec: {os: {name: windows}, containers: [{name: a}]}", "spec: {os: {name: windows}, containers: [{name: a}]}"},
		"said already": {"spec: {automountServiceAccountToken: true, securityContext: {runAsNonRoot: false, seccompProfile: {type: Localhost}}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: true, capabilities: {drop: [CHOWN]}}}]}", "spec: {automountServiceAccountToken: true, securityContext: {runAsNonRoot: false, seccompProfile: {type: Localhost}}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: true, capabilities: {drop: [CHOWN]}}}]}"},
	} {
		t.Run(name, func(t *testing.T) {
			const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
			o := parse(t, head+tt.in)
			(&prepared{}).harden(list(o), one(""))
			if diff := cmp.Diff(parse(t, head+tt.want).Object, o.Object); diff != "" {
				t.Errorf("GP-PREV-2: -want +got\n%s", diff)
			}
		})
	}
}
