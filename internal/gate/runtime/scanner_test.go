package runtime

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const sum = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

// pod violates no rule except by what the test adds to its spec.
func pod(name, spec string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\nspec:\n" + spec +
		"  automountServiceAccountToken: false\n  securityContext: {runAsNonRoot: true}\n  containers:\n  - image: registry.example.com/web@" + sum +
		"\n    securityContext: {allowPrivilegeEscalation: false}\n    resources: {limits: {memory: 1Gi, cpu: 1}}\n"
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			if err := os.Symlink(target, file); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// scan selects and scans as the gate does.
func scan(ctx context.Context, t *testing.T, s *Scanner, files map[string]string) (gate.Result, error) {
	t.Helper()
	dir := write(t, files)
	all, err := gate.Walk(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	some, ok := s.Select(all, nil)
	if !ok {
		t.Fatal("not selected")
	}
	var res gate.Result
	logger, writer := slog.Default(), log.Writer()
	printed := gatetest.Printed(t, func() { res, err = s.Scan(ctx, gate.Input{Dir: dir, Files: some}) })
	if slog.Default() != logger || log.Writer() != writer {
		t.Error("the loggers are not as before")
	}
	if printed != "" {
		t.Errorf("printed %s", printed)
	}
	if err != nil && strings.Contains(err.Error(), dir) || strings.Contains(fmt.Sprint(res), dir) {
		t.Errorf("names a path of the machine: %v %v", err, res)
	}
	return res, err
}

// lines lists findings as "severity rule path:line message".
func lines(res gate.Result) []string {
	out := []string{}
	for _, f := range res.Findings {
		message, _, _ := strings.Cut(f.Message, " (")
		out = append(out, fmt.Sprintf("%s %s %s %s", f.Severity, f.Rule, f.At, message))
	}
	return out
}

func gaps(res gate.Result) []string {
	out := []string{}
	for _, g := range res.Missing {
		out = append(out, g.What+": "+g.Why)
	}
	return out
}

var webChart = map[string]string{
	"charts/web/Chart.yaml":            "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: '>=1.99.0'\n",
	"charts/web/values.yaml":           "network: false\nname: a\ntable: {a: b}\n",
	"charts/web/values.schema.json":    `{"$ref": "https://schemas.example.com/values.json"}`,
	"charts/web/.helmignore":           "old/\n*.bak\n",
	"charts/web/templates/_help.tpl":   "{{ define \"name\" }}{{ .Release.Name }}-{{ .Values.name }}{{ end }}",
	"charts/web/templates/NOTES.txt":   "not: [yaml",
	"charts/web/templates/pod.yaml":    strings.Replace(pod("{{ include \"name\" . }}-{{ randAlphaNum 5 | lower }}", "  hostNetwork: {{ .Values.network }}\n"), "kind: Pod", "kind: Pod # {{ lookup \"v1\" \"Pod\" \"\" \"\" }}{{ getHostByName \"www.example.com\" }}", 1),
	"charts/web/templates/two.yaml":    pod("two", "  hostPID: {{ .Values.network }}\n") + "---apiVersion: v1\nkind: ConfigMap\n",
	"charts/web/templates/old/bad.yml": "not: [yaml",
	"charts/web/crds/crd.yaml":         "# kept\n" + pod("crd", "  hostIPC: true\n"),
	"production.yaml":                  "network: true\nname: b\ntable: text\n",
}

func with(base map[string]string, more map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{base, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// GP-GATE-12: a chart is rendered with its values, and the same twice.
func TestChart(t *testing.T) {
	s := &Scanner{Sources: []Source{{Chart: "charts/web"}, {Chart: "charts/web/", Values: []string{"./production.yaml"}}}}
	var before gate.Result
	for range 2 {
		res, err := scan(t.Context(), t, s, webChart)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{
			"high host-ipc charts/web/crds/crd.yaml:7 Pod/crd shares the shared memory of the node",
			"high host-network charts/web/templates/pod.yaml Pod/web-b-xxxxx shares the network of the node",
			"high host-pid charts/web/templates/two.yaml Pod/two shares the processes of the node",
		}, lines(res)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff("2 sources, 8 objects", res.Covered); diff != "" || len(res.Missing) > 0 {
			t.Error(diff, res.Missing)
		}
		if before.Findings != nil {
			if diff := cmp.Diff(before, res); diff != "" {
				t.Error(diff)
			}
		}
		before = res
	}
}

// GP-GATE-12: a source that cannot be rendered is a gap, not a pass.
func TestGaps(t *testing.T) {
	for name, tt := range map[string]struct {
		source Source
		file   string
		text   string
		want   string
	}{
		"template":      {Source{Chart: "charts/web"}, "charts/web/templates/x.yaml", "{{ .Values.a.b.c }}", "nil pointer"},
		"archive":       {Source{Chart: "charts/web"}, "charts/web/charts/redis-1.tgz", "no archive", "redis"},
		"symbolic link": {Source{Chart: "charts/web"}, "charts/web/templates/x.yaml", "-> two.yaml", "symbolic link"},
		"remote base":   {Source{Kustomize: "prod"}, "prod/kustomization.yml", "resources: [github.com/a/b]", "is not downloaded"},
		"empty folder":  {Source{Manifests: "deploy"}, "deploy/README.md", "none", "no manifest found"},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			res, err := scan(t.Context(), t, &Scanner{Sources: []Source{tt.source}}, with(with(webChart, overlay), map[string]string{tt.file: tt.text}))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(gaps(res), "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("gaps: %s", got)
			}
		})
	}
}

var overlay = map[string]string{
	"base/kustomization.yaml":  "resources: [pod.yaml]\nvars: [{name: X, objref: {kind: Pod, name: web, apiVersion: v1}}]\nconfigMapGenerator: [{name: c, files: [x=script.sh]}]\n",
	"base/script.sh":           "echo",
	"base/pod.yaml":            pod("web", ""),
	"prod/kustomization.yml":   "bases: [../base]\ncommonLabels: {a: b}\nnamePrefix: my-\npatchesStrategicMerge: [host.yaml, '{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {hostPID: true}}']\npatchesJson6902: [{target: {kind: Pod, version: v1, name: web}, patch: '[{\"op\": \"add\", \"path\": \"/spec/hostIPC\", \"value\": true}]'}]\n",
	"prod/host.yaml":           "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostNetwork: true}\n",
	"other/kustomization.yaml": "resources: [https://git.example.com/bases]\n",
}

// GP-GATE-12: a kustomization is built with its bases and patches.
func TestKustomize(t *testing.T) {
	res, err := scan(t.Context(), t, &Scanner{Sources: []Source{{Kustomize: "prod"}}}, overlay)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		"high host-ipc base/pod.yaml Pod/my-web shares the shared memory of the node",
		"high host-network base/pod.yaml Pod/my-web shares the network of the node",
		"high host-pid base/pod.yaml Pod/my-web shares the processes of the node",
	}, lines(res)); diff != "" {
		t.Error(diff, res)
	}
	if diff := cmp.Diff([]string{"vars of base/kustomization.yaml: the field vars is deprecated, and vars are not substituted here"}, gaps(res)); diff != "" {
		t.Error(diff)
	}
	if res.Covered != "1 source, 2 objects" {
		t.Error(res.Covered)
	}
}

