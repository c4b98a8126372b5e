package scorecard

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

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
	Flaky   []string `json:"flaky"` // failed and passed in the same run
	Names   []string `json:"-"`     // of those that passed
	Broken  []string `json:"broken"`
}

// maxJUnit bounds one file.
const maxJUnit = 64 << 20

type outcome struct{ passed, failed, skipped int }

func readTests(files []string) (Tests, error) {
	t := Tests{Flaky: []string{}, Broken: []string{}}
	seen := map[string]*outcome{}
	var order []string
	for _, name := range files {
		suites, err := readJUnit(name)
		if err != nil {
			return t, err
		}
		t.Files++
		walk(suites, func(test junit.Test) {
			key := test.Classname + "\x00" + test.Name
			if seen[key] == nil {
				seen[key] = &outcome{}
				order = append(order, key)
			}
			switch test.Status {
			case junit.StatusPassed:
				seen[key].passed++
			case junit.StatusSkipped:
				seen[key].skipped++
			default:
				seen[key].failed++
			}
		})
	}
	for _, key := range order {
		o, name := seen[key], key[slices.Index([]byte(key), 0)+1:]
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

func readJUnit(name string) ([]junit.Suite, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read tests: %w", err)
	}
	if info.Size() > maxJUnit {
		return nil, fmt.Errorf("read tests: %s is %d bytes; at most %d are read", name, info.Size(), maxJUnit)
	}
	suites, err := junit.IngestFile(name)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s is no JUnit XML: %v", filepath.Base(name), err))
	}
	return suites, nil
}

func walk(suites []junit.Suite, visit func(junit.Test)) {
	for _, s := range suites {
		for _, test := range s.Tests {
			visit(test)
		}
		walk(s.Suites, visit)
	}
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
