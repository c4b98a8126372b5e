package trivy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/types"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/render"
)

// GP-GATE-4: a pull request costs what it changed.
func TestSelect(t *testing.T) {
	tree := []string{
		"Dockerfile", "README.md", "chart/Chart.yaml", "chart/README.md", "chart/files/a.json", "chart/templates/a.yaml", "chart/values.yaml",
		"charts/b-1.0.0.tgz", "deploy/a.yaml", "deploy/b.json", "docs/a.md", "main.go", "old/templates/x.yaml", "old/values.yaml", "over/kustomization.yaml", "over/p.yaml", "over/sub/q.yaml", "prod.yaml", "tf/main.tf", "tf/m/x.tfvars",
	}
	var files []gate.File
	for _, name := range tree {
		files = append(files, gate.File{Path: name})
	}
	chart := tree[2:7]
	for _, tt := range []struct {
		name    string
		changed []string
		want    []string
	}{
		{"docs", []string{"README.md", "docs/a.md", "main.go", "docs/gone.md"}, nil},
		{"nothing", []string{}, nil},
		{"Dockerfile", []string{"Dockerfile"}, []string{"Dockerfile"}},
		{"manifest", []string{"deploy/b.json", "README.md"}, []string{"deploy/b.json"}},
		{"file of a chart", []string{"chart/values.yaml"}, append(slices.Clone(chart), "prod.yaml")},
		{"file gone from a chart", []string{"chart/templates/gone.yaml"}, append(slices.Clone(chart), "prod.yaml")},
		{"packed chart", []string{"charts/b-1.0.0.tgz"}, []string{"charts/b-1.0.0.tgz"}},
		{"Terraform", []string{"tf/main.tf"}, []string{"tf/main.tf", "tf/m/x.tfvars"}},
		{"Terraform gone", []string{"tf/gone.tf.json"}, []string{"tf/main.tf", "tf/m/x.tfvars"}},
		{"file that Terraform may read", []string{"tf/m/policy.json"}, []string{"tf/main.tf", "tf/m/x.tfvars"}},
		{"no chart any more", []string{"old/Chart.yaml"}, []string{"old/templates/x.yaml", "old/values.yaml"}},
		{"manifest gone", []string{"deploy/gone.yaml"}, nil},
		{"patch of a kustomization", []string{"over/p.yaml"}, []string{"over/kustomization.yaml", "over/p.yaml", "over/sub/q.yaml"}},
		{"value of a chart that is declared", []string{"prod.yaml"}, append(slices.Clone(chart), "prod.yaml")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := gate.Changes{}
			for _, name := range tt.changed {
				changed[name] = true
			}
			got, ok := (&Scanner{Charts: []Chart{{Path: "chart", Values: []string{"prod.yaml"}}}}).Select(files, changed)
			if diff := cmp.Diff(tt.want, paths(got)); diff != "" || ok != (len(tt.want) > 0) {
				t.Error(diff, ok)
			}
		})
	}
	all, ok := new(Scanner).Select(files, nil)
	want := slices.DeleteFunc(slices.Clone(tree), func(name string) bool { return slices.Contains([]string{"README.md", "docs/a.md", "main.go"}, name) })
	if diff := cmp.Diff(want, paths(all)); diff != "" || !ok {
		t.Error(diff, ok)
	}
}

func paths(files []gate.File) (out []string) {
	for _, f := range files {
		out = append(out, f.Path)
	}
	return out
}

