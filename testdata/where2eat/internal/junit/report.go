package main

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

type report struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []*suite `xml:"testsuite"`
}

type suite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     seconds     `xml:"time,attr"`
	Cases    []*testcase `xml:"testcase"`
}

type testcase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    seconds  `xml:"time,attr"`
	Failure *message `xml:"failure"`
	Skipped *message `xml:"skipped"`
}

type message struct {
	Message string `xml:"message,attr"`
	Output  string `xml:",chardata"`
}

type seconds float64

func (s seconds) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", float64(s))}, nil
}

func (r *report) xml() ([]byte, error) {
	content, err := xml.MarshalIndent(r, "", "  ")
	return append([]byte(xml.Header), append(content, '\n')...), err
}

// event is a line of go test -json; see go doc test2json and go help buildjson.
type event struct {
	Action, Package, ImportPath, Test, Output string
	FailedBuild                               string
	Elapsed                                   float64
}

// collect reads all events. It writes the lines for people, packages and failed tests, to the log.
func collect(events io.Reader, log io.Writer) (*report, error) {
	r, suites, output := &report{}, map[string]*suite{}, map[[2]string]string{}
	for decoder := json.NewDecoder(events); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return r, nil
		} else if err != nil {
			return r, fmt.Errorf("read events of go test: %w", err)
		}
		key := [2]string{cmp.Or(e.Package, e.ImportPath), e.Test}
		switch e.Action {
		case "output", "build-output":
			output[key] += e.Output
			if e.Test == "" {
				io.WriteString(log, e.Output)
			}
			continue
		case "pass", "fail", "skip":
		default:
			continue
		}
		s := suites[e.Package]
		if s == nil {
			s = &suite{Name: e.Package}
			suites[e.Package] = s
		}
		said := output[key]
		delete(output, key)
		if e.Test == "" {
			s.Time = seconds(e.Elapsed)
			if e.Action != "fail" || s.Failures > 0 {
				continue
			}
			// No test failed: the package did not build, or it exited before its tests ended.
			e.Test = "(package)"
			said = output[[2]string{e.FailedBuild, ""}] + unfinished(output, e.Package) + said
		} else if e.Action == "fail" {
			io.WriteString(log, said)
		}
		if s.Tests == 0 {
			r.Suites = append(r.Suites, s)
		}
		s.add(e, said)
	}
}

func (s *suite) add(e event, said string) {
	c := &testcase{Class: e.Package, Name: e.Test, Time: seconds(e.Elapsed)}
	switch e.Action {
	case "fail":
		c.Failure = &message{"failed", said}
		s.Failures++
	case "skip":
		c.Skipped = &message{reason(said), ""}
		s.Skipped++
	}
	s.Tests++
	s.Cases = append(s.Cases, c)
}

// unfinished returns the output of tests in a package that never ended.
func unfinished(output map[[2]string]string, pkg string) string {
	var said strings.Builder
	for _, key := range slices.SortedFunc(maps.Keys(output), func(a, b [2]string) int { return cmp.Compare(a[1], b[1]) }) {
		if key[0] == pkg {
			said.WriteString(output[key])
		}
	}
	return said.String()
}

// reason returns the message of a skipped test: the text after its place, file_test.go:12.
func reason(said string) string {
	for line := range strings.Lines(said) {
		if place, why, found := strings.Cut(line, ": "); found && strings.Contains(place, "_test.go:") {
			return strings.TrimSpace(why)
		}
	}
	return "skipped"
}