// GP-GATE-12: plain manifests have the line of the field.
func TestManifests(t *testing.T) {
	res, err := scan(t.Context(), t, &Scanner{Sources: []Source{{Manifests: "deploy"}}}, map[string]string{
		"deploy/a.yaml": "---\n" + pod("a", "  hostNetwork: true\n"), "deploy/sub/b.yml": pod("b", ""), "deploy/c.json": "{", "deploy/README.md": "{", "deploy/l.yaml": "-> a.yaml",
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"high host-network deploy/a.yaml:7 Pod/a shares the network of the node"}, lines(res)); diff != "" {
		t.Error(diff)
	}
	if got := strings.Join(gaps(res), "\n"); len(res.Missing) != 2 || !strings.Contains(got, "deploy/c.json: cannot parse deploy/c.json") || !strings.Contains(got, "deploy/l.yaml: symbolic links are not followed") {
		t.Error(got)
	}
	if f := res.Findings[0]; f.Message != "Pod/a shares the network of the node (spec.hostNetwork)" || f.Fix == "" || len(f.Fingerprint) != 32 {
		t.Errorf("%+v", f)
	}
}

const plan = `{"format_version": "1.2", "planned_values": {"root_module": {
	"resources": [{"address": "kubernetes_manifest.a", "mode": "managed", "type": "kubernetes_manifest", "values": {"manifest":
		{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"name": "cluster-admin"}}}},
		{"address": "data.kubernetes_pod.d", "mode": "data", "type": "kubernetes_pod", "values": {"host_network": true}},
		{"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "values": {"acl": "public-read", "host_network": true}}],
	"child_modules": [{"resources": [{"address": "module.m.kubernetes_deployment_v1.d", "mode": "managed", "type": "kubernetes_deployment_v1", "values": {"spec": [{"template": [{"spec": [
		{"host_network": true, "host_pid": false, "volume": [{"host_path": [{"path": "/etc"}]}, {"host_path": [{"path": "/var/run/docker.sock"}]}, {"host_path": []}],
		"container": [{"security_context": [{"privileged": true}]}]}]}]}]}}]}]}}}`

