package release

import (
	"errors"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// reported adds an unsuccessful deployment to the report. If the application did not come up,
// that is a verdict, and the error is nil. If the target failed, such as an apply of
// Terraform, there is no verdict on the application, and the error stays. ok is false for any
// other error.
func reported(r *report.Report, environment string, err error) (rest error, ok bool) {
	var f *target.Failure
	if !errors.As(err, &f) {
		return err, false
	}
	fail(r, report.ReasonNotReady, environment+" did not become ready: "+f.What)
	if f.Migration {
		fail(r, report.ReasonMigrateFailed, "nothing was deployed into "+environment+": "+f.What)
	}
	r.Checks = append(r.Checks, report.Check{Name: "deployed", State: report.Failed, Result: f.What, Note: f.Remedy})
	if f.Log != "" {
		r.Checks = append(r.Checks, report.Check{Name: "full log", State: report.OK, Result: f.Log})
		r.Set("log", f.Log)
	}
	if f.Kept != "" {
		r.Checks = append(r.Checks, report.Check{Name: "kept", State: report.OK, Result: f.Kept})
	}
	if len(f.Detail) > 0 {
		r.Sections = append(r.Sections, report.Section{Title: "what the application reported last", Open: true, Text: strings.Join(f.Detail, "\n") + "\n"})
	}
	if f.NotUp {
		return nil, true
	}
	return err, true
}
