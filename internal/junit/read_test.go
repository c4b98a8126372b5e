package junit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readText reads a report that is given as text.
func readText(t *testing.T, text string) tally {
	t.Helper()
	r, line, err := read(strings.NewReader(text), maxTests)
	if err != nil {
		t.Fatalf("line %d: %v\n%s", line, err, text)
	}
	return sum(r)
}

// numbers are passed, failed, flaky, skipped.
func (t tally) numbers() [4]int {
	return [4]int{t.passed, len(t.failed), len(t.flaky), t.skipped}
}

const (
	pass = `<testcase classname="c" name="t"/>`
	fail = `<testcase classname="c" name="t"><failure message="no"/></testcase>`
	skip = `<testcase classname="c" name="t"><skipped/></testcase>`
)

func suiteOf(name, in string) string { return `<testsuite name="` + name + `">` + in + `</testsuite>` }

// TestVerdict proves that the worst verdict within one testcase is its verdict.
func TestVerdict(t *testing.T) {
	const passed, failed, flaky, skipped = 0, 1, 2, 3
	for text, want := range map[string]int{
		``:                                      passed,
		`><system-out>x</system-out`:            passed,
		` status="run" result="completed"`:      passed,
		` status="passed"`:                      passed,
		` status="whatever"`:                    passed,
		` skipped="false" disabled="0"`:         passed,
		`><failure/`:                            failed,
		`><error/`:                              failed,
		`><failure message="m">x</failure`:      failed,
		`><failure/><skipped/`:                  failed,
		`><skipped/><failure/`:                  failed,
		`><flakyFailure/><failure/`:             failed,
		`><failure/><rerunFailure/`:             failed,
		` status="fail"`:                        failed,
		` status="FAILED"`:                      failed,
		` result="error"`:                       failed,
		` status="notrun" result="failed"`:      failed,
		` failure="1 == 2"`:                     failed,
		` status="notrun"><failure/`:            failed,
		`><result><failure/></result`:           failed,
		`><flakyFailure/`:                       flaky,
		`><flakyError/`:                         flaky,
		`><rerunFailure/`:                       flaky,
		`><skipped/><flakyFailure/`:             flaky,
		`><skipped/`:                            skipped,
		`><ignored/`:                            skipped,
		`><skipped type="pytest.xfail"/`:        skipped,
		`><skipped type="todo"/><failure/`:      skipped, // Node: it may fail
		` status="run" result="skipped"`:        skipped,
		` status="notrun"`:                      skipped,
		` status="notrun" result="suppressed"`:  skipped,
		` status="disabled"`:                    skipped,
		` status="Skipped"`:                     skipped,
		` status="pending"`:                     skipped,
		` skipped="true"`:                       skipped,
		` disabled="1"`:                         skipped,
		`><system-out><failure/></system-out`:   passed, // output that is not escaped
		`><properties><failure/></properties`:   passed,
		`><skipped><failure/></skipped`:         skipped,
		`><flakyFailure><error/></flakyFailure`: flaky,
	} {
		numbers := [4]int{}
		numbers[want] = 1
		end := "/>"
		if strings.Contains(text, ">") {
			end = "></testcase>"
		}
		doc := suiteOf("s", `<testcase classname="c" name="t"`+text+end)
		if got := readText(t, doc).numbers(); got != numbers {
			t.Errorf("%s: %v, want %v", doc, got, numbers)
		}
	}
}

