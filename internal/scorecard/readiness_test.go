package scorecard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestReadiness proves GP-SCORE-10: an item names the file that meets it, or what was
// searched for.
func TestReadiness(t *testing.T) {
	o := Options{Requirements: "docs/requirements", Flags: "flags/", Prompts: "./llm/prompts"}
	r := root(t, map[string]string{
		"llm/prompts/a.md": "# a prompt\n", "llm/prompts/b.md": "**Model:** x 5\n", "README.md": "# Shop\n## How this repository was generated\n",
		"package-lock.json": "{}", ".github/CODEOWNERS": "* @ann", "docs/requirements/x.md": "nothing yet", "flags/new.json": "{}", "charts/shop/Chart.yaml": "name: shop",
	})
	there := map[string]string{}
	lacks := 0
	for _, i := range checklist(r, o) {
		if i.Found {
			there[i.Name] = i.Proof
		} else if lacks++; !strings.HasPrefix(i.Proof, "searched for ") {
			t.Errorf("%+v", i)
		}
	}
	want := map[string]string{
		"saved prompts with the model's version": "llm/prompts/b.md", "README says how the repository was generated": "README.md", "lock file": "package-lock.json",
		"code owners": ".github/CODEOWNERS", "feature flags": "flags/new.json", "infrastructure as code": "charts/shop/Chart.yaml",
	}
	if diff := cmp.Diff(want, there); diff != "" || lacks != 7 {
		t.Errorf("there, %d lacking (-want +got):\n%s", lacks, diff)
	}
	d := gradeReadiness(&candidate{checklist: checklist(r, o)})
	if d.State != report.Warned || d.Result != "6 of 13" || !strings.HasSuffix(d.Note, ", and 4 more") {
		t.Errorf("%+v", d)
	}
	if d := gradeReadiness(&candidate{checklist: []Item{{Found: true}}}); d.State != report.OK {
		t.Errorf("%+v", d)
	}
	for _, i := range checklist(r, Options{}) { // nothing configured
		if i.Found && strings.HasPrefix(i.Proof, "/") || strings.Contains(i.Proof, "searched for /") {
			t.Errorf("%+v", i)
		}
	}
}
