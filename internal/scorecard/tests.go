package scorecard

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/junit"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Tests sums up the JUnit files of a candidate.
type Tests struct {
	Files      int      `json:"files"`
	Passed     int      `json:"passed"`
	Failed     int      `json:"failed"`
	Skipped    int      `json:"skipped"`
	Flaky      []string `json:"flaky"`      // names of tests that failed and passed when run again
	Broken     []string `json:"broken"`     // names of tests that failed
	Incomplete []string `json:"incomplete"` // suites that declare more tests than their report contains
	Unmatched  []string `json:"unmatched"`  // patterns that matched no file
	covering   []string // names of tests that passed, and never failed
}

// readTests reads JUnit files. A file that is not a complete report is a usage
// error.
func readTests(files, unmatched []string) (Tests, error) {
	t := Tests{Flaky: []string{}, Broken: []string{}, Incomplete: []string{}, Unmatched: append([]string{}, unmatched...)}
	for _, name := range files {
		results, err := junit.ReadFile(name)
		if err != nil {
			return t, err
		}
		t.Files++
		t.Incomplete = append(t.Incomplete, results.Gaps...)
		for _, test := range results.Tests {
			t.add(test)
		}
	}
	return t, nil
}

func (t *Tests) add(test junit.Test) {
	switch test.Verdict {
	case junit.Failed:
		t.Failed++
		t.Broken = append(t.Broken, test.Name)
	case junit.Flaky:
		t.Flaky = append(t.Flaky, test.Name)
	case junit.Skipped:
		t.Skipped++
	case junit.Passed:
		t.Passed++
		if test.Stable {
			t.covering = append(t.covering, test.Name)
		}
	}
}

// gradeTests grades the tests that ran. A candidate without any test fails, and so does
// a report that does not contain all declared tests.
func gradeTests(c *candidate) Dimension {
	t := c.tests
	d := Dimension{State: report.OK, Result: fmt.Sprintf("%d passed, %d failed, %d flaky", t.Passed, t.Failed, len(t.Flaky))}
	if t.Skipped > 0 {
		d.Result += fmt.Sprintf(", %d skipped", t.Skipped)
	}
	var notes []string
	switch {
	case t.Files == 0 && len(t.Unmatched) > 0:
		d.State, d.Result = report.Missing, "no JUnit file"
	case t.Files == 0 && c.NoJUnit:
		d.State, d.Result = report.NotApplicable, "no check writes JUnit, so only the checks count: name the files with junit: in checks or battery"
	case t.Files == 0:
		d.State, d.Result = report.Missing, "no JUnit file: name one with junit: in checks or battery"
	case t.Passed+t.Failed+len(t.Flaky) == 0:
		d.State, d.Result = report.Failed, fmt.Sprintf("no test ran (%s)", english.Plural(t.Files, "file", ""))
	case t.Failed > 0:
		d.State = report.Failed
		notes = append(notes, series(t.Broken))
	case len(t.Incomplete) > 0:
		d.State = report.Failed
	case len(t.Unmatched) > 0:
		d.State = report.Missing
	case len(t.Flaky) > 0:
		d.State = report.Warned
	}
	if d.State != report.Failed && len(t.Flaky) > 0 {
		notes = append(notes, "flaky: "+series(t.Flaky))
	}
	if len(t.Incomplete) > 0 {
		notes = append(notes, series(t.Incomplete)+": run the tests again, or fix the reporter")
	}
	if len(t.Unmatched) > 0 {
		notes = append(notes, "no file matches "+series(t.Unmatched))
	}
	d.Note = strings.Join(notes, "; ")
	return d
}

// maxShown is how many runes of a name a row shows.
const maxShown = 120

// series joins the first three names. The others are left out.
func series(names []string) string {
	var shown []string
	for _, name := range names[:min(3, len(names))] {
		shown = append(shown, text.OneLine(name, maxShown))
	}
	return english.OxfordWordSeries(shown, "and")
}
