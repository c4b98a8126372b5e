package path

import (
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// part is what one command has to say in the comment, which is one for the whole
// path: each keeps its own section, and leaves those of the others as they are.
type part struct {
	name  string // of the section: preview, or that of a report
	rep   *report.Report
	above string // Markdown of goldenpath's own
	run   string // address of the run; "": none
}

func begin(name string) string { return "<!-- goldenpath-section: " + name + " -->" }
func end(name string) string   { return "<!-- goldenpath-end: " + name + " -->" }

// What a section takes at most, and what a verdict needs even where there is no
// room. All of them together stay below what GitHub takes.
const (
	previewBudget = report.CommentBudget / 2
	partBudget    = report.CommentBudget / 5
	leastBudget   = 1500
)

// section puts a report into the comment, in place of the one before it. It leaves
// the others their room, down to what a verdict needs.
func section(old string, p part) string {
	before, after := "", "\n\n"+strings.TrimSpace(old)
	if from := strings.Index(old, begin(p.name)); from >= 0 {
		before, after = old[:from], ""
		if to := strings.Index(old[from:], end(p.name)); to >= 0 {
			after = old[from+to+len(end(p.name)):]
		}
	}
	most := partBudget
	if p.name == "preview" {
		most = previewBudget
	}
	var b strings.Builder
	room := report.CommentBudget - len(before) - len(after) - len(p.above) - 500
	b.WriteString(p.above)
	_ = p.rep.WriteSummary(&b, min(max(room, leastBudget), most)) // a builder takes everything
	if p.run != "" {
		fmt.Fprintf(&b, "\n[run](%s)\n", p.run)
	}
	// A log in the report cannot end the section.
	text := strings.ReplaceAll(strings.TrimSpace(b.String()), "<!-- goldenpath-", "<! -- goldenpath-")
	return before + begin(p.name) + "\n" + text + "\n" + end(p.name) + after
}
