package trivy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aquasecurity/trivy/pkg/iac/scan"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
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

const policy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}`

// iam is a template with a policy, and inAzure one with a resource.
func iam(kind, document string) string {
	return "Resources:\n  R:\n    Type: " + kind + "\n    Properties:\n      PolicyName: y\n      Roles: [x]\n      PolicyDocument:" + document
}

func inAzure(resource string) string {
	return "{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", \"contentVersion\": \"1.0.0.0\", \"resources\": [\n" + resource + "]}\n"
}

const ssh = `{"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22", "priority": 100}`

// root is a Dockerfile whose user is root.
const root = "FROM a:1\nUSER root\n"

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
		{"plan with a template", map[string]string{"tfplan.json": strings.Replace(plan, `"size": 1, "enc`, `"tags": "{\"$schema\":\"https://schema.management.azure.com/x/deploymentTemplate.json#\",\"Type\":\"AWS::\",\"Resources\":[]}", "enc`, 1)}, "AWS-0026", []string{"AWS-0026 tfplan.json:0"}, "1 Terraform plan", nil},
		{"large plan", map[string]string{"tfplan.json": plan[:len(plan)-1] + `, "variables": {"x": {"value": "` + strings.Repeat("y", maxManifest) + `"}}}`}, "AWS-0026", []string{"AWS-0026 tfplan.json:0"}, "1 Terraform plan", nil},
		{"large template", map[string]string{"a.yaml": strings.Repeat("# a long line of a comment\n", maxManifest/26) + bucket}, "AWS-0092", []string{}, "", []string{"a.yaml"}},
		{"broken CloudFormation without a version", map[string]string{"a.yaml": strings.SplitAfterN(bucket, "\n", 2)[1] + "   C: x\n", "b.json": bucketJSON[:len(bucketJSON)-3], "c.yaml": "Resources:\n<<<<<<< HEAD\n  B: {Type: AWS::S3::Bucket}\n=======\n>>>>>>> x\n"}, "AWS-0092", []string{}, "", []string{"a.yaml", "b.json", "c.yaml"}},
		{"plan with a value that is not known", map[string]string{"tfplan.json": strings.Replace(strings.Replace(plan, `, "encrypted": false`, "", 1), `"size": {`, `"encrypted": {"references": ["var.e", "var"]}, "size": {`, 1)}, "AWS-0026", []string{}, "1 Terraform plan (not examined: 1 argument whose value is unknown)", nil},
		{"policies", map[string]string{"a.yaml": iam("AWS::IAM::ManagedPolicy", "\n        Version: '2012-10-17'\n        Statement:\n        - Effect: Allow\n          Action: ['s3:*']\n          Resource: ['*']\n"), "b.yaml": iam("AWS::IAM::Policy", " {Version: '2012-10-17', Statement: [{Effect: Allow, Action: ['s3:*'], Resource: ['*']}]}\n")},
			"AWS-0345", []string{"AWS-0345 a.yaml:2"}, "2 CloudFormation templates (not examined: 1 policy that is written in braces)", nil},
		{"nested and repeated CloudFormation", map[string]string{"a.cfn": bucket + "  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ./n.yaml}\n  Fn::ForEach::Buckets:\n  - Name\n  - !Ref Names\n  - B${Name}: {Type: AWS::S3::Bucket}\n", "prod.json": "[{\"ParameterKey\": \"A\", \"ParameterValue\": \"b\"}]"},
			"AWS-0092", []string{"AWS-0092 a.cfn:6"}, "1 CloudFormation template (not examined: 1 Fn::ForEach, 1 file of parameters, 1 nested stack)", nil},
		{"rules of security groups in Azure", map[string]string{"a.json": inAzure(`{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2022-09-01", "name": "a", "location": "x", "properties": {"securityRules": [{"name": "r", "properties": ` + ssh + `}]}}`),
			"b.jsonc": inAzure(`{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2022-09-01", "name": "a", "properties": {}, "resources": [{"type": "securityRules", "name": "r", "apiVersion": "2022-09-01", "properties": ` + ssh + `}]}`),
			"c.arm":   inAzure(`{"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2022-09-01", "name": "a/r", "properties": ` + ssh + `}`)}, "AZU-0050", []string{"AZU-0050 a.json:0", "AZU-0050 b.jsonc:0", "AZU-0050 c.arm:0"}, "3 Azure templates", nil},
		{"forms by their text", map[string]string{"stack.yml": "version: '3'\nservices:\n  a:\n    image: x\n", "dev.compose.yaml": "services: {}\n", "compose-dev.yaml": "", "p.parameters.json": "{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#\"}", "state.json": "{\"format_version\": \"1.0\", \"terraform_version\": \"1.9.0\", \"values\": {}}", "terraform.tfstate": "{}",
			"p.yaml.j2": pod, "q.yaml.tmpl": "a: b\n", "main.tf.j2": "", "x.tfdeploy.hcl": "", "services.yaml": "services:\n  app: {class: X}\n",
			"site.yml": "- hosts: all\n  tasks:\n  - amazon.aws.ec2_security_group: {}\n", "c/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\npatches: [{path: p.yaml}]\n", "c/p.yaml": pod}, "", []string{}, "no file (not examined: 3 Compose files, 2 Terraform states, 1 component that no kustomization uses, 1 file of Ansible tasks without checks, 1 file of a Terraform stack, 1 file of parameters, 2 templates of files)", nil},
		{"files of a generator", map[string]string{"k/kustomization.yaml": "configMapGenerator:\n- {name: c, files: [a.sh, b.properties]}\n", "k/a.sh": "exit\n", "k/b.properties": "api-token=${TOKEN}\n"},
			"KSV-0109", []string{}, "1 kustomization", nil},
		{"files of a generator at the root", map[string]string{"kustomization.yaml": "configMapGenerator:\n- {name: c, files: [a.txt]}\n", "a.txt": "x\n"}, "KSV-0109", []string{}, "1 kustomization", nil},
		{"a copy into a folder", map[string]string{"Dockerfile": "FROM a:1\nUSER a\nCOPY a b .\nCOPY a b /c\n"}, "DS-0011", []string{"DS-0011 Dockerfile:4"}, "1 Dockerfile", nil},
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
		{"policy in a file", map[string]string{"main.tf": "resource \"aws_iam_policy\" \"p\" {\n  name   = \"p\"\n  policy = file(\"${path.module}/policy.json\")\n}\n", "policy.json": policy, "tf/main.tf": "resource \"aws_iam_policy\" \"p\" {\n  name   = \"p\"\n  policy = file(\"${path.module}/../shared/p.json\")\n}\n", "shared/p.json": policy,
			"tf/m/main.tf": "resource \"aws_iam_policy\" \"p\" {\n  name   = \"p\"\n  policy = file(\"./p.json\")\n}\n", "tf/m/p.json": policy, "x/main.tf": "module \"y\" {\n  source = \"./y\"\n}\n", "x/y/main.tf": "resource \"aws_iam_policy\" \"p\" {\n  policy = file(\"${path.root}/p.json\")\n}\n", "x/p.json": policy},
			"AWS-0345", []string{"AWS-0345 main.tf:3", "AWS-0345 tf/m/main.tf:3", "AWS-0345 tf/main.tf:3", "AWS-0345 x/y/main.tf:2"}, "5 Terraform files", nil},
		{"policy with a part that is not known, and a template", map[string]string{"main.tf": "variable \"x\" {}\nresource \"aws_iam_policy\" \"p\" {\n  policy = <<EOF\n" + strings.Replace(policy, "]}]", ", \"arn:aws:s3:::${var.x}\"]}]", 1) + "\nEOF\n}\nresource \"aws_iam_policy\" \"t\" {\n  policy = templatefile(\"p.json\", {})\n}\n", "p.json": policy},
			"AWS-0345", []string{"AWS-0345 main.tf:3"}, "1 Terraform file (not examined: 1 call of templatefile)", nil},
		{"values in files", map[string]string{"main.tf": "locals {\n  on = yamldecode(file(\"on.yaml\"))\n}\n" + fmt.Sprintf(volume, "local.on.e"), "on.yaml": "e: true\n", "tf/main.tf": "resource \"aws_ebs_volume\" \"v\" {\n  for_each = fileset(path.module, \"vols/*.json\")\n  encrypted = jsondecode(file(\"${path.module}/${each.value}\")).e\n}\n", "tf/vols/a.json": "{\"e\": false}"},
			"AWS-0026", []string{"AWS-0026 tf/main.tf:3"}, "2 Terraform files", nil},
		{"file that is not there", map[string]string{"main.tf": fmt.Sprintf(volume, "jsondecode(file(\"${path.module}/gone.json\")).e")}, "AWS-0026", []string{}, "1 Terraform file (not examined: 1 argument whose value is unknown, 1 file that a function of Terraform reads and that is not in the repository)", nil},
		{"resources without an instance", map[string]string{"main.tf": "variable \"v\" {\n  type = map(string)\n}\n" + strings.Replace(fmt.Sprintf(volume, "false"), "{\n", "{\n  for_each = var.v\n", 1) + "module \"m\" {\n  source = \"./m\"\n  for_each = var.v\n}\nmodule \"n\" {\n  source = \"./m\"\n  count = 0\n}\n", "m/main.tf": fmt.Sprintf(volume, "false")},
			"AWS-0026", []string{}, "2 Terraform files (not examined: 3 resources and modules without an instance)", nil},
		{"resources with instances", map[string]string{"main.tf": "variable \"v\" {\n  default = {a = 1}\n}\n" + strings.Replace(fmt.Sprintf(volume, "false"), "{\n", "{\n  for_each = var.v\n", 1) + "module \"m\" {\n  source = \"./m\"\n  count = var.n\n}\n", "m/main.tf": fmt.Sprintf(volume, "false")},
			"AWS-0026", []string{"AWS-0026 m/main.tf:4", "AWS-0026 main.tf:8"}, "2 Terraform files", nil},
		{"dynamic block that is not known", map[string]string{"main.tf": "variable \"p\" {\n  type = list(number)\n}\nresource \"aws_security_group\" \"g\" {\n  description = \"x\"\n  dynamic \"ingress\" {\n    for_each = var.p\n    content {\n      from_port = ingress.value\n      cidr_blocks = [\"0.0.0.0/0\"]\n    }\n  }\n}\n"},
			"AWS-0107", []string{}, "1 Terraform file (not examined: 1 dynamic block whose for_each is unknown)", nil},
		{"variables of an environment", map[string]string{"main.tf": "variable \"e\" {\n  default = true\n}\n" + fmt.Sprintf(volume, "var.e"), "env/prod.tfvars": "e = false\n", "other/x.tfvars": "", "a/main.tf": "variable \"e\" {\n  type = bool\n}\n" + fmt.Sprintf(volume, "var.e"), "a/prod.tfvars": "e = true\n"}, "AWS-0026", []string{"AWS-0026 main.tf:7"}, "5 Terraform files", nil},
		{"variables without a module", map[string]string{"a/main.tf": fmt.Sprintf(volume, "true"), "vars/x.tfvars": "e = false\n", "a/broken.tfvars": "e = =\n"}, "AWS-0026", []string{}, "1 Terraform file (not examined: 1 file of variables that no module loads)", []string{"a/broken.tfvars"}},
		{"value that is not known", map[string]string{"main.tf": "variable \"e\" {\n  type = bool\n}\n" + fmt.Sprintf(volume, "var.e") + strings.Replace(fmt.Sprintf(volume, "false"), "\"v\"", "\"w\"", 1), "x/main.tf": "resource \"aws_ebs_volume\" \"v\" { encrypted = var.e }\n"},
			"AWS-0026", []string{"AWS-0026 main.tf:12", "AWS-0026 x/main.tf:1"}, "2 Terraform files (not examined: 1 argument whose value is unknown)", nil},
		{"access block of another module", map[string]string{"main.tf": "module \"b\" {\n  source = \"./b\"\n}\nmodule \"k\" {\n  source = \"./k\"\n  bucket = module.b.id\n}\n", "b/main.tf": "resource \"aws_s3_bucket\" \"b\" {\n}\noutput \"id\" {\n  value = aws_s3_bucket.b.id\n}\n",
			"k/main.tf": "variable \"bucket\" {}\nresource \"aws_s3_bucket_public_access_block\" \"b\" {\n  bucket = var.bucket\n  block_public_acls = true\n  block_public_policy = true\n  ignore_public_acls = true\n  restrict_public_buckets = true\n}\n"}, "AWS-0086 AWS-0087 AWS-0091 AWS-0093", []string{}, "3 Terraform files", nil},
		{"providers without checks", map[string]string{"main.tf": "resource \"hcloud_firewall\" \"p\" {}\nresource \"kubernetes_pod\" \"p\" {}\nresource \"random_id\" \"i\" {}\n"}, "", []string{}, "1 Terraform file (not examined: 2 resources of providers that trivy has no checks for)", nil},
		{"example of the module above", map[string]string{"main.tf": "variable \"e\" {\n  default = false\n}\n" + fmt.Sprintf(volume, "var.e"), "examples/a/main.tf": "module \"x\" {\n  source = \"../..\"\n  e = true\n}\n"}, "AWS-0026", []string{"AWS-0026 main.tf:7"}, "2 Terraform files", nil},
		{"broken module", map[string]string{"main.tf": "resource \"a\" {% x %} {\n"}, "AWS-0026", []string{}, "", []string{"main.tf"}},
		{"circle of modules", map[string]string{"a/main.tf": "module \"b\" {\n  source = \"../b\"\n}\n" + fmt.Sprintf(volume, "false"), "b/main.tf": "module \"a\" {\n  source = \"../a\"\n}\n"}, "AWS-0026", []string{}, "", []string{"Terraform module a", "Terraform module b"}},
		{"block that is not known", map[string]string{"main.tf": fmt.Sprintf(volume, "false") + "newer \"x\" {}\n"}, "AWS-0026", []string{}, "", []string{"main.tf"}},

		{"wget and curl apart", map[string]string{"Dockerfile": "FROM a:1 AS a\nRUN curl x\nFROM b:1 AS b\nRUN wget x\nFROM c:1\nUSER c\n"}, "DS-0014", []string{}, "1 Dockerfile", nil},
		{"wget and curl by way of a stage", map[string]string{"Dockerfile": "FROM a:1 AS a\nRUN curl x\nFROM a\nRUN wget x\nUSER c\n"}, "DS-0014", []string{"DS-0014 Dockerfile:4"}, "1 Dockerfile", nil},
		{"base without root", map[string]string{"Dockerfile": "ARG T=nonroot\nARG B=gcr.io/distroless/static:${T}\nFROM ${B}\nCOPY x /x\n"}, "DS-0002", []string{}, "1 Dockerfile", nil},
		{"base without root, and USER root", map[string]string{"Dockerfile": "FROM gcr.io/distroless/static:nonroot\nUSER root\n"}, "DS-0002", []string{"DS-0002 Dockerfile:2"}, "1 Dockerfile", nil},
		{"USER of a stage that is not built", map[string]string{"Dockerfile": "FROM a:1 AS build\nUSER me\nFROM b:1\nCOPY --from=build x x\n"}, "DS-0002", []string{"DS-0002 Dockerfile:0"}, "1 Dockerfile", nil},
		{"USER of the stage before", map[string]string{"Dockerfile": "FROM a:1 AS base\nUSER me\nFROM base\nCOPY x x\n"}, "DS-0002", []string{}, "1 Dockerfile", nil},
		{"root in a stage that is not built", map[string]string{"Dockerfile": "FROM a:1 AS build\nUSER me\nFROM b:1\nUSER me\nFROM build AS x\nUSER root\nFROM c:1\nUSER me\n"}, "DS-0002", []string{}, "1 Dockerfile", nil},
		{"names of Dockerfiles", map[string]string{"a/dockerfile": root, "b/Dockerfile-dev": root, "c/Dockerfile_prod": root, "d/AppDockerfile": root, "e/containerfile.dev": root, "f/Dockerfile.a.b": root, "g/app.dockerfile": root},
			"DS-0002", []string{"DS-0002 a/dockerfile:2", "DS-0002 b/Dockerfile-dev:2", "DS-0002 c/Dockerfile_prod:2", "DS-0002 d/AppDockerfile:2", "DS-0002 e/containerfile.dev:2", "DS-0002 f/Dockerfile.a.b:2", "DS-0002 g/app.dockerfile:2"}, "7 Dockerfiles", nil},
		{"not Dockerfiles", map[string]string{"Dockerfile.dockerignore": "*.log\n", "Dockerfile.md": "# Text\nText.\n", "dockerfile.py": "from os import path\n", "dockerfile_test.go": "package x\n", "dockerfile-lint.yaml": "a: 1\n"}, "DS-0002", []string{}, "", nil},
		{"broken dockerfile", map[string]string{"dockerfile": "<<<<<<< HEAD\nFROM a:1\n"}, "DS-0002", []string{}, "", []string{"dockerfile"}},
		{"a comment for Docker's linter", map[string]string{"Dockerfile": "# syntax=docker/dockerfile:1\n\n# check=skip=JSONArgsRecommended\nFROM a:1\n# check=error=true\nUSER root\n"}, "DS-0002", []string{"DS-0002 Dockerfile:6"}, "1 Dockerfile", nil},
		{"no FROM", map[string]string{"Dockerfile": "RUN echo hi\nUSER root\n"}, "DS-0002", []string{}, "", []string{"Dockerfile"}},
		{"only arguments", map[string]string{"Dockerfile": "ARG A=1\n"}, "DS-0002", []string{}, "", []string{"Dockerfile"}},
		{"kustomizations in a circle", map[string]string{"a/kustomization.yaml": "resources: [\"../b\"]\n", "b/kustomization.yaml": "resources: [\"../a\"]\n"}, "KSV-0001", []string{}, "", []string{"kustomization a"}},
		{"template of a Dockerfile", map[string]string{"Dockerfile.j2": "FROM {{ base }}\n{% if x %}\nRUN x\n{% endif %}\n"}, "DS-0002", []string{}, "no file (not examined: 1 template of a file)", nil},
		{"two arguments in one line", map[string]string{"Dockerfile": "ARG B=gcr.io/distroless/static T=nonroot\nFROM ${B}:${T}\nHEALTHCHECK CMD x\n"}, "DS-0002 DS-0001", []string{}, "1 Dockerfile", nil},
		{"name of a stage in other letters", map[string]string{"Dockerfile": "FROM a:1 AS Base\nUSER a\nFROM BASE\n"}, "DS-0001 DS-0002", []string{}, "1 Dockerfile", nil},
		{"user by an argument", map[string]string{"a/Dockerfile": "FROM a:1\nARG U=root\nUSER ${U}\n", "b/Dockerfile": "FROM a:1\nENV U=0\nUSER $U\n", "c/Dockerfile": "FROM a:1\nUSER \"root\"\n", "d/Dockerfile": "FROM a:1\nUSER ${U:-root}\n",
			"e/Dockerfile": "FROM a:1\nARG U\nUSER $U\n", "f/Dockerfile": "ARG U=0\nFROM a:1 AS x\nARG U\nFROM x\nUSER $U\n", "g/Dockerfile": "FROM a:1\nARG U=app\nUSER $U:0\n"},
			"DS-0002", []string{"DS-0002 a/Dockerfile:3", "DS-0002 b/Dockerfile:3", "DS-0002 c/Dockerfile:2", "DS-0002 d/Dockerfile:2", "DS-0002 f/Dockerfile:5"}, "7 Dockerfiles", nil},
		{"variables without a secret", map[string]string{"Dockerfile": "FROM a:1\nENV POSTGRES_PASSWORD_FILE=/run/secrets/db TOKEN_TTL=30 SECRET_KEY_BASE_DUMMY=1 NPM_CONFIG_TOKEN=\"\" SSH_AUTH_SOCK=/x AWS_SECRET_NAME=prod/db USE_AUTH=true TLS_KEY=/etc/tls/key.pem\nUSER a\n"}, "DS-0031", []string{}, "1 Dockerfile", nil},
		{"variables that are secrets", map[string]string{"Dockerfile": "FROM a:1\nARG NPM_TOKEN\nENV DB_PASSWORD=1234\nENV API_TOKEN=abc\nUSER a\n"}, "DS-0031", []string{"DS-0031 Dockerfile:2", "DS-0031 Dockerfile:3", "DS-0031 Dockerfile:4"}, "1 Dockerfile", nil},
		{"data without a secret", map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: i}\ndata:\n  server-tokens: 'false'\n  secrets_replicas: '2'\n  DB_PASSWORD_FILE: /run/secrets/x\n  password_check.py: |\n    import re\n"}, "KSV-0109", []string{}, "1 Kubernetes file", nil},
		{"data with a secret", map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: i}\ndata: {server-tokens: 'false', db-password: hunter2}\n", "b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: i}\ndata: {app.conf: \"password = hunter2\"}\n"},
			"KSV-0109", []string{"KSV-0109 a.yaml:0", "KSV-0109 b.yaml:0"}, "2 Kubernetes files", nil},
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

		{"kustomization at the root", map[string]string{"kustomization.yaml": "resources: [d.yaml]\npatches: [{path: p.yaml}]\n", "d.yaml": deployment("securityContext: {privileged: true}"), "p.yaml": deployment("securityContext: {privileged: false}")},
			"KSV-0017", []string{}, "1 Kubernetes file, 1 kustomization", nil},

		{"manifest that does not parse", map[string]string{"p.yaml": "# {{ see }}\n" + pod + "   x: y\n", "q.yaml": strings.Replace(pod, "spec:\n", "spec:\n\t", 1), "r.yaml": "<<<<<<< HEAD\n" + pod + "=======\n>>>>>>> x\n", "s.json": "{\n\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n"},
			"KSV-0017", []string{}, "", []string{"p.yaml", "q.yaml", "r.yaml", "s.json"}},
		{"template of a manifest", map[string]string{"p.yaml": strings.Replace(pod, "name: web\n", "name: {{ name }}\n{% if a %}\n", 1) + "{% endif %}\n"}, "KSV-0017", []string{}, "no file (not examined: 1 template of a file)", nil},
		{"text about manifests", map[string]string{"p.yaml": "a: [\nthe apiVersion and the kind\n"}, "KSV-0017", []string{}, "", nil},
		{"object without a name", map[string]string{"j.yaml": strings.Replace(pod, "  name: web\n", "  generateName: web-\n", 1), "n.yaml": strings.Replace(pod, "  - name: web\n    image", "  - image", 1), "m.yaml": strings.Replace(pod, "metadata:\n  name: web\n", "metadata: {}\n", 1)},
			"KSV-0017", []string{"KSV-0017 j.yaml:7", "KSV-0017 m.yaml:6", "KSV-0017 n.yaml:7"}, "3 Kubernetes files", nil},
		{"workloads of other kinds", map[string]string{
			"rollout.yaml": strings.Replace(deployment("securityContext: {privileged: true}"), "apps/v1\nkind: Deployment", "argoproj.io/v1alpha1\nkind: Rollout", 1), "template.yaml": "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: t}\ntemplate:\n  spec:\n    containers:\n    - {name: c, image: x, securityContext: {privileged: true}}\n",
			"openshift.yaml": "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: t}\nobjects:\n" + indented(pod), "ephemeral.yaml": strings.Replace(strings.Replace(pod, "privileged: true", "privileged: false", 1), "  containers:", "  ephemeralContainers:\n  - {name: e, image: x, securityContext: {privileged: true}}\n  containers:", 1),
			"workflow.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: w}\nspec:\n  workflowSpec:\n    templates:\n    - name: m\n      script: {image: x, securityContext: {privileged: true}}\n"},
			"KSV-0017", []string{"KSV-0017 ephemeral.yaml:7", "KSV-0017 openshift.yaml:11", "KSV-0017 rollout.yaml:10", "KSV-0017 template.yaml:7", "KSV-0017 workflow.yaml:8"}, "5 Kubernetes files", nil},
		{"part of a pod, and a kind that is not known", map[string]string{"a.yaml": "apiVersion: x/v1\nkind: Search\nmetadata: {name: a}\nspec:\n  pod:\n    spec:\n      containers:\n      - {name: search, resources: {}}\n", "b.yaml": "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec:\n  steps:\n  - {name: a, image: x, securityContext: {privileged: true}}\n"},
			"KSV-0017 KSV-0014", []string{}, "2 Kubernetes files (not examined: 1 object of a kind that is not known)", nil},
		{"list of pods", map[string]string{"a.yaml": "apiVersion: v1\nkind: List\nitems:\n" + indented(pod)}, "KSV-0017", []string{"KSV-0017 a.yaml:10"}, "1 Kubernetes file", nil},

		{"chart in a chart", map[string]string{"Chart.yaml": chart, "templates/cm.yaml": "a: b\n", "deploy/app/Chart.yaml": chart, "deploy/app/values.yaml": "p: true\n", "deploy/app/templates/pod.yaml": strings.Replace(pod, "true", "{{ .Values.p }}", 1)}, "KSV-0017", []string{"KSV-0017 deploy/app/templates/pod.yaml:0"}, "2 Helm charts", nil},
		{"values of an environment", map[string]string{"Chart.yaml": chart, "values.yaml": "", "values-prod.yaml": "p: true\n", "templates/cm.yaml": "a: b\n"}, "", []string{}, "1 Helm chart (not examined: 1 values file that gate.runtime does not name)", nil},
		{"chart of a chart", map[string]string{"Chart.yaml": chart, "charts/sub/Chart.yaml": strings.Replace(chart, "name: c", "name: sub", 1), "charts/sub/templates/pod.yaml": pod}, "KSV-0017", []string{"KSV-0017 charts/sub/templates/pod.yaml:0"}, "1 Helm chart", nil},
		{"CRDs of a chart", map[string]string{"Chart.yaml": chart, "crds/pod.yaml": pod}, "KSV-0017", []string{"KSV-0017 crds/pod.yaml:0"}, "1 Helm chart", nil},

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

