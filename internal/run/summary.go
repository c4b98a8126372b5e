package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// maxError is the longest error text in a summary, in runes.
const maxError = 400

// summary returns the report of the run, with a row for each stage. all are the stages of
// the whole path; until is the index of the last requested stage.
func (x *execution) summary(ctx context.Context, all []step, until int, start time.Time, runErr error) *report.Report {
	r := &report.Report{Name: "run", Subject: x.Config.App, Commit: x.Job.Commit.ID, Digest: x.digest(), Started: start.UTC()}
	states := make([]report.State, len(all))
	failed := ""
	for i, s := range all {
		if rep := x.reports[s.name]; rep != nil {
			x.reports[s.name] = x.answering(ctx, s.name, rep)
		}
		c := x.row(s.name, i > until)
		states[i] = c.State
		r.Checks = append(r.Checks, c)
		rep := x.reports[s.name]
		if rep == nil {
			continue
		}
		r.Findings = append(r.Findings, rep.Findings...)
		if rep.Verdict == report.Fail {
			failed = s.name
			r.Sections = append(r.Sections, rep.Sections...)
		}
	}
	r.Sections = append(r.Sections, report.Section{Title: "the path", Open: true, Mermaid: mermaid(all, states)})
	if failed == "" && runErr != nil {
		failed = x.firstOpen(all)
	}
	end := x.end(ctx, failed)
	r.SetData(report.RunData{End: end, Story: x.story(ctx, end)})
	r.Seconds = x.Now().Sub(start).Seconds()
	x.conclude(r, all, until, failed, runErr)
	r.Sort()
	r.Set("digest", r.Digest)
	if last := x.reports[all[until].name]; last != nil {
		r.Set("release", last.Output("release"))
		r.Set("url", end.Address)
	}
	return r
}

// row returns the row of one stage.
func (x *execution) row(name string, excluded bool) report.Check {
	o := x.state.outcome(name)
	rep := x.reports[name]
	if rep != nil && rep.Title != "" {
		o.Title = rep.Title
	}
	c := report.Check{Name: name, Result: o.Title, Seconds: o.Seconds, Note: problems(rep)}
	switch {
	case o.Error != "":
		c.State, c.Result = report.Missing, "could not complete: "+text.OneLine(o.Error, maxError)
	case o.Verdict == "" && excluded:
		c.State, c.Result = report.Skipped, "not requested"
	case o.Verdict == "":
		c.State, c.Result = report.Skipped, "not reached"
	default:
		c.State = report.State(o.Verdict)
	}
	if rep != nil {
		c.Link = rep.Output("url")
	}
	return c
}

// conclude sets the verdict, the reason and the title of the run.
func (x *execution) conclude(r *report.Report, all []step, until int, failed string, runErr error) {
	took := time.Duration(r.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
	var usage *report.UsageError
	switch {
	case errors.As(runErr, &usage):
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonInvalidInput, "invalid input: "+text.OneLine(runErr.Error(), maxError)
	case errors.Is(runErr, errStopped):
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonIncomplete, text.OneLine(runErr.Error(), maxError)+": run again to continue"
	case runErr != nil:
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonIncomplete, "could not complete: "+text.OneLine(runErr.Error(), maxError)
	case failed != "":
		r.Verdict, r.Reason = report.Fail, x.state.outcome(failed).Reason
		r.Title = failed + ": " + x.state.outcome(failed).Title
	case until < len(all)-1:
		r.Verdict, r.Reason = report.Worst(r.Checks[:until+1]), report.ReasonCompleted
		r.Title = fmt.Sprintf("completed %s, up to %s, in %s", english.Plural(until+1, "stage", ""), all[until].name, took)
	default:
		chain := x.Config.Chain()
		r.Verdict, r.Reason = report.Worst(r.Checks), report.ReasonCompleted
		r.Title = fmt.Sprintf("%.7s is in %s, all %d stages in %s", r.Commit, chain[len(chain)-1], len(all), took)
		if x.nothingNew(failed) {
			r.Title = "nothing new: " + x.unchanged() + fmt.Sprintf("%.7s is in %s already", r.Commit, chain[len(chain)-1])
		}
	}
}

// unchanged says how many changes are not committed, as the beginning of a sentence.
func (x *execution) unchanged() string {
	if n := x.Job.Commit.Dirty; n > 0 {
		return english.Plural(n, "change is", "changes are") + " not committed; "
	}
	return ""
}

// problems repeats the warnings and failures of a stage, because some people read only the
// summary.
func problems(r *report.Report) string {
	if r == nil {
		return ""
	}
	var all []string
	for _, c := range r.Checks {
		switch c.State {
		case report.Warned, report.Failed, report.Missing, report.Inconclusive:
			line := c.Name + ": " + c.Result
			if c.Note != "" {
				line += ", " + c.Note
			}
			all = append(all, line)
		}
	}
	return strings.Join(all, "; ")
}

// mermaid draws the stages with their states. The configuration's schema allows only
// letters, digits and hyphens in names.
func mermaid(all []step, states []report.State) string {
	colours := map[report.State]string{report.OK: "ok", report.Warned: "warn", report.Failed: "bad", report.Missing: "bad"}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, s := range all {
		class := colours[states[i]]
		if class == "" {
			class = "off"
		}
		fmt.Fprintf(&b, "  s%d[\"%s\"]:::%s\n", i, s.name, class)
		if i > 0 {
			fmt.Fprintf(&b, "  s%d --> s%d\n", i-1, i)
		}
	}
	b.WriteString("  classDef ok fill:#1a7f37,color:#fff,stroke:none\n  classDef warn fill:#9a6700,color:#fff,stroke:none\n  classDef bad fill:#cf222e,color:#fff,stroke:none\n  classDef off fill:#6e7781,color:#fff,stroke:none")
	return b.String()
}

// writeSummary writes the summary beside the reports of the stages.
func (x *execution) writeSummary(r *report.Report) error {
	page := report.Page{Report: r}
	for _, c := range r.Checks {
		if rep := x.reports[c.Name]; rep != nil {
			page.Parts = append(page.Parts, report.Part{Name: c.Name, Report: rep, File: filepath.Base(x.state.outcome(c.Name).Report)})
		}
	}
	return errors.Join(
		files.WriteWith(filepath.Join(x.Out, "summary.json"), 0o644, r.WriteJSON),
		files.WriteWith(filepath.Join(x.Out, "summary.md"), 0o644, func(out io.Writer) error { return r.WriteSummary(out, report.SummaryBudget) }),
		files.WriteWith(filepath.Join(x.Out, "summary.html"), 0o644, page.WriteHTML),
	)
}
