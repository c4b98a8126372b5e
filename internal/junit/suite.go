package junit

import (
	"fmt"

	"github.com/dustin/go-humanize/english"
)

// A suite is a testsuite or testsuites element.
type suite struct {
	name     string
	parent   *suite
	children int // testcases and suites directly inside
	// Numbers that the element declares, and numbers that were read in it and in
	// nested suites.
	declared, read counts
	summary        int  // failures in Node's summary; 0: there are none, or no summary
	first          int  // index of its first test in the results
	assertions     bool // its declared tests are assertions
	failures       int  // failure elements that belong to no testcase
	keys           []string
	records        map[string][]*record
}

// counts are numbers of tests. tests and failures include earlier runs of retried
// tests.
type counts struct{ tests, failures, skipped int }

func newSuite(a attributes, parent *suite, first int) *suite {
	return &suite{
		name: a.get("name"), parent: parent, first: first, records: map[string][]*record{},
		declared: counts{a.count("tests"), a.count("failures") + a.count("errors"), a.count("skipped") + a.count("disabled") + a.count("ignored")},
		// doctest and Catch2 declare assertions. A constant for the host is the only
		// attribute that identifies Catch2.
		assertions: a.get("doctest_version") != "" || a.get("hostname") == "tbd",
	}
}

// child adds a child element that is outside all testcase elements.
func (s *suite) child(name string) {
	if name == "failure" || name == "error" {
		s.failures++
	}
}

// add adds a complete record.
func (s *suite) add(r *record) {
	key := r.key
	if key == "" {
		key = fmt.Sprintf("unnamed %d", len(s.keys))
	}
	if s.records[key] == nil {
		s.keys = append(s.keys, key)
	}
	s.records[key] = append(s.records[key], r)
	s.read.tests += 1 + r.retries
	s.read.failures += r.failures + r.retries
	if r.failures == 0 && r.verdict == Failed { // by an attribute
		s.read.failures++
	}
	if r.result() == Skipped {
		s.read.skipped++
	}
}

// close adds the tests of the suite to the results, and its numbers to its parent.
func (s *suite) close(to *Results) {
	for _, key := range s.keys {
		to.Tests = append(to.Tests, judge(s.records[key])...)
	}
	s.read.failures += s.failures
	missing := max(s.declared.failures-s.read.failures, s.summary-failed(to.Tests[s.first:])-s.failures, 0)
	if n := s.failures + missing; n > 0 {
		to.Tests = append(to.Tests, Test{Name: fmt.Sprintf("%s (%s outside its tests)", s.title(), english.Plural(n, "failure", "")), Verdict: Failed})
	}
	s.read.failures += missing
	s.gap(to)
	if s.parent != nil {
		s.parent.read.tests += s.read.tests
		s.parent.read.failures += s.read.failures
		s.parent.read.skipped += s.read.skipped
	}
}

// gap adds a gap if the declared number of tests differs from the number that was read.
// Node declares the number of direct child elements. Skipped tests may be declared
// without an element.
func (s *suite) gap(to *Results) {
	if s.assertions {
		return
	}
	read := max(s.read.tests, s.children) + max(s.declared.skipped-s.read.skipped, 0)
	if s.declared.tests > read {
		to.Gaps = append(to.Gaps, fmt.Sprintf("%s declares %s, and the report contains %d", s.title(), english.Plural(s.declared.tests, "test", ""), s.read.tests))
	}
	s.read.tests = max(s.read.tests, s.declared.tests) // the parent may declare the same tests
	s.read.skipped = max(s.read.skipped, s.declared.skipped)
}

// failed counts the tests that failed.
func failed(tests []Test) (n int) {
	for _, t := range tests {
		if t.Verdict == Failed {
			n++
		}
	}
	return n
}

func (s *suite) title() string {
	switch {
	case s.name != "":
		return "suite " + s.name
	case s.parent == nil:
		return "the report"
	default:
		return "a suite without a name"
	}
}

// judge turns the records with the same name into tests. If the last record passed and
// all others failed, they are one flaky test. Otherwise every record is a test of its
// own.
func judge(records []*record) []Test {
	last := records[len(records)-1]
	failed, stable := 0, true
	for _, r := range records {
		if r.result() == Failed {
			failed++
		}
		stable = stable && (r.result() == Passed || r.result() == Skipped)
	}
	if v := last.result(); failed > 0 && failed == len(records)-1 && (v == Passed || v == Flaky) {
		return []Test{{Name: last.name, Verdict: Flaky}}
	}
	tests := make([]Test, 0, len(records))
	for _, r := range records {
		tests = append(tests, Test{Name: r.name, Verdict: r.result(), Stable: stable})
	}
	return tests
}
