package scorecard

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// file writes a JUnit file and returns its name.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	pass = `<testcase classname="c" name="t"/>`
	fail = `<testcase classname="c" name="t"><failure message="no"/></testcase>`
)

func suite(name, in string) string { return `<testsuite name="` + name + `">` + in + `</testsuite>` }

// TestReadTests proves GP-SCORE-4: the files of a candidate are one sum, and two
// files never hold the same test.
func TestReadTests(t *testing.T) {
	for name, test := range map[string]struct {
		files []string // contents
		want  Tests
	}{
		"none": {nil, Tests{}},
		"all verdicts": {[]string{suite("s", pass+`<testcase name="b"><failure/></testcase><testcase name="f"><flakyFailure/></testcase><testcase name="k"><skipped/></testcase>`)},
			Tests{Files: 1, Passed: 1, Failed: 1, Skipped: 1, Flaky: []string{"f"}, Broken: []string{"b"}, covering: []string{"t"}}},
		"a matrix: one name in two files":  {[]string{suite("s", fail), suite("s", pass)}, Tests{Files: 2, Passed: 1, Failed: 1, Broken: []string{"t"}, covering: []string{"t"}}},
		"a pass and a failure of one name": {[]string{suite("s", pass+fail)}, Tests{Files: 1, Passed: 1, Failed: 1, Broken: []string{"t"}}},
		"an incomplete report": {[]string{`<testsuite name="s" tests="3">` + pass + `</testsuite>`},
			Tests{Files: 1, Passed: 1, covering: []string{"t"}, Incomplete: []string{"suite s declares 3 tests, and the report contains 1"}}},
	} {
		var files []string
		for _, content := range test.files {
			files = append(files, file(t, "r.xml", content))
		}
		got, err := readTests(files, nil)
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(Tests{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := readTests([]string{file(t, "r.xml", "")}, nil); report.ExitCode(nil, err) != report.ExitUsage {
		t.Errorf("error %v", err)
	}
}

// TestGradeTests proves GP-SCORE-4 and GP-PATH-6: what is not known, or not
// complete, never passes.
func TestGradeTests(t *testing.T) {
	for name, test := range map[string]struct {
		t      Tests
		state  report.State
		result string
		note   string
	}{
		"no file":              {Tests{}, report.Missing, "no JUnit file: name one with junit: in checks or battery", ""},
		"no file is matched":   {Tests{Unmatched: []string{"r/*.xml"}}, report.Missing, "no JUnit file", "no file matches r/*.xml"},
		"no test":              {Tests{Files: 2}, report.Failed, "no test ran (2 files)", ""},
		"all are skipped":      {Tests{Files: 1, Skipped: 3}, report.Failed, "no test ran (1 file)", ""},
		"all pass":             {Tests{Files: 1, Passed: 3, Skipped: 1}, report.OK, "3 passed, 0 failed, 0 flaky, 1 skipped", ""},
		"one pattern matched":  {Tests{Files: 1, Passed: 3, Unmatched: []string{"e2e/*.xml"}}, report.Missing, "3 passed, 0 failed, 0 flaky", "no file matches e2e/*.xml"},
		"incomplete":           {Tests{Files: 1, Passed: 3, Incomplete: []string{"suite s declares 5 tests"}}, report.Failed, "3 passed, 0 failed, 0 flaky", "suite s declares 5 tests: run the tests again, or fix the reporter"},
		"flaky":                {Tests{Files: 1, Passed: 3, Flaky: []string{"a", "b"}}, report.Warned, "3 passed, 0 failed, 2 flaky", "flaky: a and b"},
		"only flaky ones":      {Tests{Files: 1, Flaky: []string{"a"}}, report.Warned, "0 passed, 0 failed, 1 flaky", "flaky: a"},
		"flaky, and unmatched": {Tests{Files: 1, Flaky: []string{"a"}, Unmatched: []string{"x", "y"}}, report.Missing, "0 passed, 0 failed, 1 flaky", "flaky: a; no file matches x and y"},
		"a failure":            {Tests{Files: 1, Passed: 9, Failed: 1, Broken: []string{"TestVote"}}, report.Failed, "9 passed, 1 failed, 0 flaky", "TestVote"},
		"more than three":      {Tests{Files: 1, Failed: 4, Broken: []string{"a", "b", "c", "d"}}, report.Failed, "0 passed, 4 failed, 0 flaky", "a, b, and c"},
		"a failure, flaky and incomplete": {Tests{Files: 1, Failed: 1, Broken: []string{"x"}, Flaky: []string{"a"}, Incomplete: []string{"i"}, Unmatched: []string{"u"}},
			report.Failed, "0 passed, 1 failed, 1 flaky", "x; i: run the tests again, or fix the reporter; no file matches u"},
	} {
		want := Dimension{State: test.state, Result: test.result, Note: test.note}
		if diff := cmp.Diff(want, gradeTests(&candidate{tests: test.t}), cmp.AllowUnexported(Dimension{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestLongNames proves that names of any length leave a note that fits a row.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("ä", 4000)
	d := gradeTests(&candidate{tests: Tests{Files: 1, Failed: 3, Broken: []string{"1" + long, "2" + long, "3" + long}}})
	if len(d.Note) > 1000 || !strings.HasPrefix(d.Note, "1ä") || !strings.Contains(d.Note, ", and 3ä") {
		t.Errorf("a note of %d bytes: %.100s", len(d.Note), d.Note)
	}
}
