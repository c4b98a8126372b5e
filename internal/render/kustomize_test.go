package render

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
	res, err := render(t.Context(), t, overlay, Source{Kustomize: "prod/"}, Release{Name: "ignored", Namespace: "ignored"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"base/kustomization.yaml:0 ConfigMap/my-c-gkhhbk8cct", "base/pod.yaml:0 Pod/my-web"}, names(res)); diff != "" {
		t.Error(diff)
	}
	spec, _ := res.Objects[1].Map["spec"].(map[string]any)
	if spec["hostNetwork"] != true || spec["hostPID"] != true || spec["hostIPC"] != true || res.Generic != "prod/kustomization.yml" {
		t.Errorf("%v %s", spec, res.Generic)
	}
	if diff := cmp.Diff("vars of base/kustomization.yaml: the field vars is deprecated, and vars are not substituted here", gaps(res)); diff != "" {
		t.Error(diff)
	}
}

// GP-GATE-12: a kustomization at the root of the repository is built like any other.
func TestKustomizeAtTheRoot(t *testing.T) {
	files := map[string]string{"kustomization.yaml": "resources: [pod.yaml, sub]\nnamePrefix: my-\n", "pod.yaml": pod("web", ""), "sub/kustomization.yaml": "resources: [pod.yaml]\n", "sub/pod.yaml": pod("db", "")}
	for _, dir := range []string{".", "./"} {
		res, err := render(t.Context(), t, files, Source{Kustomize: dir}, Release{})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Sorted(slices.Values(names(res)))
		if diff := cmp.Diff([]string{"pod.yaml:0 Pod/my-web", "sub/pod.yaml:0 Pod/my-db"}, got); diff != "" || gaps(res) != "" || res.Generic != "kustomization.yaml" {
			t.Error(diff, gaps(res), res.Generic)
		}
	}
}

// GP-GATE-12: nothing is fetched, run, or read outside the repository.
func TestKustomizeRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ kustomization, want string }{
		"HTTP":             {"resources: ['https://git.example.com/x.yaml']", "is not downloaded"},
		"HTTP, odd":        {"resources: ['HTTPS:git.example.com/x.yaml']", "is not downloaded"},
		"key in capitals":  {"RESOURCES: ['http://git.example.com/x.yaml']", "is not downloaded"},
		"git":              {"resources: ['git@git.example.com:a/b.git']", "is not downloaded"},
		"git, forced":      {"resources: ['git::https://git.example.com/a/b']", "is not downloaded"},
		"GitHub":           {"resources: [github.com/a/b]", "is not downloaded"},
		"file":             {"resources: ['file:///etc']", "is not downloaded"},
		"component":        {"components: ['https://git.example.com/a//b?ref=v1']", "is not downloaded"},
		"patch":            {"patches: [{path: 'https://git.example.com/x.yaml'}]", "is not downloaded"},
		"CRD":              {"crds: ['https://git.example.com/x.yaml']", "is not downloaded"},
		"schema":           {"openapi: {path: 'https://git.example.com/x.json'}", "is not downloaded"},
		"replacement":      {"replacements: [{path: 'https://git.example.com/x.yaml'}]", "is not downloaded"},
		"generator":        {"configMapGenerator: [{name: a, files: ['a=https://git.example.com/x']}]", "is not downloaded"},
		"secret":           {"secretGenerator: [{name: a, envs: ['https://git.example.com/x']}]", "is not downloaded"},
		"plugin in place":  {"transformers: [\"apiVersion: builtin\\nkind: PatchTransformer\\nmetadata: {name: x}\\npath: https://git.example.com/x\\n\"]", "is not downloaded"},
		"plugin in a file": {"generators: [plugin.yaml]", "is not downloaded"},
		"plugin elsewhere": {"generators: [../base]", "not a file of the repository"},
		"program":          {"generators: [\"apiVersion: example.com/v1\\nkind: Run\\nmetadata: {name: x, annotations: {config.kubernetes.io/function: 'exec: {path: /bin/true}'}}\\n\"]", "plugin"},
		"helm":             {"helmCharts: [{name: a, repo: 'https://charts.example.com'}]", "helm program"},
		"helm as plugin":   {"generators: [\"apiVersion: builtin\\nkind: HelmChartInflationGenerator\\nmetadata: {name: x}\\nname: a\\n\"]", "helm program"},
		"outside":          {"resources: [../../x]", "outside the repository"},
		"absolute":         {"resources: [/etc/passwd]", "outside the repository"},
		"file of another":  {"patches: [{path: ../base/pod.yaml}]", "not in or below"},
		"link":             {"resources: [link.yaml]", "symbolic link"},
		"itself":           {"resources: [.]", "cycle"},
		"unknown key":      {"resource: [a]", "unknown field"},
		"no YAML":          {"resources: [", "did not find"},
		"empty":            {"{}", "empty"},
		"bomb":             {"a: &a [*a]", "contains itself"},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			res, err := render(t.Context(), t, with(overlay, map[string]string{
				"x/kustomization.yaml": tt.kustomization, "x/link.yaml": "-> ../base/pod.yaml",
				"x/plugin.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: ['a=https://git.example.com/x']\n",
			}), Source{Kustomize: "x"}, Release{})
			if err != nil {
				t.Fatal(err)
			}
			if got := gaps(res); !strings.Contains(got, tt.want) || len(res.Objects) > 0 {
				t.Errorf("gaps: %s", got)
			}
		})
	}
}

// A kustomization is outside text.
func FuzzKustomization(f *testing.F) {
	for _, seed := range []string{
		overlay["base/kustomization.yaml"], overlay["prod/kustomization.yml"], "resources: [pod.yaml]\nimages: [{name: a, newTag: b}]", "replacements: [{source: {kind: Pod}, targets: [{select: {kind: Pod}, fieldPaths: [a]}]}]",
		"transformers: [\"apiVersion: builtin\\nkind: PrefixTransformer\\nmetadata: {name: x}\\nprefix: a\\n\"]\nresources: [pod.yaml]", "secretGenerator: [{name: a, literals: [a=b]}]",
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		files := with(overlay, map[string]string{"base/kustomization.yaml": text})
		var names []string
		for name, text := range files {
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		tree, err := Select(dir, names, func(string) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		if _, err := tree.Render(t.Context(), Source{Kustomize: "base"}, Release{}); err != nil { // a gap, but no panic
			t.Error(err)
		}
	})
}
