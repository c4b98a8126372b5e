package scorecard

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// goJUnit is what the sample app's own writer of JUnit files leaves.
const goJUnit = "../../testdata/where2eat/internal/junit/testdata/report.xml"

// file writes a JUnit file and returns its name.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadTests proves GP-SCORE-4 for what the common runners write.
func TestReadTests(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want Tests
	}{
		"go": {goJUnit, Tests{
			Files: 1, Passed: 2, Failed: 4, Skipped: 1, Flaky: []string{}, Names: []string{"TestA/W2E-3_a_second_vote", "TestA"},
			Broken: []string{"TestB/sub", "TestB", "(package)", "(package)"},
		}},
		"Jest": {"testdata/jest.xml", Tests{
			Files: 1, Passed: 2, Failed: 1, Skipped: 1, Flaky: []string{}, Names: []string{"votes counts a second vote (W2E-3)", "votes are shown & sorted"},
			Broken: []string{"votes refuses a third"},
		}},
		"pytest": {"testdata/pytest.xml", Tests{
			Files: 1, Passed: 2, Failed: 1, Skipped: 1, Flaky: []string{}, Names: []string{"test_W2E-9_order[one-two]", "tests.test_imports"}, Broken: []string{"test_database"},
		}},
		"GP-PATH-6 Surefire": {"testdata/surefire.xml", Tests{
			Files: 1, Passed: 1, Failed: 1, Flaky: []string{"sometimes"}, Names: []string{"always"}, Broken: []string{"never"},
		}},
		"GoogleTest": {"testdata/googletest.xml", Tests{Files: 1, Passed: 1, Skipped: 1, Flaky: []string{}, Names: []string{"Counts"}, Broken: []string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readTests([]string{test.file})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("tests (-want +got):\n%s", diff)
			}
		})
	}
}

const (
	pass = `<testcase classname="c" name="t"/>`
	fail = `<testcase classname="c" name="t"><failure message="no"/></testcase>`
)

func suite(name, in string) string { return `<testsuite name="` + name + `">` + in + `</testsuite>` }

