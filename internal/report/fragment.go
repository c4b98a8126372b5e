package report

// Mark is a verdict in one character. An unknown verdict is a question mark.
func (v Verdict) Mark() string { return mark(State(v)) }

// MarkdownCell renders outside text as one cell of a Markdown table.
func MarkdownCell(s string) string { return cell(inline(s)) }

// SafeLink returns the URL if a surface may link to it, else "". It must be http or
// https, name a host and no user, and contain nothing that could end the link.
func SafeLink(url string) string { return safeLink(url) }
