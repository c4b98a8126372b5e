package junit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tally is a result in numbers, and the names of what is not a plain pass.
type tally struct {
	passed, skipped int
	failed, flaky   []string
	covering        []string // names of passes that prove something
	gaps            []string
}

func sum(r *Results) tally {
	t := tally{gaps: r.Gaps}
	for _, test := range r.Tests {
		switch test.Verdict {
		case Passed:
			t.passed++
			if test.Stable {
				t.covering = append(t.covering, test.Name)
			}
		case Skipped:
			t.skipped++
		case Flaky:
			t.flaky = append(t.flaky, test.Name)
		case Failed:
			t.failed = append(t.failed, test.Name)
		}
	}
	return t
}

// TestReporters compares what is read with what each reporter's own summary said
// when it wrote a report of this shape.
func TestReporters(t *testing.T) {
	for name, want := range map[string]tally{
		// Node 20: pass 4, fail 3, skipped 1, todo 1. One failure has no testcase.
		"node": {passed: 4, skipped: 2, failed: []string{"rounds", "an order has a sum", "the report (1 failure outside its tests)"},
			covering: []string{"is never negative", "adds", "subtest", "SHOP-1 an order keeps its price"}},
		// jest-junit 16: 2 passed, 1 failed, 1 skipped.
		"jest": {passed: 2, skipped: 1, failed: []string{"votes refuses a third"},
			covering: []string{"votes counts a second vote (W2E-3)", "votes are shown & sorted"}},
		// Vitest 4: 2 passed, 1 expected fail, 2 skipped, 2 failed.
		"vitest": {passed: 3, skipped: 2, failed: []string{"hook", "src/broken.test.ts"},
			covering: []string{"basket > adds", "basket > was retried", "basket > fails as expected"}},
		// Mocha 11, reporter xunit: 1 passing, 1 pending, 2 failing.
		"mocha": {passed: 1, skipped: 1, failed: []string{"has a sum", `"before all" hook for "never"`}, covering: []string{"adds"}},
		// pytest 9: 2 passed, 1 error, 1 xfailed.
		"pytest": {passed: 2, skipped: 1, failed: []string{"test_database"}, covering: []string{"test_W2E-9_order[one-two]", "tests.test_imports"}},
		// pytest-rerunfailures 16: 1 passed, 2 failed, 1 error, 3 rerun. The reruns are
		// passes in the report, and must not prove anything.
		"pytest-rerun": {passed: 4, failed: []string{"test_tax", "test_database", "test_database"}, covering: []string{"test_price"}},
		// gotestsum 1.13: 8 tests, 1 skipped, 4 failures, 1 error, that of the build.
		"gotestsum": {passed: 2, skipped: 1, flaky: []string{"TestOrder/sum", "TestOrder"}, failed: []string{"TestClock", "TestMain", "the report (1 failure outside its tests)"},
			covering: []string{"TestPrice", "TestStock"}},
		// Surefire 3.5 with rerunFailingTestsCount.
		"surefire": {passed: 2, skipped: 1, flaky: []string{"sometimes"}, failed: []string{"never", "com.acme.VotesTest$Closing"},
			covering: []string{"W2E-3(int)[1]", "W2E-3(int)[2]"}},
		// Playwright with includeRetries.
		"playwright": {skipped: 1, flaky: []string{"checkout › pays by card"}, failed: []string{"checkout › pays by card", "checkout › shows the sum"}},
		// GoogleTest 1.12: 1 passed, 2 failed, 2 skipped, 1 disabled.
		"googletest": {passed: 1, skipped: 3, failed: []string{"Closes", "unnamed test"}, covering: []string{"Counts"}},
		// CTest 3.25: 1 passed, 2 failed, 1 skipped, 1 disabled.
		"ctest": {passed: 1, skipped: 2, failed: []string{"sum", "slow"}, covering: []string{"price"}},
		// Catch2 and doctest declare assertions as tests.
		"catch2":  {passed: 2, failed: []string{"sum"}, covering: []string{"price", "basket/adds"}},
		"doctest": {passed: 2, covering: []string{"price", "sum"}},
		// The sample app's own writer.
		"../../../testdata/where2eat/internal/junit/testdata/report": {passed: 2, skipped: 1, failed: []string{"TestB/sub", "TestB", "(package)", "(package)"},
			covering: []string{"TestA/W2E-3_a_second_vote", "TestA"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ReadFile("testdata/" + name + ".xml")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, sum(r), cmp.AllowUnexported(tally{})); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}