// TestFlaky proves GP-PATH-6: run again, a test is flaky; a test of the same name
// elsewhere is another test, and its failure counts.
func TestFlaky(t *testing.T) {
	for name, test := range map[string]struct {
		files                 []string // contents; "/" before it: in a folder of its own
		passed, failed, flaky int
	}{
		"twice in a suite":           {[]string{suite("s", fail+pass)}, 0, 0, 1},
		"in two suites of a name":    {[]string{suite("s", fail) + suite("s", pass)}, 0, 0, 1},
		"in two files of a run":      {[]string{suite("s", fail), suite("s", pass)}, 0, 0, 1},
		"in files of two runs":       {[]string{suite("s", fail), "/" + suite("s", pass)}, 1, 1, 0},
		"in two suites":              {[]string{suite("s", fail) + suite("z", pass)}, 1, 1, 0},
		"in suites within suites":    {[]string{suite("a", suite("s", fail)) + suite("b", suite("s", pass))}, 1, 1, 0},
		"in a suite within a suite":  {[]string{suite("", suite("s", suite("deep", `<testcase name="t"><flakyError/></testcase>`)))}, 0, 0, 1},
		"passed twice":               {[]string{suite("s", pass+pass)}, 1, 0, 0},
		"failed twice":               {[]string{suite("s", fail+fail)}, 0, 1, 0},
		"marked, and failed for all": {[]string{suite("s", `<testcase name="t"><flakyFailure/><failure/></testcase>`)}, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var files []string
			for i, f := range test.files {
				sub := "run"
				if rest, ok := strings.CutPrefix(f, "/"); ok {
					sub, f = "another", rest
				}
				path := filepath.Join(dir, sub, string(rune('a'+i))+".xml")
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("<testsuites>"+f+"</testsuites>"), 0o644)); err != nil {
					t.Fatal(err)
				}
				files = append(files, path)
			}
			got, err := readTests(files)
			if err != nil || got.Passed != test.passed || got.Failed != test.failed || len(got.Flaky) != test.flaky {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestBadJUnit proves that what is no report is a mistake that names its file, and
// is never no tests.
func TestBadJUnit(t *testing.T) {
	for name, test := range map[string]struct{ content, says string }{
		"empty":            {"", "it has no test suite"},
		"only a comment":   {"<!-- nothing -->", "it has no test suite"},
		"a page":           {"<html><body/></html>", "it begins with <html>"},
		"not XML":          {"ok  \tshop\t0.1s\n", "it has no test suite"},
		"cut off":          {"<testsuites><testsuite name='s'><testcase name='t'/>", "unexpected EOF"},
		"crossed":          {"<testsuites><testsuite></testsuites>", "syntax error"},
		"another encoding": {`<?xml version="1.0" encoding="UTF-16"?><testsuites/>`, "encoding"},
		"an entity":        {`<!DOCTYPE x [<!ENTITY a "aaaa">]><testsuites><testsuite name="&a;"/></testsuites>`, "entity"},
		"a deep nest":      {strings.Repeat("<testsuite>", 1000) + strings.Repeat("</testsuite>", 1000), "more than 32 elements"},
		"control":          {"<testsuites><testsuite name='\x01'/></testsuites>", "illegal character"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "TEST-shop.xml", test.content)
			_, err := readTests([]string{path})
			if report.ExitCode(nil, err) != report.ExitUsage || !strings.HasPrefix(err.Error(), "TEST-shop.xml is no JUnit XML: ") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %q", err, test.says)
			}
		})
	}
	large := file(t, "large.xml", "")
	if err := os.Truncate(large, maxJUnit+1); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe.xml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{large, pipe, t.TempDir()} {
		if _, err := readTests([]string{path}); report.ExitCode(nil, err) != report.ExitUsage {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if _, err := readTests([]string{filepath.Join(t.TempDir(), "gone.xml")}); err == nil || report.ExitCode(nil, err) != report.ExitFailure {
		t.Errorf("error %v", err)
	}
}

func FuzzReadJUnit(f *testing.F) {
	for _, name := range []string{goJUnit, "testdata/jest.xml", "testdata/pytest.xml", "testdata/surefire.xml"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "f.xml")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Skip()
		}
		got, err := readTests([]string{path})
		if err == nil && got.Failed != len(got.Broken) {
			t.Errorf("%+v", got)
		}
	})
}

func TestGradeTests(t *testing.T) {
	for name, test := range map[string]struct {
		t     Tests
		state report.State
		says  string
	}{
		"GP-SCORE-2 no file is missing":        {Tests{}, report.Missing, "no JUnit file"},
		"GP-SCORE-4 zero tests fail":           {Tests{Files: 2}, report.Failed, "no test ran (2 files)"},
		"GP-SCORE-4 all skipped is none":       {Tests{Files: 1, Skipped: 3}, report.Failed, "no test ran"},
		"all pass":                             {Tests{Files: 1, Passed: 3, Skipped: 1}, report.OK, "3 passed, 0 failed, 0 flaky, 1 skipped"},
		"GP-PATH-6 flaky warns":                {Tests{Files: 1, Passed: 3, Flaky: []string{"a", "b"}}, report.Warned, "flaky: a and b"},
		"only flaky ones":                      {Tests{Files: 1, Flaky: []string{"a"}}, report.Warned, "flaky: a"},
		"failures are named":                   {Tests{Files: 1, Passed: 9, Failed: 1, Broken: []string{"TestVote"}}, report.Failed, "TestVote"},
		"no more than three of them":           {Tests{Files: 1, Failed: 4, Broken: []string{"a", "b", "c", "d"}}, report.Failed, "a, b, and c"},
		"a failure counts more than flakiness": {Tests{Files: 1, Failed: 1, Broken: []string{"x"}, Flaky: []string{"a"}}, report.Failed, "x"},
	} {
		d := test.t.grade()
		if d.State != test.state || !strings.Contains(d.Result+" | "+d.Note, test.says) {
			t.Errorf("%s: %+v, want %s and %q", name, d, test.state, test.says)
		}
	}
}
