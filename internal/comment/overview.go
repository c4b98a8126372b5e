package comment

import (
	"cmp"
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
	b.WriteString(d.headline() + "\n\n| | check | result | commit |\n|---|---|---|---|\n")
	for _, s := range d.sections {
		b.WriteString(d.row(s))
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
		if s.name != previewSection {
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
		verdict = fmt.Sprintf("✗ blocked · %d of %d checks failed", blocked, n)
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

// row returns the section's line in the overview.
func (d *document) row(s section) string {
	m := s.marker
	mark, result, commit := m.Verdict.Mark(), m.result(), ""
	if m.Commit != "" {
		commit = "`" + text.Short(m.Commit) + "`"
	}
	if run := report.SafeLink(m.Run); run != "" {
		commit = "[" + cmp.Or(commit, "run") + "](" + strings.ReplaceAll(run, "&", "&amp;") + ")"
	}
	switch {
	case !s.valid:
		mark, result, commit = unknownMark, "no readable result; see below", ""
	case !d.current(s):
		result = "no result for " + d.commitName() + " yet; for `" + text.Short(m.Commit) + "` it was: " + mark + " " + result
		mark = unknownMark
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", mark, s.name, result, commit)
}

var unknownMark = report.Verdict("").Mark()

func (d *document) commitName() string {
	if d.commit == "" {
		return "the current commit"
	}
	return "`" + text.Short(d.commit) + "`"
}

// result returns the title as Markdown. The preview's address in the title becomes a link.
func (m marker) result() string {
	title := report.MarkdownCell(m.Title)
	if url := report.SafeLink(m.URL); url != "" {
		link := "[`" + url + "`](" + strings.ReplaceAll(url, "&", "&amp;") + ")"
		if before, after, ok := strings.Cut(m.Title, url); ok {
			title = strings.TrimSpace(report.MarkdownCell(before) + " " + link + " " + report.MarkdownCell(after))
		} else {
			title = strings.TrimSpace(title + " " + link)
		}
	}
	if !m.Trusted {
		title += " · reported by an untrusted run"
	}
	return title
}
