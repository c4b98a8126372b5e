package battery

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// tailLines is how many of the last lines of a failed command's output a report shows.
const tailLines = 30

// report makes the report of finished steps. The verdict is skip if there are no steps.
func (o Options) report(name string, done []step, d Data) *report.Report {
	r := &report.Report{Name: name, Subject: o.App, Commit: o.Commit, Started: o.Now().UTC()}
	d.JUnit = []string{}
	var failed []string
	for _, st := range done {
		r.Checks = append(r.Checks, st.check)
		r.Seconds += st.check.Seconds
		d.JUnit = append(d.JUnit, st.junit...)
		if st.check.State == report.Failed || st.check.State == report.Missing {
			failed = append(failed, st.check.Name)
		}
		if st.log != "" {
			r.Sections = append(r.Sections, report.Section{Title: st.check.Name + ": end of its output", Open: true, Text: lastLines(st.log, tailLines)})
			r.Set("log", st.file)
		}
	}
	r.SetData(d)
	switch {
	case len(done) == 0:
		r.Verdict, r.Reason, r.Title = report.Skip, report.ReasonNothingDeclared, "nothing is declared in "+config.File
	case len(failed) > 0:
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonCheckFailed, english.OxfordWordSeries(failed, "and")+" failed"
	default:
		r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPassed, english.Plural(len(done), "check", "")+" passed"
	}
	return r
}

// privateKey matches a PEM private key, including one that is cut off. A report never
// shows a private key.
var privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----\n?|$)`)

// Output returns the last lines of a command's output as a report shows them.
func Output(s string) string { return lastLines(s, tailLines) }

// lastLines returns the last n lines of a command's output, without private keys.
func lastLines(s string, n int) string {
	s = text.WithoutEscapes(privateKey.ReplaceAllString(s, "[a private key was printed here]\n"))
	all := slices.Collect(strings.Lines(s))
	return strings.Join(all[max(0, len(all)-n):], "")
}
