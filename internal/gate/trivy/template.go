package trivy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	arm "github.com/aquasecurity/trivy/pkg/iac/adapters/arm"
	cloudformation "github.com/aquasecurity/trivy/pkg/iac/adapters/cloudformation"
	adapter "github.com/aquasecurity/trivy/pkg/iac/adapters/terraform"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/azure"
	armparser "github.com/aquasecurity/trivy/pkg/iac/scanners/azure/arm/parser"
	cfnparser "github.com/aquasecurity/trivy/pkg/iac/scanners/cloudformation/parser"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/terraform/parser"
	planparser "github.com/aquasecurity/trivy/pkg/iac/scanners/terraformplan/tfjson/parser"
	"github.com/aquasecurity/trivy/pkg/iac/state"
	xjson "github.com/aquasecurity/trivy/pkg/x/json"
	"gopkg.in/yaml.v3"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// fileForm is what a YAML or JSON file turns out to be, from its text.
type fileForm int

const (
	unknown fileForm = iota
	kubernetesFile
	cloudFormation
	azureTemplate
	terraformPlan
)

// formOf returns the form that the text of a file may have. It looks only for words, so
// that lock files and data are not parsed.
func formOf(name string, text []byte) fileForm {
	has := func(words ...string) bool {
		for _, w := range words {
			if !bytes.Contains(text, []byte(w)) {
				return false
			}
		}
		return true
	}
	isJSON := slices.Contains([]string{".json", ".jsonc", ".arm"}, strings.ToLower(path.Ext(name)))
	switch {
	// The quotes of a key are escaped in a string: a plan may hold a template.
	case isJSON && has(`"format_version"`, `"planned_values"`):
		return terraformPlan
	case isJSON && has(`"$schema"`, "schema.management.azure.com", "eploymentTemplate.json"):
		return azureTemplate
	case has("Resources") && (has("AWS::") || has("AWSTemplateFormatVersion")):
		return cloudFormation
	case marked(text):
		return kubernetesFile
	}
	return unknown
}

// nounOf is how the report counts the files of a form.
var nounOf = map[fileForm]string{
	kubernetesFile: "Kubernetes file", cloudFormation: "CloudFormation template",
	azureTemplate: "Azure template", terraformPlan: "Terraform plan",
}

// template checks a CloudFormation or Azure template, or a Terraform plan. It returns
// false if the text only looks like one.
func (s *Scanner) template(ctx context.Context, name string, text []byte, form fileForm) (a result, ok bool) {
	a.noun = nounOf[form]
	defer func() {
		if p := recover(); p != nil {
			a, ok = failed(a.noun, name, fmt.Errorf("the parser panicked: %T", p)), true
		}
	}()
	read := map[fileForm]reader{cloudFormation: readCloudFormation, azureTemplate: readAzure, terraformPlan: readPlan}[form]
	resources, err := read(ctx, name, text, &a)
	if errors.Is(err, errOther) {
		return result{}, false
	}
	if err == nil {
		a.findings, err = s.cloud(ctx, name, resources)
	}
	if form == terraformPlan { // the lines are those of a text that the library makes
		hidden := places{}
		a.findings = a.unknown.without(a.findings, hidden)
		a.omit(unknownValue, len(hidden))
		for i := range a.findings {
			a.findings[i].At = report.Location{Path: name}
		}
	}
	if err != nil {
		a.gaps = append(a.gaps, unread(name, err))
	}
	return a, true
}

type reader func(ctx context.Context, name string, text []byte, a *result) (*state.State, error)

// errOther is the error of a text that is something else.
var errOther = errors.New("another type of file")

// cloudFormationText matches a template that does not parse. The version is optional.
var cloudFormationText = regexp.MustCompile(`AWSTemplateFormatVersion|(?s)(?:\A|\n)(?:Resources:|[ \t]*\{?\s*"Resources"\s*:).*\bType["']?\s*:\s*["']?AWS::`)

func readCloudFormation(ctx context.Context, name string, text []byte, a *result) (*state.State, error) {
	if _, _, err := placesIn(text); err != nil {
		return nil, err
	}
	var template struct {
		Version   any                  `yaml:"AWSTemplateFormatVersion"`
		Resources map[string]yaml.Node `yaml:"Resources"`
	}
	err := yaml.Unmarshal(text, &template)
	if template.Resources == nil && (err == nil || !cloudFormationText.Match(text)) {
		return nil, errOther
	}
	if err != nil {
		return nil, err
	}
	for key, resource := range template.Resources {
		kind, _ := field(&resource, "Type")
		switch {
		case strings.HasPrefix(key, "Fn::ForEach::"):
			a.omit(loop, 1)
		case kind != nil && kind.Value == "AWS::CloudFormation::Stack":
			a.omit(nestedStack, 1)
		case !json.Valid(text):
			a.omit(flowPolicy, flowPolicies(&resource))
		}
	}
	// The library reads the policies of one of the two.
	text = bytes.ReplaceAll(text, []byte("AWS::IAM::ManagedPolicy"), []byte("AWS::IAM::Policy"))
	files := newFiles()
	if err := files.add(name, text); err != nil {
		return nil, err
	}
	parsed, err := cfnparser.New().ParseFile(ctx, files, name)
	if err != nil {
		return nil, err
	}
	return cloudformation.Adapt(*parsed), nil
}

