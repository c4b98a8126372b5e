package junit

import (
	"fmt"
	"regexp"
	"strconv"
)

// A document is the state of reading a report: the open elements, and the results of
// the suites that are closed.
type document struct {
	open    []element
	results Results
	tests   int  // read so far
	limit   int  // of tests
	rooted  bool // it has a root element
}

// An element is an open XML element. suite and test are the innermost suite and test
// that contain it, or the element itself; test may be nil.
type element struct {
	name   string
	suite  *suite
	test   *record
	output bool // its content is text, not structure
}

// output are the elements whose content is text. Elements inside are text that the
// reporter did not escape, and are ignored.
var output = map[string]bool{
	"system-out": true, "system-err": true, "properties": true, "failure": true, "error": true, "skipped": true, "ignored": true,
	"flakyFailure": true, "flakyError": true, "rerunFailure": true, "rerunError": true,
}

// take processes one token.
func (d *document) take(t token) error {
	switch t.kind {
	case comment:
		d.comment(t.text)
	case endTag:
		return d.end(t.name)
	case startTag:
		if err := d.start(t); err != nil || !t.empty {
			return err
		}
		return d.end(t.name)
	}
	return nil
}

// start opens an element.
func (d *document) start(t token) error {
	if len(d.open) == maxDepth {
		return fmt.Errorf("elements are nested more than %d levels deep", maxDepth)
	}
	e := element{name: t.name}
	if len(d.open) > 0 {
		parent := d.open[len(d.open)-1]
		e.suite, e.test, e.output = parent.suite, parent.test, parent.output
	} else if t.name != "testsuites" && t.name != "testsuite" {
		return fmt.Errorf("the root element is <%s>, not <testsuites> or <testsuite>", t.name)
	}
	d.rooted = true
	switch {
	case e.output:
	case t.name == "testsuites" || t.name == "testsuite":
		e.suite, e.test = newSuite(t.attrs, e.suite, len(d.results.Tests)), nil
	case t.name == "testcase":
		if d.tests++; d.tests > d.limit {
			return fmt.Errorf("the report has more than %d tests; write several smaller reports", d.limit)
		}
		e.test = newRecord(t.attrs)
		e.suite.children++
	default:
		e.output = output[t.name]
		if e.test != nil {
			e.test.child(t)
		} else {
			e.suite.child(t.name)
		}
	}
	if t.name == "testsuite" && !e.output && e.suite.parent != nil {
		e.suite.parent.children++
	}
	d.open = append(d.open, e)
	return nil
}

// end closes an element.
func (d *document) end(name string) error {
	if len(d.open) == 0 {
		return fmt.Errorf("</%s> closes an element that is not open", name)
	}
	e := d.open[len(d.open)-1]
	if e.name != name {
		return fmt.Errorf("</%s> closes <%s>", name, e.name)
	}
	d.open = d.open[:len(d.open)-1]
	switch {
	case e.output:
	case name == "testcase":
		e.suite.add(e.test)
	case name == "testsuite" || name == "testsuites":
		e.suite.close(&d.results)
	}
	return nil
}

// nodeSummary matches a line of the summary that Node's reporter writes as comments
// into the root element. It includes failures that have no testcase element, such as
// that of a test whose subtests passed.
var nodeSummary = regexp.MustCompile(`^\s*(fail|cancelled) ([0-9]{1,9})\s*$`)

func (d *document) comment(text string) {
	if len(d.open) != 1 {
		return
	}
	if m := nodeSummary.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[2]) // at most nine digits
		d.open[0].suite.summary += n
	}
}
