// Package comment publishes reports on a pull request: in one comment, with an overview
// and a section for each reporting command, and as deployments for previews.
package comment

import (
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// previewSection is the section of the commands that create and remove a preview.
const previewSection = "preview"

// Part is the content that one command adds to the comment.
type Part struct {
	Section string // preview, or the name of the report
	App     string // of a repository with several; "": the only one
	Report  *report.Report
	Run     string // web page of the run that made the report; "": none
	Notice  string // Markdown of goldenpath's own, shown above the report
	Trusted bool   // the report was made with trusted code
}

// Edit writes parts into a comment, each in place of the command's earlier section, and
// rewrites the overview. The other sections are not changed. commit is the head of the pull
// request; "" keeps the commit that the comment already records.
func Edit(comment, commit string, parts ...Part) string {
	d := parse(comment)
	if commit != "" {
		d.commit = commit
	}
	for _, p := range parts {
		d.replace(section{name: p.name(), marker: p.marker(), valid: validVerdict(p.Report.Verdict)})
		d.set(p.name(), p.text(d.room(p.name())))
	}
	return d.render()
}

// Budgets in bytes. All sections together stay below GitHub's limit for a comment.
const (
	previewBudget = report.CommentBudget / 2
	sectionBudget = report.CommentBudget / 5
	minimumBudget = 1500 // room for a verdict, even in a full comment
	reserve       = 4000 // for a section that is not there yet: its marker, a row, and a verdict
	fullMarker    = 4000 // of a marker with rows; a longer one has only the title
)

// name is the name of the section, such as security-gate, or security-gate/web for the app
// web.
func (p Part) name() string { return sectionOf(p.Section, p.App) }

func sectionOf(command, app string) string {
	if app == "" {
		return command
	}
	return command + "/" + app
}

// split is the inverse of sectionOf.
func split(section string) (command, app string) {
	command, app, _ = strings.Cut(section, "/")
	return command, app
}

// room returns how many bytes the text of a section may take beside the other sections.
func (d *document) room(name string) int {
	most := sectionBudget
	command, app := split(name)
	if command == previewSection {
		most = previewBudget
	}
	left := report.CommentBudget - len(d.render())
	for _, other := range order {
		if _, there := d.find(sectionOf(other, app)); !there {
			left -= reserve
		}
	}
	return min(max(left, minimumBudget), most)
}

func (p Part) marker() marker {
	m := marker{
		Section: p.name(), Report: p.Report.Name, Verdict: p.Report.Verdict, Reason: report.Reason(oneLine(string(p.Report.Reason))),
		Title: oneLine(p.Report.Title), Trusted: p.Trusted, Run: report.SafeLink(p.Run), Rows: rowsOf(p.Section, p.Report), Steps: stepsOf(p.Section, p.Report),
	}
	if len(m.encode()) > fullMarker { // a hostile text is long after escaping
		m.Rows, m.Steps = nil, nil
	}
	if isCommit(p.Report.Commit) {
		m.Commit = p.Report.Commit
	}
	if p.Trusted && p.Section == previewSection {
		m.URL, m.Generation = report.SafeLink(p.Report.Output("url")), oneLine(p.Report.Output("generation"))
	}
	return m
}

// oneLine bounds outside text for a marker.
func oneLine(s string) string { return text.OneLine(report.LogLine(s), maxTitle) }

// text renders the report as Markdown of about budget bytes. It is folded: the overview
// shows the result and what to do.
func (p Part) text(budget int) string {
	var b strings.Builder
	_ = p.Report.WriteSummary(&b, budget-len(p.Notice)) // a strings.Builder accepts every write
	text := p.Notice + strings.TrimSpace(b.String())
	if run := report.SafeLink(p.Run); run != "" {
		text += "\n\n[run](" + run + ")"
	}
	return "<details><summary><b>" + label(p.Section, p.App) + "</b> " + p.Report.Verdict.Mark() + " " + marker{Verdict: p.Report.Verdict}.word() + "</summary>\n\n" + text + "\n\n</details>"
}