var (
	loop        = omission{"Fn::ForEach", "Fn::ForEach"}
	nestedStack = omission{"nested stack", "nested stacks"}
	flowPolicy  = omission{"policy that is written in braces", "policies that are written in braces"}
)

// flowPolicies counts the policies in flow style, which the library cannot read:
// aquasecurity/trivy#2898.
func flowPolicies(n *yaml.Node) (count int) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "PolicyDocument" && child.Style&yaml.FlowStyle != 0 {
			count++
		}
		count += flowPolicies(child)
	}
	return count
}

func readAzure(ctx context.Context, name string, text []byte, a *result) (*state.State, error) {
	var template struct {
		Resources any `json:"resources"`
	}
	text = xjson.ToRFC8259(text) // comments
	if err := json.Unmarshal(text, &template); err != nil {
		return nil, err
	}
	a.omit(nestedTemplate, nested(template.Resources))
	files := newFiles()
	if err := files.add(name, text); err != nil {
		return nil, err
	}
	if _, err := armparser.ParseTemplate(files, name); err != nil { // ParseFS returns no error
		return nil, err
	}
	deployments, err := armparser.New(files).ParseFS(ctx, ".")
	if err != nil || len(deployments) != 1 {
		return nil, cmp.Or(err, errors.New("the file does not hold one template"))
	}
	deployments[0].Resources = lifted(deployments[0].Resources, "")
	return arm.Adapt(ctx, deployments[0]), nil
}

const (
	securityGroup = "Microsoft.Network/networkSecurityGroups"
	securityRule  = securityGroup + "/securityRules"
)

// lifted returns the resources and those inside them, and the rules of security groups
// as resources, as the library reads them.
func lifted(resources []azure.Resource, parent string) (out []azure.Resource) {
	grouped := false
	for _, r := range resources {
		kind := strings.TrimPrefix(parent+"/"+r.Type.AsString(), "/")
		if parent != "" {
			r.Type = azure.NewValue(kind, r.Metadata)
		}
		grouped = grouped || kind != securityRule
		out = append(append(out, r), lifted(r.Resources, kind)...)
		if kind == securityGroup {
			for _, rule := range r.Properties.GetMapValue("securityRules").AsList() {
				out = append(out, azure.Resource{Metadata: r.Metadata, Type: azure.NewValue(securityRule, r.Metadata), Properties: rule.GetMapValue("properties")})
			}
		}
	}
	if len(out) > 0 && !grouped { // rules of a group that exists already
		out = append(out, azure.Resource{Metadata: out[0].Metadata, Type: azure.NewValue(securityGroup, out[0].Metadata)})
	}
	return out
}

// nested counts the templates that are deployed by a template, which the library does
// not examine.
func nested(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		if kind, _ := v["type"].(string); strings.EqualFold(kind, "Microsoft.Resources/deployments") {
			n++
		}
		for _, value := range v {
			n += nested(value)
		}
	case []any:
		for _, value := range v {
			n += nested(value)
		}
	}
	return n
}

func readPlan(ctx context.Context, _ string, text []byte, a *result) (*state.State, error) {
	plan, err := planparser.New().Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for _, c := range plan.ResourceChanges {
		changed[c.Address] = true
	}
	a.omit(unlistedChange, unchanged(plan.PlannedValues.RootModule, changed))
	files, err := plan.ToFS()
	if err != nil {
		return nil, err
	}
	p := parser.New(files, "", parser.OptionWithDownloads(false), parser.OptionWithWorkingDirectoryPath("."), parser.OptionStopOnHCLError(true))
	if err := p.ParseFS(ctx, "."); err != nil {
		return nil, err
	}
	modules, err := p.EvaluateAll(ctx)
	if err != nil {
		return nil, err
	}
	resources := adapter.Adapt(modules)
	a.unknown = newEvaluation(variant{}, modules).unknown
	return resources, nil
}

// unchanged counts the planned resources that the library leaves out, because the plan
// lists no change of them.
func unchanged(m planparser.Module, changed map[string]bool) (n int) {
	for _, r := range m.Resources {
		if !changed[r.Address] {
			n++
		}
	}
	for _, child := range m.ChildModules {
		n += unchanged(child, changed)
	}
	return n
}
