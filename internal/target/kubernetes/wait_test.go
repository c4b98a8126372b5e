package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// GP-PREV-12: what comes after a migration finds it done, not begun.
func TestHookIsDone(t *testing.T) {
	job := func(status string) string {
		return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {template: {spec: {containers: [{name: a}]}}}\nstatus: {" + status + "}"
	}
	phase := func(phase string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nstatus: {phase: " + phase + ", conditions: [{type: Ready, status: 'True'}]}"
	}
	for name, tt := range map[string]struct {
		text string
		done bool
	}{
		"begun":     {job("startTime: '2026-01-01T00:00:00Z', active: 1"), false},
		"done":      {job("startTime: '2026-01-01T00:00:00Z', conditions: [{type: Complete, status: 'True'}]"), true},
		"failed":    {job("conditions: [{type: Failed, status: 'True'}]"), false},
		"running":   {phase("Running"), false},
		"succeeded": {phase("Succeeded"), true},
		"crashed":   {phase("Failed"), false},
		"an object": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}", true},
	} {
		pending, err := unfinished(parseAll(t, tt.text))
		if err != nil || (len(pending) == 0) != tt.done {
			t.Errorf("%s: %d pending, %v", name, len(pending), err)
		}
	}
	for _, text := range []string{job("conditions: [{type: Failed, status: 'True'}]"), phase("Failed")} {
		if all := refusedPods(parse(t, text)); len(all) != 1 || !all[0].final {
			t.Errorf("it is waited for: %+v", all)
		}
	}
}

func TestHooksInOrder(t *testing.T) {
	a := newAPI(t)
	hook := func(name, more string) string {
		return fmt.Sprintf("---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: %s, annotations: {%s}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: acme/web}]}}}\n", name, more)
	}
	at := a.target(t, web+hook("late", "helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-succeeded")+
		hook("b", "helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '2'")+hook("a", "helm.sh/hook: pre-install, helm.sh/hook-weight: '10'")+
		hook("first", "helm.sh/hook: pre-install, helm.sh/hook-weight: '-1'")+hook("never", "helm.sh/hook: pre-delete")+hook("tried", "helm.sh/hook: test"))
	a.become = func(kind string, o map[string]any, _ M) {
		if kind == "Job" {
			o["status"] = M{"conditions": []any{M{"type": "Complete", "status": "True"}}}
		}
	}
	d := one("preview/pr-1")
	if r := deploy(t, at, d); !slices.Contains(r.Notes, "Job/never does not run: the hook pre-delete is not supported") {
		t.Errorf("notes: %v", r.Notes)
	}
	ns := at.namespace(d.Environment)
	applied := func() (out []string) {
		for _, call := range a.taken() {
			name := call[strings.LastIndex(call, "/")+1:]
			if strings.HasPrefix(call, "PATCH") && (strings.Contains(call, "/jobs/") || strings.Contains(call, "/deployments/")) {
				out = append(out, name)
			}
		}
		return out
	}
	if diff := cmp.Diff([]string{"first", "b", "a", "web", "late"}, applied()); diff != "" {
		t.Errorf("install: %s", diff)
	}
	job := a.at("/apis/batch/v1/namespaces/" + ns + "/jobs/b")
	if spec := podSpecs(job)[0]; containers(spec)[0]["image"] != d.Reference || mapAt(spec, "securityContext")["runAsNonRoot"] != true {
		t.Errorf("GP-PREV-2: the hook is not hardened: %v", spec)
	}
	if a.at("/apis/batch/v1/namespaces/"+ns+"/jobs/late") != nil {
		t.Error("hook-succeeded is left")
	}
	d.Env = map[string]string{"A": "b"}
	deploy(t, at, d)
	if diff := cmp.Diff([]string{"b", "web"}, applied()); diff != "" {
		t.Errorf("upgrade: %s", diff)
	}
}

func TestOrder(t *testing.T) {
	all := parseAll(t, strings.Join([]string{
		"{apiVersion: v1, kind: Ingress, metadata: {name: a}}", "{apiVersion: v1, kind: Deployment, metadata: {name: b}}", "{apiVersion: v1, kind: Rollout, metadata: {name: c}}",
		"{apiVersion: v1, kind: Service, metadata: {name: d}}", "{apiVersion: v1, kind: RoleBinding, metadata: {name: e}}", "{apiVersion: v1, kind: Role, metadata: {name: f}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: g}}", "{apiVersion: v1, kind: Secret, metadata: {name: h}}",
	}, "\n---\n"))
	sortObjects(all)
	var got []string
	for _, o := range all {
		got = append(got, o.GetName())
	}
	if diff := cmp.Diff([]string{"g", "h", "f", "e", "d", "c", "b", "a"}, got); diff != "" {
		t.Error(diff)
	}
}

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}
