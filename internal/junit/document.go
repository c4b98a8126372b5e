package junit

import (
	"fmt"
	"regexp"
	"strconv"
)

// A document is a report while it is read: the elements that are open, and what
// the closed suites held.
type document struct {
	open    []element
	results Results
	tests   int  // read so far
	limit   int  // of tests
	rooted  bool // it has a root element
}

// An element is one that is open. suite and test are those it belongs to, which
// may be itself.
type element struct {
	name   string
	suite  *suite
	test   *record
	output bool // it and all in it is output of a test, not structure
}

// output are the elements whose content is text of the tests. Markup in it, which
// a reporter did not escape, is not a part of the report.
var output = map[string]bool{
	"system-out": true, "system-err": true, "properties": true, "failure": true, "error": true, "skipped": true, "ignored": true,
	"flakyFailure": true, "flakyError": true, "rerunFailure": true, "rerunError": true,
}

// take adds one token.
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
		return fmt.Errorf("more than %d elements within each other", maxDepth)
	}
	e := element{name: t.name}
	if len(d.open) > 0 {
		parent := d.open[len(d.open)-1]
		e.suite, e.test, e.output = parent.suite, parent.test, parent.output
	} else if t.name != "testsuites" && t.name != "testsuite" {
		return fmt.Errorf("it begins with <%s>, not with <testsuites> or <testsuite>", t.name)
	}
	d.rooted = true
	switch {
	case e.output:
	case t.name == "testsuites" || t.name == "testsuite":
		e.suite, e.test = newSuite(t.attrs, e.suite, len(d.results.Tests)), nil
	case t.name == "testcase":
		if d.tests++; d.tests > d.limit {
			return fmt.Errorf("more than %d tests; write several smaller reports", d.limit)
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

// nodeSummary is a line of the summary that Node's reporter writes as comments of
// the root element. It counts failures that have no testcase, such as that of a
// test whose subtests passed.
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
