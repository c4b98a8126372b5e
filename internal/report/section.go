package report

import (
	"slices"
	"strings"
)

// maxMermaid is what GitHub draws; more is an error where the picture would be.
const maxMermaid = 50_000

// block renders a section for Markdown; there is none when it says nothing.
func (s Section) block() (block, bool) {
	b := block{head: "<details><summary>" + htmlText(cut(s.Title, 200)) + "</summary>\n\n", tail: "\n</details>\n"}
	if s.Open {
		b.head, b.tail = "", ""
		if title := inline(cut(s.Title, 200)); title != "" {
			b.head = "**" + title + "**\n\n"
		}
	}
	switch {
	case s.Mermaid != "" && len(s.Mermaid) <= maxMermaid:
		b.fence("mermaid", strings.Split(lines(s.Mermaid), "\n"))
		b.head += strings.Join(b.rows, "") // half a picture is none
		b.rows = nil
	case len(s.Head) > 0 || len(s.Rows) > 0:
		b.table(s.Head, s.Rows)
	case strings.Trim(s.Text, "\r\n") != "":
		b.fence("text", strings.Split(lines(cut(s.Text, SummaryBudget)), "\n"))
	default:
		return block{}, false
	}
	return b, true
}

func (b *block) fence(language string, all []string) {
	f := fence(strings.Join(all, "\n"))
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
	b.head += row(renderCells(head, width)...) + "|" + strings.Repeat("---|", width) + "\n"
	for _, r := range rows {
		b.rows = append(b.rows, row(renderCells(r, width)...))
	}
	b.more = "\n%d more rows are in the JSON report.\n"
}

func renderCells(cells []string, width int) []string {
	rendered := slices.Grow([]string(nil), width)
	for _, c := range cells {
		rendered = append(rendered, inline(cut(c, 500)))
	}
	for len(rendered) < width {
		rendered = append(rendered, "")
	}
	return rendered
}
