package report

import (
	"cmp"
	"io"
	"slices"
	"strings"
)

// Budgets in bytes. GitHub drops a job summary over 1 MiB, and refuses a comment over
// 65,536 characters.
const (
	SummaryBudget = 1 << 20
	CommentBudget = 60_000
)

// WriteSummary writes the job summary: verdict, checks, findings, details. Parts that do
// not fit the budget, in bytes, are left out, and a notice reports that.
func (r *Report) WriteSummary(w io.Writer, budget int) error {
	_, err := io.WriteString(w, joinBlocks(r.blocks(), budget))
	return err
}

// WriteStep writes the summary of one step of many. GitHub shows the summaries of all jobs
// of a run below each other, so each is one line with the rest folded. What blocks is open.
func (r *Report) WriteStep(w io.Writer, budget int) error {
	open := ""
	if r.Verdict == Fail {
		open = " open"
	}
	head := "<details" + open + "><summary><b>" + htmlText(cut(r.Name, 100)) + "</b> · " + verdictText(r.Verdict) + " · " + htmlText(cut(r.Title, 300))
	if took := Duration(r.Seconds); took != "" {
		head += " · " + took
	}
	head += "</summary>\n\n"
	const tail = "\n</details>\n"
	_, err := io.WriteString(w, head+joinBlocks(r.blocks(), budget-len(head)-len(tail))+tail)
	return err
}

// blocks returns the parts of the summary, the most important first.
func (r *Report) blocks() []block {
	all := []block{r.verdictBlock()}
	if len(r.Checks) > 0 {
		all = append(all, r.checkTable())
	}
	all = append(all, r.findingBlocks()...)
	for _, s := range r.Sections {
		if b, ok := s.block(); ok {
			all = append(all, b)
		}
	}
	return all
}

func (r *Report) verdictBlock() block {
	head := "### goldenpath " + markdownInline(cut(r.Name, 100))
	if r.Subject != "" {
		head += " · " + markdownInline(cut(r.Subject, 200))
	}
	head += " · " + verdictText(r.Verdict)
	if r.Commit != "" {
		head += " · " + codeSpan(shortCommit(r.Commit))
	}
	head += "\n"
	if r.Title != "" {
		head += "\n" + markdownLine(cut(r.Title, 2000)) + "\n"
	}
	if r.Verdict == Fail && r.Reason != "" {
		head += "\nReason: " + codeSpan(cut(string(r.Reason), 200)) + "\n"
	}
	return block{head: head}
}

func (r *Report) checkTable() block {
	notes := slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Note != "" })
	b := block{head: "| | check | result |\n|---|---|---|\n", more: "\n%d more checks are in the JSON report.\n"}
	if notes {
		b.head = "| | check | result | note |\n|---|---|---|---|\n"
	}
	for _, c := range r.Checks {
		result := markdownInline(cut(c.Result, 500))
		if u := SafeLink(c.Link); u != "" {
			result = "[" + cmp.Or(result, "details") + "](" + strings.ReplaceAll(u, "&", "&amp;") + ")"
		}
		if took := Duration(c.Seconds); took != "" {
			result += " · " + took
		}
		cells := []string{stateMark(c.State), markdownInline(cut(c.Name, 100)), statePrefix(c.State) + result}
		if notes {
			cells = append(cells, markdownInline(cut(c.Note, 500)))
		}
		b.rows = append(b.rows, markdownRow(cells...))
	}
	return b
}

// markdownRow joins rendered cells into a row of a table.
func markdownRow(cells ...string) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString("| " + escapePipes(c) + " ")
	}
	return b.String() + "|\n"
}
