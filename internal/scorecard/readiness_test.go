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
	// NEWCOMER 11: what was never asked for is not a warning.
	if d := gradeReadiness(&candidate{checklist: checklist(r, o)}); d.State != report.NotApplicable || !strings.HasPrefix(d.Result, "6 of 13 ") {
		t.Errorf("%+v", d)
	}
	o.Must = []string{"readiness"}
	d := gradeReadiness(&candidate{Options: o, checklist: checklist(r, o)})
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

// TestCriteria proves for single items which files do not meet them.
func TestCriteria(t *testing.T) {
	o := Options{Requirements: "docs/requirements", Flags: "flags", Prompts: "llm"}
	for name, test := range map[string]struct {
		files map[string]string
		item  string
		proof string // of an item that is found; "": it is not
	}{
		"a template that was filled in":       {map[string]string{"docs/product/thesis.md": "# Thesis\n"}, "product thesis", "docs/product/thesis.md"},
		"a template of init, as it was":       {map[string]string{"docs/product/thesis.md": unfilled + " fill it in -->\n# Thesis\n"}, "product thesis", ""},
		"a prompt with its model":             {map[string]string{"llm/a.md": "model: x 5\n"}, "saved prompts with the model's version", "llm/a.md"},
		"a prompt without":                    {map[string]string{"llm/a.md": "Write a shop.\n"}, "saved prompts with the model's version", ""},
		"the README of the prompts":           {map[string]string{"llm/README.md": "model: name it here\n"}, "saved prompts with the model's version", ""},
		"a prompt in a folder below":          {map[string]string{"llm/old/a.md": "model: x 5\n"}, "saved prompts with the model's version", ""},
		"requirements with an id":             {map[string]string{"docs/requirements/a.md": "- SHOP-1 pays\n"}, "requirements with ids", "docs/requirements/a.md"},
		"requirements without":                {map[string]string{"docs/requirements/a.md": "It pays.\n"}, "requirements with ids", ""},
		"the second name of a file":           {map[string]string{"docs/CODEOWNERS": "* @ann\n"}, "code owners", "docs/CODEOWNERS"},
		"a file of another case":              {map[string]string{"dockerfile": "FROM scratch\n"}, "Dockerfile", ""},
		"a folder of that name":               {map[string]string{"Dockerfile/x": ""}, "Dockerfile", ""},
		"a file that is too large":            {map[string]string{"Dockerfile": strings.Repeat("#", maxFile+1)}, "Dockerfile", ""},
		"an empty file":                       {map[string]string{"Dockerfile": ""}, "Dockerfile", "Dockerfile"},
		"the first file by name is the proof": {map[string]string{"docs/runbooks/b.md": "b", "docs/runbooks/a.md": "a"}, "runbooks", "docs/runbooks/a.md"},
	} {
		for _, i := range checklist(root(t, test.files), o) {
			if i.Name == test.item && (i.Found != (test.proof != "") || i.Found && i.Proof != test.proof) {
				t.Errorf("%s: %+v", name, i)
			}
		}
	}
}
