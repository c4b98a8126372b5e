package trivy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

const (
	volume     = "resource \"aws_ebs_volume\" \"v\" {\n  availability_zone = \"eu-west-1a\"\n  size              = 1\n  encrypted         = %s\n}\n"
	bucket     = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      AccessControl: PublicRead\n"
	bucketJSON = "{\"Resources\": {\"B\": {\"Type\": \"AWS::S3::Bucket\",\n \"Properties\": {\"AccessControl\": \"PublicRead\"}}}}\n"
	storage    = "{\n// a comment\n\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", \"contentVersion\": \"1.0.0.0\",\n\"resources\": [\n{\"type\": \"Microsoft.Storage/storageAccounts\", \"apiVersion\": \"2022-09-01\", \"name\": \"a\", \"location\": \"x\",\n \"properties\": {\"supportsHttpsTrafficOnly\": false}}]}\n"
	plan       = `{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"resources": [{"address": "aws_ebs_volume.v", "mode": "managed", "type": "aws_ebs_volume", "name": "v", "values": {}}]}},
"resource_changes": [{"address": "aws_ebs_volume.v", "mode": "managed", "type": "aws_ebs_volume", "name": "v", "change": {"actions": ["create"], "after": {"size": 1, "encrypted": false}}}],
"configuration": {"root_module": {"resources": [{"address": "aws_ebs_volume.v", "mode": "managed", "type": "aws_ebs_volume", "name": "v", "expressions": {"size": {"constant_value": 1}}}]}}}`
)

// safe is a security context of a container that sets all that is asked for.
const safe = "securityContext: {runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}, runAsUser: 10001, runAsGroup: 10001}"

func deployment(container string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  namespace: b\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: x:1\n        " + container + "\n"
}

// ofRules returns "rule path:line" of the findings with these rules, sorted.
func ofRules(res gate.Result, rules ...string) []string {
	out := []string{}
	for _, f := range res.Findings {
		if slices.Contains(rules, f.Rule) {
			out = append(out, fmt.Sprintf("%s %s:%d", f.Rule, f.At.Path, f.At.Line))
		}
	}
	slices.Sort(out)
	return out
}

