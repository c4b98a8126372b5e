package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Byte budgets of GitHub's surfaces. A job summary over 1 MiB is dropped; a
// comment over 65,536 characters is refused (PLATFORM: limits).
const (
	SummaryBudget = 1 << 20
	CommentBudget = 60_000
)

var marks = map[State]string{
	OK: "✓", Warned: "!", Failed: "✗", Skipped: "–", Inconclusive: "~", Missing: "?", NotApplicable: "–",
}

var verdictWords = map[Verdict]string{Pass: "✓ pass", Warn: "! pass with warnings", Fail: "✗ blocked", Skip: "– skipped"}

// WriteSummary writes the job summary: verdict, table, details, how to go on.
// Whole blocks are left out, with a notice, rather than exceed the budget in
// bytes.
func (r *Report) WriteSummary(w io.Writer, budget int) error {
	_, err := io.WriteString(w, r.markdown(budget))
	return err
}

// WriteComment writes the sticky comment. The marker is how the comment is
// found again; it is a name of goldenpath's own, such as pr-12.
func (r *Report) WriteComment(w io.Writer, marker string, budget int) error {
	m := "<!-- goldenpath: " + strings.NewReplacer("<", "", ">", "", "--", "").Replace(clean(marker)) + " -->\n"
	_, err := io.WriteString(w, m+r.markdown(budget-len(m)))
	return err
}

func (r *Report) markdown(budget int) string {
	const notice = "\n_Cut to fit this surface: the JSON report has everything._\n"
	blocks := []string{r.verdictLine(), r.checkTable()}
	blocks = append(blocks, r.findingBlocks()...)
	for _, s := range r.Sections {
		blocks = append(blocks, s.markdown())
	}
	var b strings.Builder
	room := budget - len(notice)
	for _, block := range blocks {
		if block == "" {
			continue
		}
		if b.Len()+len(block)+1 > room {
			b.WriteString(notice)
			break
		}
		b.WriteString(block)
		b.WriteString("\n")
	}
	return b.String()
}

func (r *Report) verdictLine() string {
	head := "### goldenpath " + text(r.Name)
	if r.Subject != "" {
		head += " · " + text(cut(r.Subject, 200))
	}
	head += " · " + verdictWords[r.Verdict]
	if r.Commit != "" {
		head += " · " + code(r.Commit[:min(7, len(r.Commit))])
	}
	out := head + "\n"
	if r.Title != "" {
		out += "\n" + text(cut(r.Title, 2000)) + "\n"
	}
	if r.Verdict == Fail {
		out += "\nReason: " + code(r.Reason) + "\n"
	}
	return out
}

