package scorecard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestCardReport proves the verdict, reason and title of a card, and the outputs that
// a workflow reads.
func TestCardReport(t *testing.T) {
	ok, warned := Dimension{Name: "tests", State: report.OK}, Dimension{Name: "readiness", State: report.Warned}
	for name, test := range map[string]struct {
		dimensions []Dimension
		verdict    report.Verdict
		reason     report.Reason
		title      string
	}{
		"all pass":             {[]Dimension{ok}, report.Pass, report.ReasonReady, "ready for release"},
		"one warns":            {[]Dimension{ok, warned}, report.Warn, report.ReasonReadyWithGaps, "ready for release, with gaps: readiness"},
		"one is missing":       {[]Dimension{ok, {Name: "security", State: report.Missing}}, report.Warn, report.ReasonReadyWithGaps, "ready for release, with gaps: security"},
		"one must not, and is": {[]Dimension{ok, {Name: "security", State: report.Missing, Must: true}}, report.Fail, report.ReasonDimensionFailed, "not ready: security"},
		"one fails":            {[]Dimension{{Name: "tests", State: report.Failed}, warned}, report.Fail, report.ReasonDimensionFailed, "not ready: tests"},
		"several fail, in order": {[]Dimension{{Name: "tests", State: report.Failed}, warned, {Name: "rollback", State: report.Inconclusive, Must: true}},
			report.Fail, report.ReasonDimensionFailed, "not ready: tests, rollback"},
	} {
		c := &Card{Schema: cardSchema, Dimensions: test.dimensions, Tests: Tests{Passed: 7, Failed: 2}}
		r := c.report(Options{App: "shop", Commit: commit, Digest: "sha256:1"})
		if r.Verdict != test.verdict || r.Reason != test.reason || r.Title != test.title {
			t.Errorf("%s: %s %s: %s", name, r.Verdict, r.Reason, r.Title)
		}
		if r.Name != "scorecard" || r.Subject != "shop" || r.Commit != commit || r.Digest != "sha256:1" || r.Output("tests") != "7" || r.Output("failed") != "2" {
			t.Errorf("%s: %+v", name, r)
		}
		var rows []string
		for _, check := range r.Checks {
			rows = append(rows, check.Name)
		}
		var want []string
		for _, d := range test.dimensions {
			want = append(want, d.Name)
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", name, diff)
		}
	}
}

// TestCheckMust proves that all unknown names are reported at once, with the known
// ones, before anything is read.
func TestCheckMust(t *testing.T) {
	_, err := Grade(Options{Dir: "/nowhere", Must: []string{"secuirty", "tests", "Tests"}})
	if report.ExitCode(nil, err) != report.ExitUsage {
		t.Fatalf("error %v", err)
	}
	lines := strings.Split(err.Error(), "\n")
	const names = "; use one of requirements, tests, performance, security, ai-evals, migrations, rollback, readiness"
	if diff := cmp.Diff([]string{`scorecard.must: there is no dimension "secuirty"` + names, `scorecard.must: there is no dimension "Tests"` + names}, lines); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// TestCardFitsTheSchema proves that real cards, of a candidate with every input and of
// one with none, fit the published schema, and that it names every dimension.
func TestCardFitsTheSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/schema/scorecard.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	good := goodCandidate(t)
	good.JUnit = append(good.JUnit, file(t, "e2e.xml", `<testsuite name="s" tests="9">`+fail+pass+`<testcase name="k"><skipped/></testcase></testsuite>`))
	good.Unmatched = []string{"reports/**/*.xml"}
	for name, o := range map[string]Options{"every input": good, "no input": {Dir: t.TempDir(), Migrations: "db", Requirements: "docs", Environment: "production"}} {
		r, err := Grade(o)
		if err != nil {
			t.Fatal(err)
		}
		card, err := jsonschema.UnmarshalJSON(strings.NewReader(string(r.Data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(card); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, d := range dimensions {
		text := `{"schema": "` + cardSchema + `", "dimensions": [{"name": "` + d.name + `", "state": "pass", "result": "r", "must": true}],
			"tests": {"files": 0, "passed": 0, "failed": 0, "skipped": 0, "flaky": [], "broken": [], "incomplete": [], "unmatched": []},
			"requirements": {"defined": [], "touched": [], "covered": [], "unknown": [], "uncovered": []}, "readiness": []}`
		for text, fits := range map[string]bool{text: true, strings.Replace(text, d.name, d.name+"s", 1): false} {
			card, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(card); (err == nil) != fits {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}
