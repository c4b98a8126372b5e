package scorecard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// gradeReadiness grades how many criteria of the checklist the repository meets. The
// grade is pass or warn, never fail. Unless scorecard.must names readiness, a repository
// that does not meet all of them never asked for them: they do not apply.
func gradeReadiness(c *candidate) Dimension {
	items := c.checklist
	there := 0
	var missing []string
	for _, i := range items {
		if i.Found {
			there++
		} else {
			missing = append(missing, i.Name)
		}
	}
	d := Dimension{State: report.OK, Result: fmt.Sprintf("%d of %d", there, len(items))}
	if len(missing) > 0 {
		d.State = report.Warned
		if !slices.Contains(c.Must, "readiness") {
			d.State = report.NotApplicable
			d.Result += " criteria are met, and scorecard.must does not name readiness"
		}
		d.Note = "missing: " + strings.Join(missing[:min(3, len(missing))], ", ")
		if len(missing) > 3 {
			d.Note += fmt.Sprintf(", and %d more", len(missing)-3)
		}
	}
	return d
}

// readinessSection is the table of the checklist.
func readinessSection(items []Item) report.Section {
	s := report.Section{Title: "readiness checklist", Head: []string{"", "what", "proof"}}
	for _, i := range items {
		mark := "✗"
		if i.Found {
			mark = "✓"
		}
		s.Rows = append(s.Rows, []string{mark, i.Name, i.Proof})
	}
	return s
}