// TestCases: GP-GATE-7, what a form of configuration means is decided by the tool that
// applies it, not by each file alone.
func TestCases(t *testing.T) {
	s := &Scanner{}
	for _, c := range []struct {
		name    string
		files   map[string]string
		rules   string
		want    []string
		covered string
		gaps    []string
	}{
		{"CloudFormation", map[string]string{"a.yaml": bucket, "b.json": bucketJSON, "c.template": bucket}, "AWS-0092",
			[]string{"AWS-0092 a.yaml:6", "AWS-0092 b.json:2", "AWS-0092 c.template:6"}, "3 CloudFormation templates", nil},
		{"broken CloudFormation", map[string]string{"a.yaml": bucket + "  C: [\n"}, "AWS-0092", []string{}, "", []string{"a.yaml"}},
		{"not CloudFormation", map[string]string{"a.yaml": "text: AWS::S3::Bucket is one of the Resources\n"}, "AWS-0092", []string{}, "", nil},
		{"Azure", map[string]string{"a.json": storage}, "AZU-0008", []string{"AZU-0008 a.json:5"}, "1 Azure template", nil},
		{"broken Azure", map[string]string{"a.json": storage[:len(storage)-9]}, "AZU-0008", []string{}, "", []string{"a.json"}},
		{"nested Azure", map[string]string{"a.json": strings.Replace(storage, "\"resources\": [", "\"resources\": [{\"type\": \"Microsoft.Resources/deployments\", \"apiVersion\": \"2022-09-01\", \"name\": \"n\", \"properties\": {\"mode\": \"Incremental\", \"template\": {}}},", 1)},
			"AZU-0008", []string{"AZU-0008 a.json:5"}, "1 Azure template (not examined: 1 nested or linked Azure template)", nil},
		{"Terraform plan", map[string]string{"tfplan.json": plan}, "AWS-0026", []string{"AWS-0026 tfplan.json:0"}, "1 Terraform plan", nil},
		{"truncated plan", map[string]string{"tfplan.json": plan[:len(plan)-1]}, "AWS-0026", []string{}, "", []string{"tfplan.json"}},
		{"other forms", map[string]string{"main.bicep": "x", "compose.yaml": "services: {}\n", "Dockerfile": "FROM a:1\nUSER a\n"}, "", []string{}, "1 Dockerfile (not examined: 1 Bicep file, 1 Compose file)", nil},

		{"Ansible", map[string]string{"site.yml": "- hosts: all\n  vars: {access: public-read}\n  tasks:\n  - name: b\n    amazon.aws.s3_bucket:\n      name: b\n      acl: \"{{ access }}\"\n      public_access: {block_public_acls: false}\n"}, "AWS-0092", []string{"AWS-0092 site.yml:5"}, "1 Ansible project", nil},
		{"Ansible role", map[string]string{"site.yml": "- hosts: all\n  roles: [r]\n", "roles/r/tasks/main.yml": "- s3_bucket: {name: b, acl: public-read, public_access: {block_public_acls: false}}\n"}, "AWS-0092", []string{"AWS-0092 roles/r/tasks/main.yml:0"}, "1 Ansible project", nil},
		{"Ansible tasks that nothing uses", map[string]string{"site.yml": "- hosts: all\n  tasks: []\n", "tasks/x.yml": "- s3_bucket: {name: b, acl: public-read}\n"}, "AWS-0092", []string{}, "1 Ansible project (not examined: 1 file of Ansible tasks that no playbook reaches)", nil},
		{"broken Ansible", map[string]string{"site.yml": "- hosts: all\n  tasks:\n  - s3_bucket: {name: b\n"}, "AWS-0092", []string{}, "", []string{"site.yml"}},
		{"tofu", map[string]string{"main.tf": fmt.Sprintf(volume, "false"), "main.tofu": fmt.Sprintf(volume, "true")}, "AWS-0026", []string{},
			"1 Terraform file (not examined: 1 file that OpenTofu replaces with a .tofu file)", nil},
		{"tofu alone", map[string]string{"main.tofu": fmt.Sprintf(volume, "false")}, "AWS-0026", []string{"AWS-0026 main.tofu:4"}, "1 Terraform file", nil},
		{"override repairs", map[string]string{"main.tf": "# one\n" + fmt.Sprintf(volume, "false"), "main_override.tf": "resource \"aws_ebs_volume\" \"v\" {\n  encrypted = true\n}\n"}, "AWS-0026", []string{}, "2 Terraform files", nil},
		{"override breaks", map[string]string{"main.tf": "# one\n" + fmt.Sprintf(volume, "true"), "override.tf": "resource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n}\n"}, "AWS-0026", []string{"AWS-0026 main.tf:5"}, "2 Terraform files", nil},
		{"override adds lines", map[string]string{"main.tf": "resource \"aws_ebs_volume\" \"v\" {\n}\n" + strings.Replace(fmt.Sprintf(volume, "false"), "\"v\"", "\"w\"", 1), "override.tf": "resource \"aws_ebs_volume\" \"v\" {\n  size = 1\n  encrypted = true\n}\n"}, "AWS-0026", []string{"AWS-0026 main.tf:6"}, "2 Terraform files", nil},
		{"variables", map[string]string{"main.tf": "variable \"e\" {\n  default = false\n}\n" + fmt.Sprintf(volume, "var.e"), "terraform.tfvars": "e = false\n", "x.auto.tfvars": "e = true\n"}, "AWS-0026", []string{}, "3 Terraform files", nil},
		{"broken variables", map[string]string{"main.tf": fmt.Sprintf(volume, "true"), "terraform.tfvars": "e = \n"}, "AWS-0026", []string{}, "", []string{"Terraform module ."}},
		{"circle of modules", map[string]string{"a/main.tf": "module \"b\" {\n  source = \"../b\"\n}\n" + fmt.Sprintf(volume, "false"), "b/main.tf": "module \"a\" {\n  source = \"../a\"\n}\n"}, "AWS-0026", []string{}, "", []string{"Terraform module a", "Terraform module b"}},
		{"block that is not known", map[string]string{"main.tf": fmt.Sprintf(volume, "false") + "newer \"x\" {}\n"}, "AWS-0026", []string{}, "", []string{"main.tf"}},

		{"wget and curl apart", map[string]string{"Dockerfile": "FROM a:1 AS a\nRUN curl x\nFROM b:1 AS b\nRUN wget x\nFROM c:1\nUSER c\n"}, "DS-0014", []string{}, "1 Dockerfile", nil},
		{"wget and curl by way of a stage", map[string]string{"Dockerfile": "FROM a:1 AS a\nRUN curl x\nFROM a\nRUN wget x\nUSER c\n"}, "DS-0014", []string{"DS-0014 Dockerfile:4"}, "1 Dockerfile", nil},
		{"base without root", map[string]string{"Dockerfile": "ARG T=nonroot\nARG B=gcr.io/distroless/static:${T}\nFROM ${B}\nCOPY x /x\n"}, "DS-0002", []string{}, "1 Dockerfile", nil},
		{"base without root, and USER root", map[string]string{"Dockerfile": "FROM gcr.io/distroless/static:nonroot\nUSER root\n"}, "DS-0002", []string{"DS-0002 Dockerfile:2"}, "1 Dockerfile", nil},
		{"USER of a stage that is not built", map[string]string{"Dockerfile": "FROM a:1 AS build\nUSER me\nFROM b:1\nCOPY --from=build x x\n"}, "DS-0002", []string{"DS-0002 Dockerfile:0"}, "1 Dockerfile", nil},
		{"USER of the stage before", map[string]string{"Dockerfile": "FROM a:1 AS base\nUSER me\nFROM base\nCOPY x x\n"}, "DS-0002", []string{}, "1 Dockerfile", nil},
		{"root in a stage that is not built", map[string]string{"Dockerfile": "FROM a:1 AS build\nUSER me\nFROM b:1\nUSER me\nFROM build AS x\nUSER root\nFROM c:1\nUSER me\n"}, "DS-0002", []string{}, "1 Dockerfile", nil},
		{"health check of another stage", map[string]string{"Dockerfile": "FROM a:1 AS build\nHEALTHCHECK CMD x\nFROM b:1\nUSER me\n"}, "DS-0026", []string{"DS-0026 Dockerfile:0"}, "1 Dockerfile", nil},

		{"patch", map[string]string{"base/kustomization.yaml": "resources: [d.yaml]\n", "base/d.yaml": deployment(safe), "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
			"over/p.yaml": deployment("env: [{name: A, value: b}]")}, "KSV-0118 KSV-0014 KSV-0017", []string{}, "1 Kubernetes file, 1 kustomization", nil},
		{"patch that breaks", map[string]string{"base/kustomization.yaml": "resources: [d.yaml]\n", "base/d.yaml": deployment(safe), "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
			"over/p.yaml": deployment("securityContext: {privileged: true}")}, "KSV-0017", []string{"KSV-0017 over/kustomization.yaml:0"}, "1 Kubernetes file, 1 kustomization", nil},
		{"base that a patch completes", map[string]string{"base/kustomization.yaml": "resources: [d.yaml]\n", "base/d.yaml": deployment("securityContext: {privileged: true}"), "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
			"over/p.yaml": deployment("securityContext: {privileged: false}")}, "KSV-0017", []string{}, "1 Kubernetes file, 1 kustomization", nil},
		{"base that one overlay completes", map[string]string{"base/kustomization.yaml": "resources: [d.yaml]\n", "base/d.yaml": deployment("securityContext: {privileged: true}"), "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
			"over/p.yaml": deployment("securityContext: {privileged: false}"), "two/kustomization.yaml": "resources: [../base]\n"}, "KSV-0017", []string{"KSV-0017 base/d.yaml:10"}, "1 Kubernetes file, 2 kustomizations", nil},
		{"kustomization with a remote resource", map[string]string{"kustomization.yaml": "resources: [d.yaml, 'https://example.com/x.yaml']\npatches: [{path: p.yaml}]\n", "d.yaml": deployment("securityContext: {privileged: true}"), "p.yaml": deployment("env: []")},
			"KSV-0017", []string{"KSV-0017 d.yaml:10"}, "1 Kubernetes file (not examined: 1 kustomization with remote resources)", nil},
		{"kustomization that cannot be built", map[string]string{"kustomization.yaml": "resources: [d.yaml, gone.yaml]\n", "d.yaml": deployment("securityContext: {privileged: true}")},
			"KSV-0017", []string{"KSV-0017 d.yaml:10"}, "1 Kubernetes file", []string{"kustomization ."}},

		{"security context of the container", map[string]string{"d.yaml": deployment(safe)}, "KSV-0118", []string{}, "1 Kubernetes file", nil},
		{"security context of one of two", map[string]string{"d.yaml": deployment(safe) + "      - {name: d, image: a}\n"}, "KSV-0118", []string{"KSV-0118 d.yaml:13", "KSV-0118 d.yaml:8"}, "1 Kubernetes file", nil},

		{"chart that requires a value", map[string]string{"Chart.yaml": chart, "templates/a.yaml": "a: {{ required \"set a\" .Values.a }}\n", "templates/pod.yaml": pod}, "KSV-0017", []string{"KSV-0017 templates/pod.yaml:0"}, "", []string{"Helm chart ."}},
		{"value for tests", map[string]string{"Chart.yaml": chart, "templates/a.yaml": "a: {{ required \"set a\" .Values.a }}\n", "templates/pod.yaml": pod, "ci/test-values.yaml": "a: 1\n"}, "KSV-0017", []string{"KSV-0017 templates/pod.yaml:0"}, "1 Helm chart", nil},
		{"chart that fails", map[string]string{"Chart.yaml": chart, "templates/a.yaml": "{{ if not (lookup \"v1\" \"Secret\" \"a\" \"b\") }}{{ fail \"no\" }}{{ end }}", "templates/pod.yaml": pod}, "KSV-0017", []string{"KSV-0017 templates/pod.yaml:0"}, "", []string{"Helm chart ."}},
		{"chart with a template that is broken", map[string]string{"Chart.yaml": chart, "templates/a.yaml": "{{ .Values.a.b.c }}", "templates/b.yaml": "{{ end }}", "templates/pod.yaml": pod}, "KSV-0017", []string{"KSV-0017 templates/pod.yaml:0"}, "", []string{"Helm chart ."}},
		{"chart without its dependency", map[string]string{"Chart.yaml": chart + "dependencies: [{name: x, version: '1', repository: 'https://example.com'}]\n", "templates/pod.yaml": pod}, "KSV-0017", []string{"KSV-0017 templates/pod.yaml:0"}, "", []string{"Helm chart ."}},
		{"hook of a chart", map[string]string{"Chart.yaml": chart, "templates/pod.yaml": strings.Replace(pod, "  name: web\n", "  name: web\n  annotations: {helm.sh/hook: pre-install}\n", 1)}, "KSV-0017", []string{"KSV-0017 templates/pod.yaml:0"}, "1 Helm chart", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := gate.Input{Dir: gatetest.Write(t, c.files)}
			selected(t, &in)
			res, err := s.Scan(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			var gaps []string
			for _, g := range res.Missing {
				gaps = append(gaps, g.What)
			}
			if diff := cmp.Diff(c.want, ofRules(res, strings.Fields(c.rules)...)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.gaps, gaps); diff != "" || res.Covered != c.covered {
				t.Errorf("%s covered %q, want %q; %+v", diff, res.Covered, c.covered, res.Missing)
			}
		})
	}
}

