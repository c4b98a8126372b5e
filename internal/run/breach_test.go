package run

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// failing measures an application of which each request fails.
type failing struct{}

func (failing) Sample(context.Context, string) (indicator.Sample, error) {
	return indicator.Sample{Answered: true, Failed: true}, nil
}

// NEWCOMER 15: when the commit is run again after a broken SLO, the page about what was
// measured is kept, and named where the run stops.
func TestBreachIsKept(t *testing.T) {
	b := newBench(t)
	b.must(Options{})
	b.commit("two", "built/server", "#!/bin/sh\n# two\n")
	healthy := b.deps.Indicator
	b.deps.Indicator = failing{}
	res, _, err := b.run(t.Context(), Options{})
	if err != nil || !strings.HasPrefix(string(res.Report.Reason), string(report.ReasonSLOBreach)) {
		t.Fatalf("%v, %+v", err, res)
	}
	data, err := report.DataOf[report.RunData](res.Report)
	if end := data.End; err != nil || !strings.HasSuffix(end.Release, "-3") || !strings.HasSuffix(end.Replaced, "-2") || end.Rollback != "" {
		t.Errorf("%v: the last lines are %+v", err, end)
	}
	measured, err := os.ReadFile(filepath.Join(res.Dir, "summary.html"))
	if err != nil {
		t.Fatal(err)
	}
	b.deps.Indicator = healthy
	for range 2 {
		if res, _, err = b.run(t.Context(), Options{}); err != nil || res.Report.Reason != report.ReasonWasRolledBack {
			t.Fatalf("%v, %+v", err, res)
		}
		pages, err := filepath.Glob(filepath.Join(res.Dir, breachPrefix+"*", "summary.html"))
		if err != nil || len(pages) != 1 {
			t.Fatalf("pages about the broken SLO: %v, %v", pages, err)
		}
		if kept, err := os.ReadFile(pages[0]); err != nil || string(kept) != string(measured) {
			t.Errorf("the page was changed: %v", err)
		}
		data, err := report.DataOf[report.RunData](res.Report)
		if text := strings.Join(data.End.Next, "\n"); err != nil || !strings.Contains(text, pages[0]) {
			t.Errorf("the page is not named: %v\n%s", err, text)
		}
	}
}