// GP-GATE-12: a plan of Terraform.
func TestPlan(t *testing.T) {
	policy := map[string]string{"policy/s3.rego": "package terraform\ndeny contains msg if {\n\tsome r in input.planned_values.root_module.resources\n\tr.values.acl == \"public-read\"\n\tmsg := sprintf(\"%s is public\", [r.address])\n}\n"}
	res, err := scan(t.Context(), t, &Scanner{Sources: []Source{{Plan: "plan.json"}}, Policy: "policy"}, with(policy, map[string]string{"plan.json": plan}))
	if err != nil {
		t.Fatal(err)
	}
	const d = "module.m.kubernetes_deployment_v1.d "
	if diff := cmp.Diff([]string{
		"critical cluster-admin plan.json ClusterRoleBinding/b gives its future subjects every right in the cluster",
		"critical docker-socket plan.json " + d + "mounts /var/run/docker.sock of the node, where the container runtime listens",
		"high host-network plan.json " + d + "shares the network of the node",
		"high host-path plan.json " + d + "mounts /etc of the node",
		"critical privileged plan.json " + d + "is privileged",
		"high terraform.deny plan.json plan.json: aws_s3_bucket.b is public",
	}, lines(res)); diff != "" {
		t.Error(diff)
	}
	if res.Covered != "1 source, 1 object, 1 rule of policy/" {
		t.Error(res.Covered)
	}
	for _, bad := range []string{"", "{}", "[]", `{"format_version": "1.0"}`, `{"format_version": "1.0", "planned_values": 1}`, `{"format_version": "1.0", "values": {}}`, plan[:200]} {
		_, err := scan(t.Context(), t, &Scanner{Sources: []Source{{Plan: "plan.json"}}}, map[string]string{"plan.json": bad})
		if !usage(err, "gate.runtime[0].plan: plan.json is not the output of") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// usage reports whether the error is a usage error with this text.
func usage(err error, want string) bool {
	var u *report.UsageError
	return errors.As(err, &u) && strings.Contains(u.Problem, want)
}

// GP-GATE-12: a mistake in the configuration is named by its key.
func TestConfiguration(t *testing.T) {
	for name, tt := range map[string]struct {
		scanner Scanner
		want    string
	}{
		"none":      {Scanner{Sources: []Source{{}}}, "gate.runtime[0]: name exactly one"},
		"two":       {Scanner{Sources: []Source{{Chart: "a", Plan: "b"}}}, "gate.runtime[0]: name exactly one"},
		"values":    {Scanner{Sources: []Source{{Plan: "a", Values: []string{"b"}}}}, "gate.runtime[0].values"},
		"absent":    {Scanner{Sources: []Source{{Chart: "charts/web"}, {Kustomize: "nowhere"}}}, "gate.runtime[1].kustomize: nowhere is not in the repository"},
		"outside":   {Scanner{Sources: []Source{{Manifests: "a/../../b"}}}, "outside the repository"},
		"absolute":  {Scanner{Sources: []Source{{Manifests: "/etc"}}}, "outside the repository"},
		"no values": {Scanner{Sources: []Source{{Chart: "charts/web", Values: []string{"no.yaml"}}}}, "gate.runtime[0].values[0]: cannot read no.yaml"},
		"no policy": {Scanner{Sources: []Source{{Chart: "charts/web"}}, Policy: "nowhere"}, "gate.policy: nowhere is not a folder of the repository"},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			if _, err := scan(t.Context(), t, &tt.scanner, webChart); !usage(err, tt.want) {
				t.Error(err)
			}
		})
	}
	t.Run("absent in the base GP-GATE-4", func(t *testing.T) {
		s := &Scanner{Sources: []Source{{Kustomize: "nowhere"}}, Base: "b"}
		res, err := s.Scan(t.Context(), gate.Input{Dir: t.TempDir(), Head: "b"})
		if err != nil || res.Covered != "" {
			t.Error(res, err)
		}
	})
}