// TestDeclaredChart: GP-GATE-7, a chart is judged by the values that it is deployed with.
func TestDeclaredChart(t *testing.T) {
	s := &Scanner{Charts: []Chart{{Path: "c/", Values: []string{"deploy/prod.yaml"}}}}
	in := gate.Input{Dir: gatetest.Write(t, map[string]string{
		"c/Chart.yaml": chart, "c/values.yaml": "privileged: true\n", "deploy/prod.yaml": "privileged: false\nname: x\n",
		"c/templates/pod.yaml": strings.NewReplacer("true", "{{ .Values.privileged }}", "name: web", "name: {{ required \"name\" .Values.name }}").Replace(pod),
	})}
	all, err := gate.Walk(context.Background(), in.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	in.Files, _ = s.Select(all, nil)
	res, err := s.Scan(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got := ofRules(res, "KSV-0017"); len(got) > 0 || len(res.Missing) > 0 || res.Covered != "1 Helm chart" || len(ofRules(res, "KSV-0012")) == 0 {
		t.Errorf("%v %+v %q", got, res.Missing, res.Covered)
	}
}

// TestRenamedContainer: GP-GATE-4, a renamed container has the findings that it had.
func TestRenamedContainer(t *testing.T) {
	s := &Scanner{}
	ids := func(text string) (out []string) {
		in := gate.Input{Dir: gatetest.Write(t, map[string]string{"d.yaml": text})}
		selected(t, &in)
		res, err := s.Scan(context.Background(), in)
		if err != nil || len(res.Findings) < 13 {
			t.Fatal(err, res.Findings)
		}
		for _, f := range res.Findings {
			id := f.Fingerprint
			if id == "" {
				id = f.Rule + f.Message
			}
			out = append(out, id)
		}
		slices.Sort(out)
		return out
	}
	one := deployment("env: []")
	if diff := cmp.Diff(ids(one), ids(strings.Replace(one, "- name: c\n", "- name: a\n", 1))); diff != "" {
		t.Error(diff)
	}
	two := ids(one + "      - {name: d, image: a}\n")
	if len(two) < len(ids(one))+10 || len(slices.Compact(two)) != len(two) {
		t.Errorf("%d findings of two containers, or equal ones", len(two))
	}
}

func TestMessageWithoutPositions(t *testing.T) {
	const here = `variable name "{\"endline\": 13, \"fskey\": \"d96f\", \"value\": \"DATABASE_PASSWORD\"}"`
	if got := message("Sensitive", here); strings.Contains(got, "fskey") || !strings.Contains(got, "DATABASE_PASSWORD") {
		t.Error(got)
	}
}
