package report

import (
	"slices"
	"strings"
)

// maxMermaid is the longest diagram, in bytes, that GitHub draws. It shows an error in
// place of a longer one.
const maxMermaid = 50_000

// block renders a section as Markdown. ok is false for a section without content.
func (s Section) block() (b block, ok bool) {
	b = block{head: "<details><summary>" + htmlText(cut(s.Title, 200)) + "</summary>\n\n", tail: "\n</details>\n"}
	if s.Open {
		b.head, b.tail = "", ""
		if title := markdownInline(cut(s.Title, 200)); title != "" {
			b.head = "**" + title + "**\n\n"
		}
	}
	switch {
	case s.Mermaid != "" && len(s.Mermaid) <= maxMermaid:
		b.fence("mermaid", strings.Split(multiLine(s.Mermaid), "\n"))
		b.head += strings.Join(b.rows, "") // a diagram cannot be cut
		b.rows = nil
	case len(s.Head) > 0 || len(s.Rows) > 0:
		b.table(s.Head, s.Rows)
	case strings.Trim(s.Text, "\r\n") != "":
		b.fence("text", strings.Split(multiLine(cut(s.Text, SummaryBudget)), "\n"))
	default:
		return block{}, false
	}
	return b, true
}

func (b *block) fence(language string, all []string) {
	f := codeFence(strings.Join(all, "\n"))
	b.head += f + language + "\n"
	for _, line := range all {
		b.rows = append(b.rows, cut(line, 4000)+"\n")
	}
	b.more = "… %d more lines are in the JSON report\n"
	b.tail = f + "\n" + b.tail
}

func (b *block) table(head []string, rows [][]string) {
	width := len(head)
	for _, r := range rows {
		width = max(width, len(r))
	}
	b.head += markdownRow(renderCells(head, width)...) + "|" + strings.Repeat("---|", width) + "\n"
	for _, r := range rows {
		b.rows = append(b.rows, markdownRow(renderCells(r, width)...))
	}
	b.more = "\n%d more rows are in the JSON report.\n"
}

func renderCells(cells []string, width int) []string {
	rendered := slices.Grow([]string(nil), width)
	for _, c := range cells {
		rendered = append(rendered, markdownInline(cut(c, 500)))
	}
	for len(rendered) < width {
		rendered = append(rendered, "")
	}
	return rendered
}