// GP-GATE-12: rendering that takes forever ends with the deadline.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := scan(ctx, t, &Scanner{Sources: []Source{{Manifests: "deploy"}}, Policy: "policy"}, map[string]string{
		"deploy/a.yaml": pod("a", ""),
		"policy/a.rego": "package main\ndeny contains \"x\" if {\n\tsome a in numbers.range(1, 100000)\n\tsome b in numbers.range(1, 100000)\n\ta * b == -1\n}\n",
	})
	if err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Error(err)
	}
}

func TestSelect(t *testing.T) {
	s := &Scanner{Sources: []Source{{Chart: "charts/web", Values: []string{"production.yaml"}}}, Policy: "policy", PolicyDir: "/base"}
	k := &Scanner{Sources: []Source{{Kustomize: "prod"}}}
	files := []gate.File{{Path: "README.md"}, {Path: "base/kustomization.yaml"}, {Path: "base/x.sh"}, {Path: "charts/web/Chart.yaml"}, {Path: "charts/webs/a"}, {Path: "production.yaml"}, {Path: "prod/Kustomization"}}
	for name, tt := range map[string]struct {
		s       *Scanner
		changed gate.Changes
		want    int
	}{
		"all":                   {s, nil, 2},
		"docs":                  {s, gate.Changes{"README.md": true}, 0},
		"another chart":         {s, gate.Changes{"charts/webs/a": true}, 0},
		"template":              {s, gate.Changes{"charts/web/templates/gone.yaml": true}, 2},
		"values":                {s, gate.Changes{"production.yaml": true}, 2},
		"policy":                {s, gate.Changes{"policy/a.rego": true}, 2},
		"no source":             {&Scanner{Policy: "policy"}, nil, 0},
		"kustomize":             {k, nil, 3},
		"kustomize, any YAML":   {k, gate.Changes{"elsewhere/x.yaml": true}, 3},
		"kustomize, its script": {k, gate.Changes{"base/x.sh": true}, 3},
		"kustomize, docs":       {k, gate.Changes{"README.md": true}, 0},
	} {
		t.Run(name+" GP-GATE-4", func(t *testing.T) {
			got, ok := tt.s.Select(files, tt.changed)
			if len(got) != tt.want || ok != (tt.want > 0) {
				t.Errorf("%v %v", got, ok)
			}
		})
	}
}

func FuzzPlan(f *testing.F) {
	f.Add(plan)
	f.Add(`{"format_version": "1", "planned_values": {"root_module": {"resources": [{"type": "kubectl_manifest", "values": {"yaml_body": "a: [&a *a]"}}]}}}`)
	f.Add(`{"format_version": "1", "planned_values": {"root_module": {"resources": [{"type": "kubernetes_cluster_role_binding", "values": {"role_ref": [1, {"name": 2}], "host_path": [[]], "privileged": {}}}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readPlan("plan.json", "gate.runtime[0].plan", []byte(text))
		if err == nil && len(r.rego) != 1 {
			t.Errorf("%+v", r)
		}
	})
}
