package scorecard

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/joshdk/go-junit"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Tests sums up JUnit files.
type Tests struct {
	Files   int      `json:"files"`
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Skipped int      `json:"skipped"`
	Flaky   []string `json:"flaky"` // failed and passed in the same run, or marked so by its tool
	Names   []string `json:"-"`     // of those that passed
	Broken  []string `json:"broken"`
}

type outcome struct {
	name                    string
	passed, failed, skipped int
}

func key(parts ...string) string { return strings.Join(parts, "\x00") }

func readTests(files []string) (Tests, error) {
	t := Tests{Flaky: []string{}, Broken: []string{}}
	seen := map[string]*outcome{}
	var order []string
	for _, name := range files {
		suites, retried, err := readJUnit(name)
		if err != nil {
			return t, err
		}
		t.Files++
		walk(nil, suites, func(suite string, test junit.Test) {
			in := key(suite, test.Classname, test.Name)
			// A test is run again in the same folder of files, and in the same suite. One
			// of that name elsewhere is another test.
			id := key(filepath.Dir(name), in)
			if seen[id] == nil {
				seen[id] = &outcome{name: test.Name}
				order = append(order, id)
			}
			switch {
			case test.Status == junit.StatusSkipped || test.Status == junit.StatusPassed && notRun(test):
				seen[id].skipped++
			case test.Status != junit.StatusPassed:
				seen[id].failed++
			case retried[in]:
				seen[id].failed++
				fallthrough
			default:
				seen[id].passed++
			}
		})
	}
	for _, id := range order {
		o, name := seen[id], seen[id].name
		switch {
		case o.failed > 0 && o.passed > 0:
			t.Flaky = append(t.Flaky, name)
		case o.failed > 0:
			t.Failed++
			t.Broken = append(t.Broken, name)
		case o.passed > 0:
			t.Passed++
			t.Names = append(t.Names, name)
		default:
			t.Skipped++
		}
	}
	return t, nil
}

func (t Tests) grade() Dimension {
	d := Dimension{Name: "tests", Result: fmt.Sprintf("%d passed, %d failed, %d flaky", t.Passed, t.Failed, len(t.Flaky))}
	if t.Skipped > 0 {
		d.Result += fmt.Sprintf(", %d skipped", t.Skipped)
	}
	switch {
	case t.Files == 0:
		d.State, d.Result = report.Missing, "no JUnit file: name one with junit: in checks or battery"
	case t.Passed+t.Failed+len(t.Flaky) == 0:
		d.State, d.Result = report.Failed, fmt.Sprintf("no test ran (%s)", english.Plural(t.Files, "file", ""))
	case t.Failed > 0:
		d.State, d.Note = report.Failed, english.OxfordWordSeries(t.Broken[:min(3, len(t.Broken))], "and")
	case len(t.Flaky) > 0:
		d.State, d.Note = report.Warned, "flaky: "+english.OxfordWordSeries(t.Flaky[:min(3, len(t.Flaky))], "and")
	default:
		d.State = report.OK
	}
	return d
}