// A lock file costs no check, and a Dockerfile not those of Kubernetes.
func TestChecksAreCompiledWhenNeeded(t *testing.T) {
	s := &Scanner{}
	scan := func(files map[string]string) {
		t.Helper()
		in := gate.Input{Dir: gatetest.Write(t, files)}
		selected(t, &in)
		if _, err := s.Scan(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
	compiled := func() []bool {
		return []bool{s.docker.compiler != nil, s.kubernetes.compiler != nil, len(s.cloudChecks.sets) > 0}
	}
	scan(map[string]string{"package-lock.json": "{}", "a.yaml": "a: 1\n"})
	if diff := cmp.Diff([]bool{false, false, false}, compiled()); diff != "" {
		t.Error(diff)
	}
	scan(map[string]string{"Dockerfile": "FROM a\n"})
	if diff := cmp.Diff([]bool{true, false, false}, compiled()); diff != "" {
		t.Error(diff)
	}
}

// None of the library's checks is left out.
func TestChecksAreAll(t *testing.T) {
	all, err := rego.LoadEmbeddedPolicies()
	if err != nil {
		t.Fatal(err)
	}
	for source, least := range map[types.Source]int{types.SourceDockerfile: 20, types.SourceKubernetes: 150} {
		want := 0
		for name, module := range all {
			about, err := rego.MetadataFromAnnotations(module)
			if err != nil {
				t.Fatal(name, err)
			}
			if about != nil && !about.Library && !about.Deprecated && concerns(about, source) {
				want += len(rulesOf(about, module))
			}
		}
		var c checks
		if err := c.load(source); err != nil {
			t.Fatal(err)
		}
		if len(c.rules) != want || want < least {
			t.Errorf("%s: %d of %d rules", source, len(c.rules), want)
		}
	}
}

// GP-GATE-3: what is found in a file does not depend on the others.
func TestFilesDoNotMatterToEachOther(t *testing.T) {
	limits := "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: l\n"
	s := &Scanner{}
	rules := func(files map[string]string) (out []string) {
		in := gate.Input{Dir: gatetest.Write(t, files)}
		selected(t, &in)
		res, err := s.Scan(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Findings {
			if f.At.Path == "pod.yaml" {
				out = append(out, f.Rule)
			}
		}
		return out
	}
	if diff := cmp.Diff(rules(map[string]string{"pod.yaml": pod}), rules(map[string]string{"pod.yaml": pod, "a.yaml": limits, "z.yaml": limits})); diff != "" {
		t.Error(diff)
	}
}

// What would have been checked and is not is a gap.
func TestNotRead(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'l'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	large := strings.Repeat("# a line of a file that is far too long to be read\n", maxManifest/50)
	dir := gatetest.Write(t, map[string]string{
		"Dockerfile":             strings.Repeat("# long\n", maxDockerfile/6),
		"bomb.yaml":              "apiVersion: v1\nkind: Pod\nmetadata: {}\n" + bomb,
		"lock.json":              large,
		"large.yaml":             large + pod,
		"chart/Chart.yaml":       chart,
		"chart/docs/a.png":       strings.Repeat("x", maxChartFile+1),
		"chart/templates/a.yaml": strings.Repeat("x", maxChartFile+1),
		"main.tf":                strings.Repeat("# x\n", maxTerraform/3),
		"a.tgz":                  "no archive",
		"gone.yaml":              pod,
	})
	in := gate.Input{Dir: dir}
	selected(t, &in)
	if err := os.Remove(filepath.Join(dir, "gone.yaml")); err != nil {
		t.Fatal(err)
	}
	res, err := new(Scanner).Scan(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	var what []string
	for _, g := range res.Missing {
		what = append(what, g.What)
		if g.Why == "" || g.Remedy == "" || strings.Contains(g.Why, dir) {
			t.Errorf("%+v", g)
		}
	}
	want := []string{"Dockerfile", "Helm chart chart", "bomb.yaml", "chart/templates/a.yaml", "gone.yaml", "large.yaml", "main.tf"}
	if diff := cmp.Diff(want, what); diff != "" || res.Covered != "" || len(res.Findings) != 0 {
		t.Errorf("%s covered %q", diff, res.Covered)
	}
}

func BenchmarkSelect(b *testing.B) {
	var files []gate.File
	for i := range 100_000 {
		files = append(files, gate.File{Path: fmt.Sprintf("services/team%d/app%d/src/file%d.%s", i%10, i%100, i, []string{"go", "ts", "yaml", "md"}[i%4])})
	}
	files = append(files, gate.File{Path: "services/team1/chart/Chart.yaml"})
	for b.Loop() {
		new(Scanner).Select(files, gate.Changes{"services/team1/app1/src/file1.ts": true})
		new(Scanner).Select(files, nil)
	}
}

func FuzzManifest(f *testing.F) {
	for _, text := range []string{pod, "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {}}", "apiVersion: &a v1\nkind: *a\nmetadata: *a\n", "---\n---\napiVersion\n", "FROM alpine\nRUN x <<EOF\nEOF\n"} {
		f.Add(text)
	}
	s := &Scanner{}
	Quiet()
	f.Fuzz(func(t *testing.T, text string) {
		root, err := os.OpenRoot(gatetest.Write(t, map[string]string{"a.yaml": text, "Dockerfile": text}))
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		tree, err := render.Open(root.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		if _, err := s.plan(root, tree, []gate.File{{Path: "Dockerfile"}, {Path: "a.yaml"}}).run(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}
