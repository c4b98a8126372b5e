package comment

import (
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// overviewName is the section at the top: one verdict, and a row for each of the
// other sections. The overview is made from the markers of these sections, so no command
// needs the reports of the other commands.
const overviewName = "overview"

// overview returns the section at the top.
func (d *document) overview() section {
	var b strings.Builder
	b.WriteString(d.headline() + "\n\n" + d.steps() + "| | check | result | |\n|---|---|---|---|\n")
	for _, s := range d.sections {
		b.WriteString(d.rows(s))
	}
	return section{name: overviewName, valid: true, marker: marker{Section: overviewName, Commit: d.commit}, text: strings.TrimSpace(b.String())}
}

// current reports whether a section's result applies to the commit that the pull
// request is at.
func (d *document) current(s section) bool {
	return s.valid && (s.marker.Commit == "" || s.marker.Commit == d.commit)
}

// headline returns the verdict on all sections. It claims that nothing blocks only if
// every section has a trusted result for the current commit.
func (d *document) headline() string {
	checks, blocked, unknown, untrusted := 0, 0, 0, 0
	for _, s := range d.sections {
		if command, _ := split(s.name); command != previewSection {
			checks++
		}
		switch {
		case !d.current(s):
			unknown++
			continue
		case s.marker.Verdict == report.Fail:
			blocked++
		}
		if !s.marker.Trusted {
			untrusted++
		}
	}
	n := len(d.sections)
	verdict := ""
	switch {
	case blocked > 0:
		verdict = fmt.Sprintf("✗ blocked · %d of %d must be fixed", blocked, n)
	case unknown > 0:
		verdict = fmt.Sprintf("? incomplete · no result yet from %d of %d", unknown, n)
	case untrusted > 0:
		verdict = "? not verified · reported by a run of the pull request's own code"
	case checks == 0:
		verdict = d.sections[0].marker.Verdict.Mark() + " preview · no other check has reported yet"
	default:
		verdict = "✓ nothing blocks"
	}
	if d.commit != "" {
		verdict += " · commit `" + text.Short(d.commit) + "`"
	}
	return "### goldenpath · " + verdict
}

// steps lists what to do where something blocks.
func (d *document) steps() string {
	var b strings.Builder
	for _, s := range d.sections {
		if _, app := split(s.name); d.current(s) && s.marker.Verdict == report.Fail {
			for _, step := range s.marker.Steps[:min(len(s.marker.Steps), maxSteps)] {
				b.WriteString("- " + report.MarkdownCell(label(step, app)) + "\n")
			}
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "**To do**\n\n" + b.String() + "\n"
}

// rows returns the section's lines in the overview. A result that does not apply to the
// current commit is one line.
func (d *document) rows(s section) string {
	m := s.marker
	command, app := split(s.name)
	link := ""
	if run := report.SafeLink(m.Run); run != "" {
		link = "[run](" + strings.ReplaceAll(run, "&", "&amp;") + ")"
	}
	switch {
	case !s.valid:
		return line(unknownMark, label(command, app), "no readable result; see below", "")
	case !d.current(s):
		return line(unknownMark, label(command, app), "no result for "+d.commitName()+" yet; for `"+text.Short(m.Commit)+"` it was: "+m.Verdict.Mark()+" "+m.result(m.Title), link)
	case len(m.Rows) == 0:
		return line(m.Verdict.Mark(), label(command, app), m.result(m.Title), link)
	}
	var b strings.Builder
	for _, r := range m.Rows[:min(len(m.Rows), maxRows)] {
		if command == "scorecard" && r.Name == "security" && d.has(sectionOf("security-gate", app)) {
			continue // the gate has a row of its own
		}
		result := m.result(r.Result)
		var last []string
		for _, part := range []string{report.MarkdownCell(r.Note), report.Duration(r.Seconds), link} {
			if part != "" {
				last = append(last, part)
			}
		}
		b.WriteString(line(report.Verdict(r.State).Mark(), label(report.MarkdownCell(r.Name), app), result, strings.Join(last, " · ")))
	}
	return b.String()
}

// label is a text about an app for people: the name of the app comes first, if there is one.
func label(text, app string) string {
	if app == "" {
		return text
	}
	return app + ": " + text
}

func (d *document) has(name string) bool {
	s, found := d.find(name)
	return found && s.valid
}

func line(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// word is the verdict as people read it.
func (m marker) word() string {
	return map[report.Verdict]string{report.Pass: "passed", report.Warn: "passed with warnings", report.Fail: "blocks", report.Skip: "was skipped"}[m.Verdict]
}

var unknownMark = report.Verdict("").Mark()

func (d *document) commitName() string {
	if d.commit == "" {
		return "the current commit"
	}
	return "`" + text.Short(d.commit) + "`"
}

// result returns the text of a row as Markdown, with the preview's address as a link.
func (m marker) result(plain string) string {
	out := report.MarkdownCell(plain)
	if url := report.SafeLink(m.URL); url != "" {
		link := "[`" + url + "`](" + strings.ReplaceAll(url, "&", "&amp;") + ")"
		if before, after, ok := strings.Cut(plain, url); ok {
			out = strings.TrimSpace(report.MarkdownCell(before) + " " + link + " " + report.MarkdownCell(after))
		} else {
			out = strings.TrimSpace(link + " · " + out)
		}
	}
	if !m.Trusted {
		out += " · reported by an untrusted run"
	}
	return out
}
