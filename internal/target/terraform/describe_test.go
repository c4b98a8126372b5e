package terraform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// GP-PATH-8: what init asks for is what a configuration declares and goldenpath does not set.
func TestDescribe(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  Description
	}{
		"an app": {map[string]string{
			"main.tf":      "terraform {\n  backend \"gcs\" {}\n}\nvariable \"image\" { type = string }\nvariable \"goldenpath\" { type = map(string) }",
			"variables.tf": "variable \"region\" {}\nvariable \"project\" { type = string }\nvariable \"size\" { default = 1 }\nvariable \"env\" { type = map(string) }",
			"outputs.tf":   "output \"url\" { value = 1 }\noutput \"goldenpath\" { value = var.goldenpath }",
			"README.md":    "variable {{{",
		}, Description{Image: true, URL: true, Recorded: true, Backend: "gcs", Required: []string{"project", "region"}}},
		"settings":    {map[string]string{"main.tf": "terraform {\n  backend \"s3\" { bucket = \"b\" }\n}"}, Description{Backend: "s3", Settings: true}},
		"local state": {map[string]string{"main.tf": "terraform {\n  backend \"local\" {}\n}\nvariable \"image\" {}"}, Description{Image: true}},
	} {
		got, err := Describe("infra", tc.files)
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := Describe("infra", map[string]string{"main.tf": "variable {"}); err == nil || !strings.Contains(err.Error(), "infra/main.tf:1") {
		t.Errorf("a mistake: %v", err)
	}
}
