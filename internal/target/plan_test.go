package target

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// GP-PATH-8: a report lists what a plan changes, once, and not more than a person reads.
func TestAddPlan(t *testing.T) {
	r := &report.Report{}
	AddPlan(r, Phase{Name: "init"})
	AddPlan(r, Phase{Name: "plan", Plan: &Plan{Place: "workspace pr-1", Changes: []Change{{"a.b", "keep"}}}})
	if len(r.Sections) != 0 {
		t.Errorf("nothing changes: %+v", r.Sections)
	}
	AddPlan(r, Phase{Name: "plan", Plan: &Plan{Place: "workspace pr-1", Changes: []Change{{"a.b", "create"}, {"a.c", "keep"}}}})
	AddPlan(r, Phase{Name: "plan", Plan: &Plan{Place: "workspace pr-1", Changes: []Change{{"a.b", "change"}}}})
	if len(r.Sections) != 1 || !cmp.Equal(r.Sections[0].Rows, [][]string{{"a.b", "change"}}) {
		t.Errorf("%+v", r.Sections)
	}
	var many []Change
	for i := range maxRows + 3 {
		many = append(many, Change{strconv.Itoa(i), "create"})
	}
	if rows := (Plan{Changes: many}).Section().Rows; len(rows) != maxRows+1 || rows[maxRows][0] != "and 3 more" {
		t.Errorf("%d rows, the last %q", len(rows), rows[len(rows)-1])
	}
}
