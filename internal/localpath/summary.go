package localpath

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// summary is the one report of the walk: a row for each stage.
func (w *walk) summary(path []stage, until int, start time.Time, walkErr error) *report.Report {
	r := &report.Report{Name: "run", Subject: w.config.App, Commit: w.source.commit, Digest: w.digest(), Started: start.UTC()}
	r.Seconds = w.Now().Sub(start).Seconds()
	states := make([]report.State, len(path))
	failed := ""
	for i, s := range path {
		o := w.state.outcome(s.name)
		c := report.Check{Name: s.name, Result: o.Title, Seconds: o.Seconds}
		switch {
		case o.Error != "":
			c.State, c.Result = report.Missing, "no answer: "+oneLine(o.Error)
		case o.Verdict == "" && i > until:
			c.State, c.Result = report.Skipped, "not asked for"
		case o.Verdict == "":
			c.State, c.Result = report.Skipped, "not reached"
		default:
			c.State = report.State(o.Verdict)
		}
		if o.Verdict == report.Fail {
			failed = s.name
		}
		c.Note = remarks(w.reports[s.name])
		states[i] = c.State
		r.Checks = append(r.Checks, c)
		if rep := w.reports[s.name]; rep != nil {
			for _, f := range rep.Findings {
				r.Findings = append(r.Findings, f)
			}
			if s.name != "preview" { // it is gone by now
				r.Checks[i].Link = rep.Output("url")
			}
			if rep.Verdict == report.Fail {
				r.Sections = append(r.Sections, rep.Sections...)
			}
		}
	}
	r.Sections = append(r.Sections, report.Section{Title: "the path", Open: true, Mermaid: mermaid(path, states)})
	last := w.reports[path[until].name]
	var usage *report.UsageError
	switch {
	case errors.As(walkErr, &usage):
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonInvalidInput, "a mistake to mend: "+oneLine(walkErr.Error())
	case errors.Is(walkErr, errStopped):
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonIncomplete, oneLine(walkErr.Error())+": run again to go on"
	case walkErr != nil:
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonIncomplete, "no answer: "+oneLine(walkErr.Error())
	case failed != "":
		r.Verdict, r.Reason = report.Fail, w.state.outcome(failed).Reason
		r.Title = failed + ": " + w.state.outcome(failed).Title
	default:
		r.Verdict, r.Reason = report.Worst(r.Checks[:until+1]), report.ReasonCompleted
		r.Title = fmt.Sprintf("walked %d stages, up to %s, in %s", until+1, path[until].name, time.Duration(r.Seconds*float64(time.Second)).Round(100*time.Millisecond))
		if until == len(path)-1 {
			r.Title = fmt.Sprintf("%.7s is in %s, all %d stages in %s", w.source.commit, w.config.Chain()[len(w.config.Chain())-1], len(path), time.Duration(r.Seconds*float64(time.Second)).Round(100*time.Millisecond))
		}
	}
	r.Sort()
	r.Set("digest", r.Digest)
	if last != nil {
		r.Set("release", last.Output("release"))
		r.Set("url", last.Output("url"))
	}
	return r
}

// remarks lifts what a stage warns of or failed on into its row: a reader of the
// summary alone must know it.
func remarks(r *report.Report) string {
	if r == nil {
		return ""
	}
	var all []string
	for _, c := range r.Checks {
		switch c.State {
		case report.Warned, report.Failed, report.Missing, report.Inconclusive:
			text := c.Name + ": " + c.Result
			if c.Note != "" {
				text += ", " + c.Note
			}
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

// oneLine is an error's text on one line, with its details as far as they fit.
func oneLine(s string) string {
	const most = 400
	line := []rune(strings.Join(strings.Fields(s), " "))
	if len(line) > most {
		line = append(line[:most-1], '…')
	}
	return string(line)
}

// mermaid draws the path with the state of each stage. Stage names are words
// that the configuration's schema accepts: letters, digits and hyphens.
func mermaid(path []stage, states []report.State) string {
	colours := map[report.State]string{report.OK: "ok", report.Warned: "warn", report.Failed: "bad", report.Missing: "bad"}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, s := range path {
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

// writeSummary keeps the summary beside the stages' reports.
func (w *walk) writeSummary(r *report.Report) error {
	page := report.Page{Report: r}
	for _, c := range r.Checks {
		if rep := w.reports[c.Name]; rep != nil {
			page.Parts = append(page.Parts, report.Part{Name: c.Name, Report: rep})
		}
	}
	return errors.Join(
		writeWith(filepath.Join(w.dir, "summary.json"), r.WriteJSON),
		writeWith(filepath.Join(w.dir, "summary.md"), func(out io.Writer) error { return r.WriteSummary(out, report.SummaryBudget) }),
		writeWith(filepath.Join(w.dir, "summary.html"), page.WriteHTML),
	)
}
