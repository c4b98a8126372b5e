package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
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

const (
	findingsInFull = 20 // rules with blocking findings that are shown with all details
	findingsListed = 50 // rules that are listed in each table of other findings
	placesListed   = 10 // places of one rule
)

// findingBlocks renders findings. Blocking ones come first, so that a budget cuts off the
// least important.
func (r *Report) findingBlocks() []block {
	groups := map[string][]Finding{}
	for _, f := range r.Findings {
		groups[f.group()] = append(groups[f.group()], f)
	}
	var blocks []block
	if must := groups["must be fixed"]; len(must) > 0 {
		blocks = append(blocks, block{head: fmt.Sprintf("**%s must be fixed**\n", english.Plural(len(must), "finding", ""))})
		all := GroupFindings(must)
		var rest []Finding
		for i, g := range all {
			if i < findingsInFull {
				blocks = append(blocks, g.block())
			} else {
				rest = append(rest, g.Findings...)
			}
		}
		if len(rest) > 0 {
			blocks = append(blocks, findingTable("more must be fixed", rest, len(rest)))
		}
	}
	for _, title := range otherTitles {
		if all := groups[title]; len(all) > 0 {
			blocks = append(blocks, findingTable(title, all, findingsListed))
		}
	}
	return blocks
}

// otherTitles are the headings of findings that do not block, in their order.
var otherTitles = []string{"newly disclosed, not caused by this change", "that do not block", "known: already on the base branch", "waived"}

// group is the heading above a finding. An unknown status counts as new.
func (f Finding) group() string {
	switch {
	case f.Blocking:
		return "must be fixed"
	case f.Status == Waived:
		return "waived"
	case f.Status == Disclosed:
		return "newly disclosed, not caused by this change"
	case f.Status == Known:
		return "known: already on the base branch"
	}
	return "that do not block"
}

// block shows the blocking findings of one rule: the places, what is known, and the fix
// once.
func (g Group) block() block {
	f := g.First()
	var b strings.Builder
	fmt.Fprintf(&b, "<details open><summary><b>%s</b> · %s", htmlText(cut(f.Rule, 200)), htmlText(cut(string(f.Severity), 20)))
	if f.Package != "" {
		b.WriteString(" in " + htmlText(cut(f.Package, 200)))
	}
	b.WriteString("</summary>\n\n" + codeSpan(cut(f.At.String(), 500)))
	if f.Message != "" {
		b.WriteString(" " + markdownInline(cut(f.Message, 1000)))
	}
	b.WriteString("\n")
	b.WriteString(g.places())
	if len(f.Tools) > 0 {
		found := "Found by " + strings.Join(f.Tools, " and ")
		if len(f.Aliases) > 0 {
			found += " · also " + strings.Join(f.Aliases, ", ")
		}
		b.WriteString("\n" + markdownLine(cut(found, 400)) + "\n")
	}
	if facts := f.Facts(); facts != "" {
		b.WriteString("\n" + markdownLine(cut(facts, 1000)) + "\n")
	}
	fixes := g.Fixes()
	for _, fix := range fixes[:min(len(fixes), placesListed)] {
		b.WriteString(markdownFix(strings.TrimSpace(cut(fix, 500))))
	}
	if f.Waiver != "" {
		b.WriteString("\n**Waiver** " + markdownInline(cut(f.Waiver, 500)) + "\n")
	}
	b.WriteString("\n</details>\n")
	return block{head: b.String()}
}

// places lists the other findings of a rule.
func (g Group) places() string {
	rest := g.Rest()
	if len(rest) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n<details><summary>also in %s</summary>\n\n", english.Plural(len(rest), "more place", ""))
	for _, f := range rest[:min(len(rest), placesListed)] {
		b.WriteString(codeSpan(cut(f.At.String(), 500)))
		if !g.sameMessage() {
			b.WriteString(" " + markdownInline(cut(f.Message, 300)))
		}
		b.WriteString("\n\n")
	}
	if n := len(rest) - placesListed; n > 0 {
		fmt.Fprintf(&b, "%d more of this rule are in the JSON report.\n", n)
	}
	return b.String() + "\n</details>\n"
}

func markdownFix(fix string) string {
	if !strings.Contains(fix, "\n") {
		return "\n**Fix** " + codeSpan(fix) + "\n"
	}
	all := multiLine(fix)
	return "\n**Fix**\n\n" + codeFence(all) + "text\n" + all + "\n" + codeFence(all) + "\n"
}

// findingTable lists findings in a folded table, one row for each rule and at most most
// rows.
func findingTable(title string, all []Finding, most int) block {
	b := block{
		head: fmt.Sprintf("<details><summary>%d %s</summary>\n\n| severity | rule | where | what |\n|---|---|---|---|\n", len(all), html.EscapeString(title)),
		more: "\n%d more are in the JSON report.\n", tail: "\n</details>\n",
	}
	left := 0
	for i, g := range GroupFindings(all) {
		if i >= most {
			left += len(g.Findings)
			continue
		}
		f := g.First()
		where := codeSpan(cut(f.At.String(), 200))
		if n := len(g.Rest()); n > 0 {
			where += fmt.Sprintf(" and %d more", n)
		}
		b.rows = append(b.rows, markdownRow(markdownInline(cut(string(f.Severity), 20)), markdownInline(cut(f.Rule, 100)), where, markdownInline(cut(cmp.Or(f.Waiver, f.Message), 200))))
	}
	if left > 0 {
		b.tail = b.count(left) + b.tail
	}
	return b
}

// Facts summarises a vulnerability in one line.
func (f Finding) Facts() string {
	var all []string
	if len(f.Through) > 0 {
		all = append(all, "required through "+strings.Join(f.Through, " → "))
	}
	if f.Rated != "" {
		all = append(all, f.Rated)
	}
	if f.Exploited != "" {
		all = append(all, "known to be exploited since "+f.Exploited)
	}
	if f.EPSS > 0 {
		all = append(all, fmt.Sprintf("%.1f %% likely to be exploited within 30 days (EPSS)", 100*f.EPSS))
	}
	if f.Published != nil {
		all = append(all, "published "+f.Published.UTC().Format(time.DateOnly))
	}
	if f.Unused != "" {
		all = append(all, f.Unused)
	}
	if n := len(f.Also); n > 0 {
		at := "also in " + f.Also[0].String()
		if n > 1 {
			at += fmt.Sprintf(" and %d more places", n-1)
		}
		all = append(all, at)
	}
	return strings.Join(all, " · ")
}
