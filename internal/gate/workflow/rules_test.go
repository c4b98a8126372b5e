package workflow

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

var update = flag.Bool("update", false, "rewrite docs/workflow-rules.md")

// example puts the job of a rule's example into a workflow that is safe otherwise.
func example(r rule, job string) string {
	if r.on == dependabotFile {
		return "version: 2\nupdates:\n  - " + job + "\n"
	}
	if !strings.Contains(job, "runs-on:") && !strings.Contains(job, "uses: example/ci/") {
		job = "{runs-on: ubuntu-latest, " + strings.TrimPrefix(job, "{")
	}
	return "on: " + r.on + "\npermissions: {}\njobs:\n  a: " + job + "\n"
}

func exampleFile(r rule) string {
	if r.on == dependabotFile {
		return ".github/dependabot.yml"
	}
	return ".github/workflows/w.yml"
}

// GP-GATE-13: each rule reports the bad example of the document and accepts the good one.
func TestExamples(t *testing.T) {
	u := newUpstream(t)
	for _, r := range rules() {
		t.Run(r.id, func(t *testing.T) {
			for text, want := range map[string]bool{r.example: true, r.instead: false} {
				res := u.scan(t, gatetest.Write(t, map[string]string{exampleFile(r): example(r, text)}), r.check != nil)
				got := false
				for _, e := range newWorkflow("w.yml", []byte(example(r, text)), &yaml.Node{}).Errors {
					if r.on == dependabotFile {
						break
					}
					if !strings.Contains(e.Message, `unexpected key "cache-mode"`) {
						t.Errorf("%s: %s", text, e.Message)
					}
				}
				for _, f := range res.Findings {
					if f.Rule == r.id {
						got = true
						if !slices.Contains(r.severity, f.Severity) {
							t.Errorf("%s is not among the severities of the rule", f.Severity)
						}
					}
				}
				if got != want {
					t.Errorf("%s: found %v, want %v", text, got, want)
				}
			}
		})
	}
}

func TestRuleNames(t *testing.T) {
	id := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[string]bool{}
	for _, r := range rules() {
		if !id.MatchString(r.id) || seen[r.id] || len(r.severity) == 0 {
			t.Errorf("%s", r.id)
		}
		seen[r.id] = true
		if !slices.IsSortedFunc(r.severity, func(a, b report.Severity) int {
			return slices.Index(report.Severities, a) - slices.Index(report.Severities, b)
		}) {
			t.Errorf("%s: severities %v are not in order", r.id, r.severity)
		}
	}
}

// TestDocument holds docs/workflow-rules.md to the rules.
func TestDocument(t *testing.T) {
	const name = "../../../docs/workflow-rules.md"
	want := document()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is out of date: run go test ./internal/gate/workflow -update\n%s", name, diff)
	}
}
