package trivy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	pod   = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: nginx:1.27\n    securityContext:\n      privileged: true\n"
	sgr   = "resource \"aws_security_group_rule\" \"ssh\" {\n  type        = \"ingress\"\n  cidr_blocks = [\"0.0.0.0/0\"]\n  from_port   = 22\n  to_port     = 22\n  protocol    = \"tcp\"\n}\n"
	chart = "apiVersion: v2\nname: c\nversion: 0.1.0\n"
)

// selected fills in the files that the scanner selects from the whole tree.
func selected(t *testing.T, in *gate.Input) {
	t.Helper()
	all, err := gate.Walk(context.Background(), in.Dir, in.Exclude)
	if err != nil {
		t.Fatal(err)
	}
	in.Files, _ = new(Scanner).Select(all, nil)
}

// TestScanner holds all scans: the checks take a second to compile.
func TestScanner(t *testing.T) {
	s := &Scanner{}
	scan := func(t *testing.T, in gate.Input) gate.Result {
		t.Helper()
		selected(t, &in)
		res, err := s.Scan(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	// has reports "rule path:line severity" of the findings with these rules.
	has := func(res gate.Result, rules ...string) []string {
		out := []string{}
		for _, f := range res.Findings {
			if slices.Contains(rules, f.Rule) {
				out = append(out, fmt.Sprintf("%s %s:%d %s", f.Rule, f.At.Path, f.At.Line, f.Severity))
			}
		}
		return out
	}

	t.Run("kinds", func(t *testing.T) {
		res := scan(t, gate.Input{Dir: gatetest.Write(t, map[string]string{
			"Dockerfile":               "FROM alpine:latest\nCOPY x /x\n",
			"build/api.Dockerfile":     "FROM alpine:3.20\nUSER app\nHEALTHCHECK CMD true\n",
			"deploy/pod.yaml":          pod,
			"deploy/values.yaml":       "a: 1\n",
			"chart/Chart.yaml":         chart,
			"chart/values.yaml":        "privileged: true\n",
			"chart/templates/pod.yaml": "# one\n" + strings.Replace(pod, "true", "{{ .Values.privileged }}", 1),
			"chart/files/a.tf":         "locals {}\n",
			"tf/main.tf":               sgr + "module \"vpc\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n}\nmodule \"m\" {\n  source = \"./m\"\n}\n",
			"tf/m/main.tf":             sgr + "variable \"x\" {}\n",
		})})
		want := []string{"KSV-0017 chart/templates/pod.yaml:0 high", "KSV-0017 deploy/pod.yaml:7 high", "DS-0001 Dockerfile:1 medium",
			"AWS-0107 tf/m/main.tf:3 high", "AWS-0107 tf/main.tf:3 high"}
		got := has(res, "KSV-0017", "AWS-0107", "DS-0001")
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if want := "2 Dockerfiles, 1 Kubernetes file, 1 Helm chart, 3 Terraform files (not examined: 1 external module)"; res.Covered != want {
			t.Errorf("covered %q, want %q", res.Covered, want)
		}
		if len(res.Missing) != 0 {
			t.Errorf("missing %+v", res.Missing)
		}
		i := slices.IndexFunc(res.Findings, func(f report.Finding) bool { return f.Rule == "DS-0001" })
		f := res.Findings[i]
		if f.Message != "':latest' tag used: Specify a tag in the 'FROM' statement for image 'alpine'" ||
			f.Fix != "Add a tag to the image in the 'FROM' statement" || !slices.Contains(f.Aliases, "AVD-DS-0001") {
			t.Errorf("%+v", f)
		}
	})

	// A repository must not be able to loosen the gate.
	t.Run("comments do not loosen", func(t *testing.T) {
		res := scan(t, gate.Input{Dir: gatetest.Write(t, map[string]string{
			"Dockerfile":               "#trivy:ignore:*\n#trivy:ignore:DS-0001\nFROM alpine:latest\n",
			"pod.yaml":                 "#trivy:ignore:KSV-0017\n" + pod,
			"chart/Chart.yaml":         chart,
			"chart/templates/pod.yaml": "#trivy:ignore:KSV-0017\n" + pod,
			"main.tf":                  "#trivy:ignore:*\n#tfsec:ignore:*\n" + sgr,
			".trivyignore":             "DS-0001\nKSV-0017\nAWS-0107\n",
			"trivy.yaml":               "scan:\n  skip-dirs: ['.']\n",
		})})
		want := []string{"DS-0001 Dockerfile:3 medium", "KSV-0017 chart/templates/pod.yaml:0 high", "AWS-0107 main.tf:5 high", "KSV-0017 pod.yaml:8 high"}
		if diff := cmp.Diff(want, has(res, "DS-0001", "KSV-0017", "AWS-0107")); diff != "" {
			t.Error(diff)
		}
	})

	// What the library passes over with a line in its log is a gap.
	t.Run("unreadable", func(t *testing.T) {
		res := scan(t, gate.Input{Dir: gatetest.Write(t, map[string]string{
			"Dockerfile":             "FROM\n",
			"a/Dockerfile":           "FROM alpine:3.20\n",
			"chart/Chart.yaml":       chart + "dependencies: [{name: x, version: '1', repository: 'https://charts.example.com'}]\n",
			"chart/templates/a.yaml": pod,
			"main.tf":                "resource {{{\n",
		})})
		var what []string
		for _, g := range res.Missing {
			what = append(what, g.What)
		}
		if diff := cmp.Diff([]string{"Dockerfile", "Helm chart chart", "main.tf"}, what); diff != "" || res.Covered != "1 Dockerfile" {
			t.Errorf("%s\ncovered %q", diff, res.Covered)
		}
	})

	t.Run("chart at the root", func(t *testing.T) {
		res := scan(t, gate.Input{Dir: gatetest.Write(t, map[string]string{
			"Chart.yaml": chart, "templates/pod.yaml": pod, "Dockerfile": "FROM alpine:latest\n", "ci/pod.yaml": pod,
		})})
		want := []string{"DS-0001 Dockerfile:1 medium", "KSV-0017 ci/pod.yaml:7 high", "KSV-0017 templates/pod.yaml:0 high"}
		if diff := cmp.Diff(want, has(res, "DS-0001", "KSV-0017")); diff != "" {
			t.Errorf("%s\n%s %+v", diff, res.Covered, res.Missing)
		}
	})

	t.Run("exclude and symlink", func(t *testing.T) {
		dir := gatetest.Write(t, map[string]string{"testdata/Dockerfile": "FROM alpine:latest\n", "testdata2/x": "FROM alpine:latest\n", "a/Dockerfile": "FROM x\n"})
		if err := os.Symlink("../testdata2/x", filepath.Join(dir, "testdata2/Dockerfile")); err != nil {
			t.Fatal(err)
		}
		// A link is what it is to, under its own name.
		res := scan(t, gate.Input{Dir: dir, Exclude: []string{"testdata/", "a/Dockerfile"}})
		if diff := cmp.Diff([]string{"DS-0001 testdata2/Dockerfile:1 medium"}, has(res, "DS-0001")); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("nothing to scan", func(t *testing.T) {
		if diff := cmp.Diff(gate.Result{}, scan(t, gate.Input{Dir: gatetest.Write(t, map[string]string{"package.json": "{}", "a.yml": "a: [\n"})})); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		in := gate.Input{Dir: gatetest.Write(t, map[string]string{"pod.yaml": pod})}
		selected(t, &in)
		if _, err := s.Scan(ctx, in); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})

	t.Run("two at once", func(t *testing.T) {
		dir := gatetest.Write(t, map[string]string{"pod.yaml": pod})
		for range 2 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				if got := has(scan(t, gate.Input{Dir: dir}), "KSV-0017"); len(got) != 1 {
					t.Errorf("%v", got)
				}
			})
		}
	})
}

func TestNothingPrinted(t *testing.T) {
	in := gate.Input{Dir: gatetest.Write(t, map[string]string{"Dockerfile": "FROM\n", "pod.yaml": pod, "Chart.yaml": "name: x\n", "main.tf": "x {{\n"})}
	selected(t, &in)
	got := gatetest.Printed(t, func() {
		if _, err := new(Scanner).Scan(context.Background(), in); err != nil {
			t.Error(err)
		}
	})
	if got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestVersion(t *testing.T) {
	if got := new(Scanner).Version(); got != "v0.74.0" && got != "unknown" {
		t.Error(got)
	}
}