func (r *Report) checkTable() string {
	if len(r.Checks) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| | check | result | |\n|---|---|---|---|\n")
	for _, c := range r.Checks {
		result := text(cut(c.Result, 500))
		if u := safeLink(c.Link); u != "" {
			result = "[" + result + "](" + u + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", marks[c.State], text(c.Name), stateWord(c.State)+result, text(cut(c.Note, 500)))
	}
	return b.String()
}

// stateWord spells out the states that a mark alone could let pass for green.
func stateWord(s State) string {
	switch s {
	case Missing, Inconclusive, NotApplicable, Skipped:
		return strings.ReplaceAll(string(s), "-", " ") + ": "
	}
	return ""
}

// findingBlocks renders findings as folded blocks, those that block first, so
// that cutting at a budget loses the least important.
func (r *Report) findingBlocks() []string {
	var blocks []string
	for _, group := range []struct {
		title string
		open  bool
		take  func(Finding) bool
	}{
		{"must be fixed", true, func(f Finding) bool { return f.Blocking }},
		{"worth a look, not blocking", false, func(f Finding) bool { return !f.Blocking && f.Status == New }},
		{"known: the base has them too", false, func(f Finding) bool { return !f.Blocking && f.Status == Known }},
		{"waived", false, func(f Finding) bool { return f.Status == Waived }},
	} {
		var take []Finding
		for _, f := range r.Findings {
			if group.take(f) {
				take = append(take, f)
			}
		}
		if len(take) == 0 {
			continue
		}
		if !group.open {
			blocks = append(blocks, foldedTable(group.title, take))
			continue
		}
		blocks = append(blocks, fmt.Sprintf("**%d %s**\n", len(take), group.title))
		for _, f := range take {
			blocks = append(blocks, f.markdown())
		}
	}
	return blocks
}

func (f Finding) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<details open><summary><b>%s</b> · %s%s</summary>\n\n", htmlText(cut(f.Rule, 200)), f.Severity, htmlText(inPackage(f)))
	fmt.Fprintf(&b, "%s %s\n", code(f.At.String()), text(cut(f.Message, 1000)))
	if len(f.Tools) > 0 {
		fmt.Fprintf(&b, "\nFound by %s", text(strings.Join(f.Tools, " and ")))
		if len(f.Aliases) > 0 {
			fmt.Fprintf(&b, " · also %s", text(cut(strings.Join(f.Aliases, ", "), 300)))
		}
		b.WriteString("\n")
	}
	if f.Fix != "" {
		fmt.Fprintf(&b, "\n**Fix** %s\n", code(cut(f.Fix, 500)))
	}
	if f.Waiver != "" {
		fmt.Fprintf(&b, "\n**Waiver** %s\n", text(cut(f.Waiver, 500)))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

func inPackage(f Finding) string {
	if f.Package == "" {
		return ""
	}
	return " in " + cut(f.Package, 200)
}

// foldedTable lists findings that do not block: at most 50 rows.
func foldedTable(title string, all []Finding) string {
	const most = 50
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%d %s</summary>\n\n| severity | rule | where | what |\n|---|---|---|---|\n", len(all), title)
	for _, f := range all[:min(most, len(all))] {
		what := cmp.Or(f.Waiver, f.Message)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Severity, text(cut(f.Rule, 100)), code(f.At.String()), text(cut(what, 200)))
	}
	if len(all) > most {
		fmt.Fprintf(&b, "\n%d more are in the JSON report.\n", len(all)-most)
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

func (s Section) markdown() string {
	var b strings.Builder
	switch {
	case s.Mermaid != "":
		b.WriteString("```mermaid\n" + s.Mermaid + "\n```\n")
	case len(s.Head) > 0:
		writeRow(&b, s.Head)
		b.WriteString("|" + strings.Repeat("---|", len(s.Head)) + "\n")
		for _, row := range s.Rows {
			writeRow(&b, row)
		}
	default:
		b.WriteString(fence(s.Text))
	}
	if s.Open {
		return "**" + text(s.Title) + "**\n\n" + b.String()
	}
	return "<details><summary>" + htmlText(s.Title) + "</summary>\n\n" + b.String() + "\n</details>\n"
}

func writeRow(b *strings.Builder, cells []string) {
	escaped := slices.Clone(cells)
	for i, c := range escaped {
		escaped[i] = text(cut(c, 500))
	}
	b.WriteString("| " + strings.Join(escaped, " | ") + " |\n")
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "@", "@"+zwsp, "#", "#"+zwsp, "://", ":"+zwsp+"//",
	"*", "&#42;", "_", "&#95;", "`", "&#96;", "[", "&#91;", "]", "&#93;", "~", "&#126;", "|", "&#124;", `\`, "&#92;")

// htmlText is text inside an HTML element that itself stands in Markdown: the
// Markdown inside a summary element is still rendered.
func htmlText(s string) string { return htmlEscaper.Replace(clean(s)) }

// String renders a place as path:line:column, or "repository".
func (l Location) String() string {
	switch {
	case l.Path == "":
		return "repository"
	case l.Line == 0:
		return l.Path
	case l.Column == 0:
		return fmt.Sprintf("%s:%d", l.Path, l.Line)
	}
	return fmt.Sprintf("%s:%d:%d", l.Path, l.Line, l.Column)
}