// TestVariablesOfTheEnvironment: GP-GATE-7, the verdict is about the commit alone.
func TestVariablesOfTheEnvironment(t *testing.T) {
	t.Setenv("TF_VAR_e", "true")
	in := gate.Input{Dir: gatetest.Write(t, map[string]string{"main.tf": "variable \"e\" {\n  default = false\n}\n" + fmt.Sprintf(volume, "var.e")})}
	selected(t, &in)
	res, err := new(Scanner).Scan(context.Background(), in)
	if err != nil || len(ofRules(res, "AWS-0026")) != 1 {
		t.Error(err, res.Findings)
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

// TestStyle: what is true and no risk does not block.
func TestStyle(t *testing.T) {
	for id, want := range map[string]report.Severity{"DS-0029": report.Low, "DS-0010": report.Low, "DS-0002": report.High} {
		f := finding(scan.Rule{ID: id, Severity: "HIGH"}, "", report.Location{})
		if f.Severity != want || (f.Rated == "") != (want == report.High) {
			t.Errorf("%s is %s, %q", id, f.Severity, f.Rated)
		}
	}
}

// TestForTests: an image that only tests or developers use does not block.
func TestForTests(t *testing.T) {
	for path, want := range map[string]report.Severity{
		"Dockerfile": report.High, "deploy/Dockerfile": report.High, "contest/Dockerfile": report.High, "tests/deployment.yaml": report.High, "Dockerfile.prod": report.High,
		".devcontainer/Dockerfile": report.Medium, "test/a/Dockerfile": report.Medium, "Dockerfile.dev": report.Medium, "docker/lint.Dockerfile": report.Medium,
	} {
		if f := finding(scan.Rule{ID: "DS-0002", Severity: "HIGH"}, "", report.Location{Path: path}); f.Severity != want {
			t.Errorf("%s: %s", path, f.Severity)
		}
	}
}

// TestGeneratedName: an edit of what a ConfigMap is made of brings no new finding.
func TestGeneratedName(t *testing.T) {
	id := func(name string) string {
		return finding(scan.Rule{ID: "KSV-0109", Severity: "HIGH"}, "ConfigMap '"+name+"' stores secrets", report.Location{Path: "k.yaml"}).Fingerprint
	}
	if id("c-2tkd9k4bck") != id("c-mk8h74hfd9") || id("c-2tkd9k4bck") == id("d-2tkd9k4bck") {
		t.Error("the hash of the content is part of the fingerprint")
	}
}

func TestMessageWithoutPositions(t *testing.T) {
	const here = `variable name "{\"endline\": 13, \"fskey\": \"d96f\", \"value\": \"DATABASE_PASSWORD\"}"`
	if got := message("Sensitive", here); strings.Contains(got, "fskey") || !strings.Contains(got, "DATABASE_PASSWORD") {
		t.Error(got)
	}
}

// TestMessageNames: a check calls the object a container, and the namespace that it assumes
// where the manifest has none is not the one that is deployed to.
func TestMessageNames(t *testing.T) {
	for here, want := range map[string]string{
		"container web in default namespace is using the default security context":                                "a container of web is using the default security context",
		"deployment web in default namespace is using the default security context, which allows root privileges": "deployment web is using the default security context, which allows root privileges",
		"deployment web in shop namespace is using the default security context, which allows root privileges":    "deployment web in shop namespace is using the default security context, which allows root privileges",
		`container "runner" of pod "a" in "default" namespace should specify a seccomp profile`:                   `container "runner" of pod "a" should specify a seccomp profile`,
		"Container runner in pod a (namespace: default) uses an image from an untrusted registry.":                "Container runner in pod a uses an image from an untrusted registry.",
	} {
		if got := message("T", here); got != "T: "+want {
			t.Error(got)
		}
	}
}