// TestRetry proves GP-PATH-6: only what a tool marks, or failures and after them a
// pass that is the last record of one suite element, is a test that was run again.
func TestRetry(t *testing.T) {
	for name, test := range map[string]struct {
		doc  string
		want [4]int // passed, failed, flaky, skipped
	}{
		"failed, then passed":                      {suiteOf("s", fail+pass), [4]int{0, 0, 1, 0}},
		"failed twice, then passed":                {suiteOf("s", fail+fail+pass), [4]int{0, 0, 1, 0}},
		"with another test in between":             {suiteOf("s", fail+`<testcase name="u"/>`+pass), [4]int{1, 0, 1, 0}},
		"failed, then passed by the tool's mark":   {suiteOf("s", fail+`<testcase classname="c" name="t"><flakyFailure/></testcase>`), [4]int{0, 0, 1, 0}},
		"passed, then failed":                      {suiteOf("s", pass+fail), [4]int{1, 1, 0, 0}},
		"passed twice, then failed":                {suiteOf("s", pass+pass+fail), [4]int{2, 1, 0, 0}},
		"failed, then passed twice":                {suiteOf("s", fail+pass+pass), [4]int{2, 1, 0, 0}},
		"failed, passed, failed":                   {suiteOf("s", fail+pass+fail), [4]int{1, 2, 0, 0}},
		"failed, then skipped":                     {suiteOf("s", fail+skip), [4]int{0, 1, 0, 1}},
		"skipped, then passed":                     {suiteOf("s", skip+pass), [4]int{1, 0, 0, 1}},
		"passed twice":                             {suiteOf("s", pass+pass), [4]int{2, 0, 0, 0}},
		"failed twice":                             {suiteOf("s", fail+fail), [4]int{0, 2, 0, 0}},
		"two suites of a name":                     {suiteOf("s", fail) + suiteOf("s", pass), [4]int{1, 1, 0, 0}},
		"two suites":                               {suiteOf("s", fail) + suiteOf("z", pass), [4]int{1, 1, 0, 0}},
		"suites within suites":                     {suiteOf("a", suiteOf("s", fail)) + suiteOf("b", suiteOf("s", pass)), [4]int{1, 1, 0, 0}},
		"a suite and the suite around it":          {suiteOf("s", fail+suiteOf("s", pass)), [4]int{1, 1, 0, 0}},
		"below the root":                           {fail + pass, [4]int{0, 0, 1, 0}},
		"of two classes":                           {suiteOf("s", fail+`<testcase classname="d" name="t"/>`), [4]int{1, 1, 0, 0}},
		"of two files":                             {suiteOf("s", `<testcase name="t" file="a"><failure/></testcase><testcase name="t" file="b"/>`), [4]int{1, 1, 0, 0}},
		"of two lines":                             {suiteOf("s", `<testcase name="t" line="1"><failure/></testcase><testcase name="t" line="2"/>`), [4]int{1, 1, 0, 0}},
		"without names":                            {suiteOf("", `<testcase><failure/></testcase><testcase/><testcase><error/></testcase><testcase><skipped/></testcase>`), [4]int{1, 2, 0, 1}},
		"without names, of one class":              {suiteOf("", `<testcase classname="c"><failure/></testcase><testcase classname="c"/>`), [4]int{1, 1, 0, 0}},
		"names that differ after 5,000 bytes":      {suiteOf("s", `<testcase name="`+strings.Repeat("n", 5000)+`a"><failure/></testcase><testcase name="`+strings.Repeat("n", 5000)+`b"/>`), [4]int{1, 1, 0, 0}},
		"names of 5,000 bytes":                     {suiteOf("s", `<testcase name="`+strings.Repeat("n", 5000)+`"><failure/></testcase><testcase name="`+strings.Repeat("n", 5000)+`"/>`), [4]int{0, 0, 1, 0}},
		"names of bytes that are shown as one":     {suiteOf("s", "<testcase name='\xe4'><failure/></testcase><testcase name='\xf6'/>"), [4]int{1, 1, 0, 0}},
		"marked in a suite within a suite":         {suiteOf("", suiteOf("s", `<testcase name="t"><flakyError/></testcase>`)), [4]int{0, 0, 1, 0}},
		"marked, beside a pass":                    {suiteOf("s", `<testcase name="t"><flakyFailure/></testcase>`+pass), [4]int{1, 0, 1, 0}},
		"a testcase within a testcase":             {suiteOf("s", `<testcase name="t">`+`<testcase name="u"><failure/></testcase></testcase>`), [4]int{1, 1, 0, 0}},
		"a suite within a testcase":                {suiteOf("s", `<testcase name="t">`+suiteOf("z", fail)+`<skipped/></testcase>`), [4]int{0, 1, 0, 1}},
		"elements of a name space":                 {`<j:testsuite xmlns:j="urn:j"><j:testcase name="t"><j:failure/></j:testcase></j:testsuite>`, [4]int{0, 1, 0, 0}},
		"an element around the tests":              {suiteOf("s", `<tests>`+fail+`</tests>`), [4]int{0, 1, 0, 0}},
		"Node's summary contradicts a retry of it": {fail + pass + `<!-- fail 1 -->`, [4]int{0, 1, 1, 0}},
	} {
		if got := readText(t, "<testsuites>"+test.doc+"</testsuites>").numbers(); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestDeclared proves that failures and tests that a suite declares, and that have
// no testcase, are not lost.
func TestDeclared(t *testing.T) {
	const lost = "suite s (1 failure outside its tests)"
	for name, test := range map[string]struct {
		doc    string
		failed []string
		gaps   []string
	}{
		"all there":                        {`<testsuites tests="2" failures="1"><testsuite name="s" tests="2" failures="1">` + pass + fail + `</testsuite></testsuites>`, []string{"t"}, nil},
		"an error without a testcase":      {`<testsuites><testsuite name="s" tests="0" errors="1"/><testsuite>` + pass + `</testsuite></testsuites>`, []string{lost}, nil},
		"a failure without a testcase":     {`<testsuites><testsuite name="s" failures="1">` + pass + `</testsuite></testsuites>`, []string{lost}, nil},
		"two of three failures":            {`<testsuite name="s" errors="2" failures="1">` + fail + `</testsuite>`, []string{"t", "suite s (2 failures outside its tests)"}, nil},
		"declared by two levels":           {`<testsuites name="all" errors="1"><testsuite name="s" errors="1"/></testsuites>`, []string{lost}, nil},
		"declared by the root alone":       {`<testsuites name="s" failures="1"><testsuite>` + pass + `</testsuite></testsuites>`, []string{lost}, nil},
		"an error of a suite":              {`<testsuite name="s"><error message="no database"/>` + pass + `</testsuite>`, []string{lost}, nil},
		"an error of a suite, declared":    {`<testsuite name="s" errors="1"><error message="no database"/>` + pass + `</testsuite>`, []string{lost}, nil},
		"a test of several failures":       {`<testsuite name="s" tests="1" failures="2"><testcase name="t"><failure/><failure/></testcase></testsuite>`, []string{"t"}, nil},
		"a failure by its status":          {`<testsuite name="s" failures="1"><testcase name="t" status="fail"/></testsuite>`, []string{"t"}, nil},
		"runs before the last":             {`<testsuite name="s" tests="2" failures="1"><testcase name="t"><flakyFailure/></testcase></testsuite>`, nil, nil},
		"a retry":                          {`<testsuite name="s" tests="2" failures="1">` + fail + pass + `</testsuite>`, nil, nil},
		"a test that may fail":             {`<testsuites><testsuite name="s" failures="1"><testcase name="t"><skipped type="todo"/><failure/></testcase></testsuite></testsuites>`, nil, nil},
		"Node counts suites":               {`<testsuites><testsuite name="s" tests="2" failures="1"><testcase name="u"/><testsuite name="in" tests="2" failures="1">` + fail + `<testcase name="v"/></testsuite></testsuite></testsuites>`, []string{"t"}, nil},
		"Node counts an empty suite":       {`<testsuites><testsuite name="s" tests="2">` + pass + `<testsuite name="in"/></testsuite></testsuites>`, nil, nil},
		"Node's summary":                   {`<testsuites name="s">` + pass + `<!-- pass 1 --><!-- fail 1 --><!-- cancelled 0 --></testsuites>`, []string{lost}, nil},
		"a comment elsewhere":              {`<testsuites><testsuite name="s">` + pass + `<!-- fail 1 --></testsuite><!-- fail fast 1 --></testsuites>`, nil, nil},
		"tests without a testcase":         {`<testsuite name="s" tests="5">` + pass + `</testsuite>`, nil, []string{"suite s declares 5 tests, and the report contains 1"}},
		"one test":                         {`<testsuite name="s" tests="1"/>`, nil, []string{"suite s declares 1 test, and the report contains 0"}},
		"by two levels":                    {`<testsuites tests="5"><testsuite name="s" tests="5">` + pass + `</testsuite></testsuites>`, nil, []string{"suite s declares 5 tests, and the report contains 1"}},
		"by the root alone":                {`<testsuites tests="5"><testsuite name="s" tests="1">` + pass + `</testsuite></testsuites>`, nil, []string{"the report declares 5 tests, and the report contains 1"}},
		"by a suite without a name":        {`<testsuites><testsuite tests="2">` + pass + `</testsuite></testsuites>`, nil, []string{"a suite without a name declares 2 tests, and the report contains 1"}},
		"skipped ones are not listed":      {`<testsuites tests="4"><testsuite name="s" tests="4" skipped="1" disabled="2">` + pass + `</testsuite></testsuites>`, nil, nil},
		"only some skipped ones":           {`<testsuite name="s" tests="5" skipped="2">` + pass + skip + `</testsuite>`, nil, []string{"suite s declares 5 tests, and the report contains 2"}},
		"assertions of doctest":            {`<testsuites><testsuite name="s" tests="9" doctest_version="2.4.9">` + pass + `</testsuite></testsuites>`, nil, nil},
		"assertions of Catch2":             {`<testsuites><testsuite name="s" tests="9" hostname="tbd">` + pass + `</testsuite></testsuites>`, nil, nil},
		"assertions of Catch2 that fail":   {`<testsuites><testsuite name="s" tests="9" failures="1" hostname="tbd">` + pass + `</testsuite></testsuites>`, []string{lost}, nil},
		"with thousands separated":         {`<testsuite name="s" tests="1,000">` + pass + `</testsuite>`, nil, []string{"suite s declares 1,000 tests, and the report contains 1"}},
		"more than fits":                   {`<testsuite name="s" tests="99999999999999999999">` + pass + `</testsuite>`, nil, []string{"suite s declares 2,147,483,647 tests, and the report contains 1"}},
		"no numbers":                       {`<testsuite name="s" tests="some" failures="" errors="-1">` + pass + `</testsuite>`, nil, nil},
		"fewer than there are":             {`<testsuite name="s" tests="0" failures="0">` + pass + fail + `</testsuite>`, []string{}, nil},
		"two roots, as files put together": {`<testsuites/>` + "\n" + `<?xml version="1.0"?><testsuites><testsuite name="s" errors="1"/></testsuites>`, []string{lost}, nil},
	} {
		got := readText(t, test.doc)
		if name == "fewer than there are" {
			test.failed, got.failed = nil, nil
		}
		if diff := cmp.Diff(test.failed, got.failed); diff != "" {
			t.Errorf("%s: failed (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(test.gaps, got.gaps); diff != "" {
			t.Errorf("%s: gaps (-want +got):\n%s", name, diff)
		}
	}
}

// TestNames proves what a person reads, and that it is never empty.
func TestNames(t *testing.T) {
	for attrs, want := range map[string]string{
		`name="t" classname="c"`:                   "t",
		`name=" t "`:                               "t",
		`name='say "hi"'`:                          `say "hi"`,
		`name="a &lt; b &amp;&#32;c&#x21;"`:        "a < b & c!",
		`name="&#27;[31mred&#27;[39m"`:             "\uFFFD[31mred\uFFFD[39m",
		"name=\"a\x1bb\"":                          "a\uFFFDb",
		"name=\"a\x00b\uFFFE\"":                    "a\uFFFDb\uFFFD",
		"name=\"a\xffb\"":                          "a\uFFFDb",
		"name=\"two\nlines\"":                      "two lines",
		`name="a&undefined;b"`:                     "a&undefined;b",
		`name="a[b[0]]> 0"`:                        "a[b[0]]> 0",
		`name="a < b"`:                             "a < b",
		`name="" classname="com.acme.T"`:           "com.acme.T",
		`classname="com.acme.T"`:                   "com.acme.T",
		`name="  "`:                                "unnamed test",
		``:                                         "unnamed test",
		`x:name="other" name="t"`:                  "t",
		`name = "t"`:                               "t",
		"\n\tname\n=\n'\tt'\n":                     "t",
		`name="` + strings.Repeat("é", 9000) + `"`: strings.Repeat("é", 512),
	} {
		r, _, err := read(strings.NewReader(suiteOf("s", `<testcase `+attrs+`/>`)), maxTests)
		if err != nil || len(r.Tests) != 1 || r.Tests[0].Name != want {
			t.Errorf("%q: %+v, %v; want %q", attrs, r, err, want)
		}
	}
}
