package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// sarifRuleOf is a rule with its results, in the order of the report.
type sarifRuleOf struct {
	id         string
	index      int
	findings   []Finding
	descriptor *sarif.ReportingDescriptor
}

// describe writes what GitHub shows about the rule beside each alert.
func (r *sarifRuleOf) describe() {
	worst := r.findings[0]
	for _, f := range r.findings {
		if f.Severity.rank() < worst.Severity.rank() {
			worst = f
		}
	}
	properties := sarif.NewPropertyBag()
	// GitHub takes 9.0 and more as critical, 7.0 as high, 4.0 as medium.
	properties.Add("security-severity", []string{"9.5", "8.0", "5.5", "2.0", "0.0"}[worst.Severity.rank()])
	properties.Add("tags", worst.tags())
	text, markdown := r.help(worst)
	short := cmp.Or(cut(strings.TrimSpace(singleLine(r.title())), sarifAbout), r.id)
	full := cmp.Or(cut(strings.TrimSpace(singleLine(worst.Message)), sarifAbout), short)
	r.descriptor.WithName(r.id).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(short)).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(full)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(text).WithMarkdown(markdown)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(worst.Severity))).
		WithProperties(properties)
	if u := SafeLink(worst.Link); u != "" {
		r.descriptor.WithHelpURI(u)
	}
}

// title is what all messages of the rule have in common: the whole message, or the name of
// the check before the colon.
func (r *sarifRuleOf) title() string {
	title := r.findings[0].Message
	same := func(of func(string) string) bool {
		return !slices.ContainsFunc(r.findings, func(f Finding) bool { return of(f.Message) != of(title) })
	}
	check := func(s string) string { before, _, _ := strings.Cut(s, ": "); return before }
	switch {
	case same(func(s string) string { return s }):
		return title
	case same(check):
		return check(title)
	}
	return r.id
}

// help says how to fix a finding of the rule, and how to accept it.
func (r *sarifRuleOf) help(f Finding) (text, markdown string) {
	var all, marked []string
	if fix := strings.TrimSpace(f.Fix); fix != "" {
		all, marked = append(all, multiLine(cut(fix, 500))), append(marked, strings.TrimSpace(markdownFix(cut(fix, 500))))
	}
	if u := markdownLink(f.Link); u != "" {
		all, marked = append(all, "About this rule: "+f.Link), append(marked, "[about "+markdownInline(r.id)+"]("+u+")")
	}
	const accept, page = "To accept it until a date, add a waiver: ", "https://github.com/seed-b235b314/goldenpath/blob/main/docs/security-gate.md#waivers"
	if len(all) == 0 {
		all = append(all, cmp.Or(strings.TrimSpace(singleLine(cut(f.Message, sarifAbout))), r.id))
	}
	return strings.Join(all, "\n"), strings.Join(append(marked, accept+"[about waivers]("+page+")"), "\n\n")
}

// tags are the words by which alerts can be filtered.
func (f Finding) tags() []string {
	out := []string{"security"}
	switch {
	case f.Secret != "":
		out = append(out, "secret", "external/cwe/cwe-798")
	case f.Vulnerability():
		out = append(out, "dependency", "vulnerability")
	case f.Package != "":
		out = append(out, "dependency", "policy")
	case strings.HasPrefix(f.At.Path, ".github/"):
		out = append(out, "github-actions")
	default:
		out = append(out, "configuration")
	}
	if f.Exploited != "" {
		out = append(out, "exploited")
	}
	return out
}
