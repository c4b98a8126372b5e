// Package junit finds JUnit XML files and reads the verdict of every test in them.
package junit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// A Verdict is the result of one test.
type Verdict int

const (
	Passed  Verdict = iota
	Skipped         // it did not run
	Flaky           // it failed, was run again, and passed
	Failed
)

// A Test is one test of a report. Records with the same name are one test only if the
// tool marks them as retries, or if they are in one suite element, the last passed and
// all others failed.
type Test struct {
	Name    string // to show; at most 1024 bytes, never empty
	Verdict Verdict
	// Stable is true if no record of that name in the same suite failed.
	Stable bool
}

// Results are the tests of one file.
type Results struct {
	Tests []Test
	// Gaps describe the suites that declare more tests than the report contains, as
	// clauses such as "suite s declares 5 tests, and the report contains 3".
	Gaps []string
}

// Limits of one file. A larger file is an error; no part of it is used.
const (
	MaxSize  = 512 << 20 // bytes
	maxTests = 1_000_000
)

// ReadFile reads one report. A file that is not a complete JUnit report is a usage
// error that names the file and the line.
func ReadFile(name string) (*Results, error) {
	info, err := os.Stat(name) // before opening it: opening a pipe waits for a writer
	if err != nil {
		return nil, fmt.Errorf("cannot read the JUnit report: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > MaxSize {
		return nil, report.Usage(fmt.Sprintf("%s is not a regular file of at most %d MiB; write a smaller JUnit report", filepath.Base(name), MaxSize>>20))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the JUnit report: %w", err)
	}
	defer f.Close()
	r, line, err := read(f, maxTests)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed): // the file could not be read to its end
		return nil, fmt.Errorf("cannot read the JUnit report: %w", err)
	case err != nil:
		return nil, report.Usage(fmt.Sprintf("%s is not a complete JUnit report (line %d: %v); run the tests again, or fix the tool that wrote it", filepath.Base(name), line, err))
	}
	return r, nil
}

// read reads a report of at most limit tests. If it returns an error, line is the line
// of the error.
func read(from io.Reader, limit int) (*Results, int, error) {
	text, err := decode(bufio.NewReaderSize(from, bufferSize))
	if err != nil {
		return nil, 1, err
	}
	s := &scanner{r: bufio.NewReaderSize(text, bufferSize), line: 1}
	d := &document{limit: limit}
	for {
		t, err := s.next(len(d.open))
		if errors.Is(err, io.EOF) {
			if !d.rooted {
				return nil, s.line, errors.New("no test suite found; the tool may have stopped before it wrote one")
			}
			return &d.results, s.line, nil
		}
		if err == nil {
			err = d.take(t)
		}
		if err != nil {
			return nil, s.line, err
		}
	}
}
