package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"strings"
	"time"
)

// Byte budgets of GitHub's surfaces. A job summary over 1 MiB is dropped; a
// comment over 65,536 characters is refused.
const (
	SummaryBudget = 1 << 20
	CommentBudget = 60_000
)

// WriteSummary writes the job summary: verdict, table, details, how to go on.
// What does not fit the budget in bytes is left out, with a notice.
func (r *Report) WriteSummary(w io.Writer, budget int) error {
	_, err := io.WriteString(w, page(r.blocks(), budget))
	return err
}

// WriteComment writes the sticky comment. The marker is how the comment is
// found again; it is a name of goldenpath's own, such as pr-12.
func (r *Report) WriteComment(w io.Writer, marker string, budget int) error {
	m := "<!-- goldenpath: " + markerName(marker) + " -->\n"
	_, err := io.WriteString(w, m+page(r.blocks(), budget-len(m)))
	return err
}

// markerName keeps of a name what cannot end a comment of HTML.
func markerName(s string) string {
	name := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_./", r) {
			return r
		}
		return -1
	}, cut(s, 200))
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	return strings.Trim(name, "-")
}

// blocks is the page in the order of its importance.
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
	head := "### goldenpath " + inline(cut(r.Name, 100))
	if r.Subject != "" {
		head += " · " + inline(cut(r.Subject, 200))
	}
	head += " · " + word(r.Verdict)
	if r.Commit != "" {
		head += " · " + code(short(r.Commit))
	}
	head += "\n"
	if r.Title != "" {
		head += "\n" + text(cut(r.Title, 2000)) + "\n"
	}
	if r.Verdict == Fail && r.Reason != "" {
		head += "\nReason: " + code(cut(string(r.Reason), 200)) + "\n"
	}
	return block{head: head}
}

func (r *Report) checkTable() block {
	b := block{head: "| | check | result | |\n|---|---|---|---|\n", more: "\n%d more checks are in the JSON report.\n"}
	for _, c := range r.Checks {
		result := inline(cut(c.Result, 500))
		if u := safeLink(c.Link); u != "" {
			result = "[" + cmp.Or(result, "details") + "](" + strings.ReplaceAll(u, "&", "&amp;") + ")"
		}
		if took := seconds(c.Seconds); took != "" {
			result += " · " + took
		}
		b.rows = append(b.rows, row(mark(c.State), inline(cut(c.Name, 100)), stateWord(c.State)+result, inline(cut(c.Note, 500))))
	}
	return b
}

// row writes a row of rendered cells.
func row(cells ...string) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString("| " + cell(c) + " ")
	}
	return b.String() + "|\n"
}

// How many findings are shown in full, and how many of those that do not block
// are listed: more is not read.
const (
	findingsInFull = 20
	findingsListed = 50
)

// findingBlocks renders findings, those that block first, so that cutting at a
// budget loses the least important.
func (r *Report) findingBlocks() []block {
	groups := map[string][]Finding{}
	for _, f := range r.Findings {
		groups[f.group()] = append(groups[f.group()], f)
	}
	var blocks []block
	if must := groups["must be fixed"]; len(must) > 0 {
		blocks = append(blocks, block{head: fmt.Sprintf("**%d must be fixed**\n", len(must))})
		for _, f := range must[:min(findingsInFull, len(must))] {
			blocks = append(blocks, f.block())
		}
		if len(must) > findingsInFull {
			blocks = append(blocks, findingTable("more must be fixed", must[findingsInFull:], len(must)))
		}
	}
	for _, title := range []string{"newly disclosed: not of this change", "worth a look, not blocking", "known: the base has them too", "waived"} {
		if all := groups[title]; len(all) > 0 {
			blocks = append(blocks, findingTable(title, all, findingsListed))
		}
	}
	return blocks
}

// group is the heading a finding stands under. A status that is not known is
// taken as new.
func (f Finding) group() string {
	switch {
	case f.Blocking:
		return "must be fixed"
	case f.Status == Waived:
		return "waived"
	case f.Status == Disclosed:
		return "newly disclosed: not of this change"
	case f.Status == Known:
		return "known: the base has them too"
	}
	return "worth a look, not blocking"
}

func (f Finding) block() block {
	var b strings.Builder
	fmt.Fprintf(&b, "<details open><summary><b>%s</b> · %s", htmlText(cut(f.Rule, 200)), htmlText(cut(string(f.Severity), 20)))
	if f.Package != "" {
		b.WriteString(" in " + htmlText(cut(f.Package, 200)))
	}
	b.WriteString("</summary>\n\n" + code(cut(f.At.String(), 500)))
	if f.Message != "" {
		b.WriteString(" " + inline(cut(f.Message, 1000)))
	}
	b.WriteString("\n")
	if len(f.Tools) > 0 {
		found := "Found by " + strings.Join(f.Tools, " and ")
		if len(f.Aliases) > 0 {
			found += " · also " + strings.Join(f.Aliases, ", ")
		}
		b.WriteString("\n" + text(cut(found, 400)) + "\n")
	}
	if facts := f.Facts(); facts != "" {
		b.WriteString("\n" + text(cut(facts, 1000)) + "\n")
	}
	if fix := strings.TrimSpace(cut(f.Fix, 500)); strings.Contains(fix, "\n") {
		all := lines(fix)
		b.WriteString("\n**Fix**\n\n" + fence(all) + "text\n" + all + "\n" + fence(all) + "\n")
	} else if fix != "" {
		b.WriteString("\n**Fix** " + code(fix) + "\n")
	}
	if f.Waiver != "" {
		b.WriteString("\n**Waiver** " + inline(cut(f.Waiver, 500)) + "\n")
	}
	b.WriteString("\n</details>\n")
	return block{head: b.String()}
}

// findingTable lists findings in a folded table, at most so many.
func findingTable(title string, all []Finding, most int) block {
	b := block{
		head: fmt.Sprintf("<details><summary>%d %s</summary>\n\n| severity | rule | where | what |\n|---|---|---|---|\n", len(all), html.EscapeString(title)),
		more: "\n%d more are in the JSON report.\n", tail: "\n</details>\n",
	}
	for _, f := range all[:min(most, len(all))] {
		b.rows = append(b.rows, row(inline(cut(string(f.Severity), 20)), inline(cut(f.Rule, 100)), code(cut(f.At.String(), 200)), inline(cut(cmp.Or(f.Waiver, f.Message), 200))))
	}
	if len(all) > most {
		b.tail = b.count(len(all)-most) + b.tail
	}
	return b
}

// Facts is what is known of a vulnerability, in one line.
func (f Finding) Facts() string {
	var all []string
	if len(f.Through) > 0 {
		all = append(all, "comes in through "+strings.Join(f.Through, " → "))
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
	if n := len(f.Also); n > 0 {
		at := "also in " + f.Also[0].String()
		if n > 1 {
			at += fmt.Sprintf(" and %d more places", n-1)
		}
		all = append(all, at)
	}
	return strings.Join(all, " · ")
}
