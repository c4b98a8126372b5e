package scorecard

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/joshdk/go-junit"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxJUnit bounds one file.
const maxJUnit = 64 << 20

func readJUnit(name string) (suites []junit.Suite, retried map[string]bool, err error) {
	bad := func(format string, args ...any) error {
		return report.Usage(filepath.Base(name) + " is no JUnit XML: " + fmt.Sprintf(format, args...))
	}
	info, err := os.Stat(name) // before it is opened: a pipe would be waited for
	if err != nil {
		return nil, nil, fmt.Errorf("read tests: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxJUnit {
		return nil, nil, bad("it is no file of at most %d bytes", maxJUnit)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, fmt.Errorf("read tests: %w", err)
	}
	if retried, err = scan(b); err != nil {
		return nil, nil, bad("%v", err)
	}
	if suites, err = junit.Ingest(b); err != nil {
		return nil, nil, bad("%v", err)
	}
	return suites, retried, nil
}

// maxDepth bounds the elements within each other: go-junit keeps the text of each
// with all that is in it.
const maxDepth = 32

// scan checks what go-junit does not: that there is a report at all. It returns
// the tests that passed after a failure, as Surefire and Playwright mark them.
func scan(b []byte) (retried map[string]bool, err error) {
	retried = map[string]bool{}
	d := xml.NewDecoder(bytes.NewReader(b))
	var open, suites []string
	test := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && open == nil {
			return nil, errors.New("it has no test suite")
		}
		if errors.Is(err, io.EOF) {
			return retried, nil
		}
		if err != nil {
			return nil, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			if open == nil && e.Name.Local != "testsuites" && e.Name.Local != "testsuite" {
				return nil, fmt.Errorf("it begins with <%s>", e.Name.Local)
			}
			switch e.Name.Local {
			case "testsuite":
				suites = append(suites, attr(e, "name"))
			case "testcase":
				test = key(key(suites...), attr(e, "classname"), attr(e, "name"))
			case "flakyFailure", "flakyError":
				retried[test] = true
			}
			if open = append(open, e.Name.Local); len(open) > maxDepth {
				return nil, fmt.Errorf("more than %d elements within each other", maxDepth)
			}
		case xml.EndElement:
			if open = open[:len(open)-1]; e.Name.Local == "testsuite" {
				suites = suites[:len(suites)-1]
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// notRun reports whether a test that has no failure was left out, as GoogleTest
// says it.
func notRun(t junit.Test) bool {
	return t.Properties["status"] == "notrun" || t.Properties["status"] == "disabled" || t.Properties["result"] == "suppressed"
}

func walk(within []string, suites []junit.Suite, visit func(suite string, t junit.Test)) {
	for _, s := range suites {
		names := append(slices.Clip(within), s.Name)
		for _, test := range s.Tests {
			visit(key(names...), test)
		}
		walk(names, s.Suites, visit)
	}
}
