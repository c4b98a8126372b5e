package target

import (
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxRows is how many changes a report lists.
const maxRows = 100

// Section returns the changes of a plan as a section of a report. What stays as it is has
// no row. If nothing changes, the section has no rows at all.
func (p Plan) Section() report.Section {
	s := report.Section{Title: "changes in " + p.Place, Open: true, Head: []string{"object", "change"}}
	more := 0
	for _, c := range p.Changes {
		switch {
		case c.What == "keep":
		case len(s.Rows) < maxRows:
			s.Rows = append(s.Rows, []string{c.Object, c.What})
		default:
			more++
		}
	}
	if more > 0 {
		s.Rows = append(s.Rows, []string{fmt.Sprintf("and %d more", more), ""})
	}
	return s
}

// AddPlan adds the plan of a phase to a report, in place of one that an earlier phase of
// the same name has added.
func AddPlan(r *report.Report, p Phase) {
	if p.Plan == nil {
		return
	}
	s := p.Plan.Section()
	for i := range r.Sections {
		if r.Sections[i].Title == s.Title {
			r.Sections[i] = s
			return
		}
	}
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
}
