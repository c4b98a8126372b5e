package report

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
)

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
		all := GroupFindings(must)
		causes := ""
		if len(all) < len(must) {
			causes = " with " + english.Plural(len(all), "cause", "")
		}
		blocks = append(blocks, block{head: fmt.Sprintf("**%s%s must be fixed**\n", english.Plural(len(must), "finding", ""), causes)})
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

// block shows the blocking findings of one cause: the places, what is known, and the fix
// once.
func (g Group) block() block {
	f := g.First()
	many := !g.One()
	var b strings.Builder
	fmt.Fprintf(&b, "<details open><summary><b>%s</b> · %s", htmlText(cut(g.Cause(), 300)), htmlText(cut(string(f.Severity), 20)))
	if f.Package != "" && !many {
		b.WriteString(" in " + htmlText(cut(PackageName(f.Package), 200)))
	}
	b.WriteString("</summary>\n\n" + codeSpan(cut(f.At.String(), 500)))
	if f.Message != "" && !many {
		b.WriteString(" " + markdownInline(cut(f.Message, 1000)))
	}
	b.WriteString("\n")
	fixes := g.Fixes()
	for _, fix := range fixes[:min(len(fixes), placesListed)] {
		b.WriteString(markdownFix(strings.TrimSpace(cut(fix, 500))))
	}
	if many {
		b.WriteString(g.vulnerabilities())
	} else {
		b.WriteString(g.places())
	}
	if facts := f.Facts(); facts != "" && !many {
		b.WriteString("\n" + markdownLine(cut(facts, 1000)) + "\n")
	}
	if found := g.found(); found != "" {
		b.WriteString("\n" + found + "\n")
	}
	if f.Waiver != "" {
		b.WriteString("\n**Waiver** " + markdownInline(cut(f.Waiver, 500)) + "\n")
	}
	b.WriteString("\n</details>\n")
	return block{head: b.String()}
}

// found names the tools, the other ids, and the page about the rule.
func (g Group) found() string {
	f := g.First()
	var parts []string
	if len(f.Tools) > 0 {
		parts = append(parts, "Found by "+strings.Join(f.Tools, " and "))
	}
	if len(f.Aliases) > 0 && g.One() {
		parts = append(parts, "also "+strings.Join(f.Aliases, ", "))
	}
	text := markdownLine(cut(strings.Join(parts, " · "), 400))
	if u := markdownLink(f.Link); u != "" && g.One() {
		if text != "" {
			text += " · "
		}
		text += "[about " + markdownInline(cut(f.Rule, 100)) + "](" + u + ")"
	}
	return text
}

// linked renders a rule as a link to its page, if it has one.
func (f Finding) linked(rule string) string {
	text := markdownInline(cut(rule, 100))
	if u := markdownLink(f.Link); u != "" && text != "" {
		return "[" + text + "](" + u + ")"
	}
	return text
}

// markdownLink returns a link for the target of a Markdown link, or "".
func markdownLink(link string) string { return strings.ReplaceAll(SafeLink(link), "&", "&amp;") }

// vulnerabilities lists what one update of a package fixes.
func (g Group) vulnerabilities() string {
	var b strings.Builder
	b.WriteString("\n| severity | vulnerability | where | what |\n|---|---|---|---|\n")
	for _, f := range g.Findings[:min(len(g.Findings), findingsInFull)] {
		what := strings.Join(nonEmpty(f.Message, f.Facts()), " · ")
		b.WriteString(markdownRow(markdownInline(cut(string(f.Severity), 20)), f.linked(f.Rule), codeSpan(cut(f.At.String(), 200)), markdownInline(cut(what, 400))))
	}
	if n := len(g.Findings) - findingsInFull; n > 0 {
		fmt.Fprintf(&b, "\n%d more are in the JSON report.\n", n)
	}
	return b.String()
}

func nonEmpty(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
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

// shellCommand matches a fix that begins with a command, and its arguments up to the words that
// explain it.
var shellCommand = regexp.MustCompile(`^(?:go get|go mod|npm|pnpm|yarn|cargo|uv|pip|poetry|bundle|composer|dotnet|git) [^,()]*[^,() ]`)

// markdownFix renders what to do. A computed change and a command can be pasted, so they
// are code. A sentence is a sentence.
func markdownFix(fix string) string {
	if strings.Contains(fix, "\n") {
		all := multiLine(fix)
		return "\n**Fix**\n\n" + codeFence(all) + "text\n" + all + "\n" + codeFence(all) + "\n"
	}
	if c := shellCommand.FindString(fix); c != "" {
		return strings.TrimRight("\n**Fix** "+codeSpan(c)+markdownBetween(fix[len(c):]), " ") + "\n"
	}
	return "\n**Fix** " + markdownSentence(fix) + "\n"
}

// fragment matches what is code in a sentence: a value in braces, and an action or an image
// with a place for its commit or digest.
var fragment = regexp.MustCompile(`\$?\{(?:[^{}]|\{[^{}]*\}|\{\{[^{}]*\}\})*\}|[^\s<>()]+@[^\s<>]*<[^<>]*>(?: # [\w.-]+)?`)

// markdownSentence renders a sentence that can have fragments of code in it.
func markdownSentence(s string) string {
	s = strings.TrimSpace(singleLine(s))
	var b strings.Builder
	end := 0
	for _, at := range fragment.FindAllStringIndex(s, -1) {
		b.WriteString(markdownBetween(s[end:at[0]]) + codeSpan(s[at[0]:at[1]]))
		end = at[1]
	}
	b.WriteString(markdownBetween(s[end:]))
	return strings.TrimSpace(b.String())
}

// markdownBetween renders the words beside a code span, with the spaces around them.
func markdownBetween(s string) string {
	text := markdownInline(s)
	if strings.HasPrefix(s, " ") {
		text = " " + text
	}
	if strings.HasSuffix(s, " ") {
		text += " "
	}
	return text
}

// findingTable lists findings in a folded table, one row for each cause and at most most
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
		if n := len(g.Places()) - 1; n > 0 {
			where += fmt.Sprintf(" and %d more", n)
		}
		what := cmp.Or(f.Waiver, f.Message)
		switch {
		case !g.One():
			what = g.Cause()
			if fixes := g.Fixes(); len(fixes) > 0 {
				what += "; " + fixes[0]
			}
		case f.Package != "":
			what = PackageName(f.Package) + ": " + what
		}
		rule := f.linked(f.Rule)
		if n := len(g.Rules()) - 1; n > 0 {
			rule += fmt.Sprintf(" and %d more", n)
		}
		b.rows = append(b.rows, markdownRow(markdownInline(cut(string(f.Severity), 20)), rule, where, markdownInline(cut(what, 200))))
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
	if f.Reach != "" {
		all = append(all, f.Reach)
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
