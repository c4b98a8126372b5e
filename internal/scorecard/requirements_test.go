package scorecard

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestRequirements proves GP-SCORE-3: what is defined, touched, covered, unknown.
func TestRequirements(t *testing.T) {
	r := root(t, map[string]string{
		"reqs/a.md": strings.Join([]string{
			"# Requirements of W2E-90", "## W2E-1: votes", "| id | what |", "|---|---|", "| W2E-2 | counted |", "| **W2E-3** | shown |", "- W2E-4 sorted",
			"* **W2E-5**: exported", "| `W2E-6` | code |", "| [W2E-7](x.md) | linked |", "see W2E-91 for more", "  - W2E-8", "| W2E-9a | no |", "text | W2E-92 |",
		}, "\n"),
		"reqs/b.md":      "- OPS-1 twice\n- OPS-1 twice\n",
		"reqs/c.txt":     "- W2E-93 no Markdown\n",
		"reqs/sub/d.md":  "- W2E-94 not here\n",
		"elsewhere/e.md": "- W2E-95 not here either\n",
	})
	o := Options{Requirements: "./reqs/", Messages: Known([]string{
		"W2E-2 and W2E-1, again W2E-2", "Fix CVE-2026-1 by reading UTF-8, RFC-9110 (W2E-77)", "OPS-1", "OPSX-3 is not defined",
	})}
	got, err := readRequirements(r, o, Tests{covering: []string{"Test/W2E-1_x", "test_OPS-1", "Test/W2E-5", "Test/W2E-78", "Test/W2E-1_y"}})
	if err != nil {
		t.Fatal(err)
	}
	want := Requirements{
		Defined: []string{"OPS-1", "W2E-1", "W2E-2", "W2E-3", "W2E-4", "W2E-5", "W2E-6", "W2E-7", "W2E-8"},
		Touched: []string{"OPS-1", "W2E-1", "W2E-2"}, Covered: []string{"OPS-1", "W2E-1", "W2E-5"}, Unknown: []string{"W2E-77"}, Uncovered: []string{"W2E-2"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Requirements{}, Tests{}, Dimension{})); diff != "" {
		t.Errorf("requirements (-want +got):\n%s", diff)
	}
}

// TestGradeRequirements proves the order of the grades: what is certainly wrong comes
// before what is not known, and that before a hint.
func TestGradeRequirements(t *testing.T) {
	unread := errors.New("the clone is shallow")
	one, none := []string{"SHOP-1"}, []string(nil)
	for name, test := range map[string]struct {
		r      Requirements
		state  report.State
		result string
	}{
		"nothing is defined":           {Requirements{}, report.NotApplicable, "no requirement ids are defined"},
		"nothing, and nothing is read": {Requirements{unread: unread}, report.NotApplicable, "no requirement ids are defined"},
		"an unknown id":                {Requirements{Defined: one, Unknown: []string{"SHOP-7", "SHOP-9"}}, report.Failed, "named in commits, but not defined: SHOP-7, SHOP-9"},
		"an unknown id, read in part":  {Requirements{Defined: one, Unknown: []string{"SHOP-7"}, unread: unread}, report.Failed, "named in commits, but not defined: SHOP-7"},
		"no test":                      {Requirements{Defined: one, Touched: one, Uncovered: one}, report.Failed, "named in commits, but without a passing test: SHOP-1"},
		"no test, read in part":        {Requirements{Defined: one, Touched: one, Uncovered: one, unread: unread}, report.Failed, "named in commits, but without a passing test: SHOP-1"},
		"not read":                     {Requirements{Defined: one, Covered: one, unread: unread}, report.Missing, "cannot read the messages of the commits: the clone is shallow"},
		"right, read in part":          {Requirements{Defined: one, Touched: one, Covered: one, unread: unread}, report.Missing, "cannot read the messages of the commits: the clone is shallow"},
		"none is named":                {Requirements{Defined: one, Touched: none, Covered: one}, report.Warned, "the commits name none of 1 requirements; 1 have a test"},
		"all are covered":              {Requirements{Defined: []string{"SHOP-1", "SHOP-2"}, Touched: one, Covered: one}, report.OK, "1 named in commits, all with a passing test: SHOP-1"},
	} {
		if d := gradeRequirements(&candidate{requirements: test.r}); d.State != test.state || d.Result != test.result {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
