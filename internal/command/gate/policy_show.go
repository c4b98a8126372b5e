package gate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxDiff is the maximum number of bytes that are shown of the diff of one file.
const maxDiff = 8 << 10

// show adds to the report which policy was applied, and how the policy in the checkout
// differs.
func (p *policy) show(rep *report.Report, redact func(string) string) {
	if p.origin == "" {
		return
	}
	row := report.Check{Name: "policy", State: report.OK, Result: fmt.Sprintf("policy of the base commit %.7s", p.origin)}
	switch p.waivedBy {
	case p.origin:
	case "":
		row.Result += ", waivers of this commit"
	default:
		row.Result += fmt.Sprintf(", waivers of %.7s", p.waivedBy)
	}
	if len(p.diff) > 0 {
		var names []string
		for _, d := range p.diff {
			names = append(names, d.Name)
			rep.Sections = append(rep.Sections, report.Section{Title: "policy change, not in effect yet: " + redact(d.Name), Open: true, Text: shorten(redact(whole(d.Text)))})
		}
		row.Note = "changed here, not in effect yet: " + redact(strings.Join(names, ", "))
	}
	if p.callers > maxCallers {
		row.Note += fmt.Sprintf("; %d more workflows that call goldenpath were not compared", p.callers-maxCallers)
	}
	if p.broken != nil {
		row.State, row.Note = report.Warned, "changed here, and the gate will refuse it once it is in effect"
		rep.Sections = append(rep.Sections, report.Section{Title: "mistakes in the changed policy", Open: true, Text: redact(p.broken.Error())})
	}
	rep.Checks = slices.Insert(rep.Checks, 0, row)
	if rep.Verdict == report.Pass && row.State == report.Warned {
		rep.Verdict, rep.Reason = report.Warn, report.ReasonPolicyWarning
		rep.Title += "; the policy that this change brings has a mistake"
	}
}

// whole cuts a long text at the end of a line before the text is searched for secrets,
// because no rule recognises half a secret.
func whole(text string) string {
	if len(text) <= 1<<20 {
		return text
	}
	return text[:strings.LastIndexByte(text[:1<<20], '\n')+1]
}

// remark matches an added or removed line of a diff that is empty or a comment.
var remark = regexp.MustCompile(`(?m)^[-+][ \t]*(#.*)?\r?\n`)

// shorten shortens a diff. It removes comments first, because a long comment must not push
// the change itself out of sight. Callers remove secrets before, because no rule recognises
// half a secret.
func shorten(text string) string {
	if len(text) <= maxDiff {
		return text
	}
	if n := len(remark.FindAllString(text, -1)); n > 0 {
		text = fmt.Sprintf("(%d changed comment lines are not shown)\n", n) + remark.ReplaceAllString(text, "")
	}
	if len(text) <= maxDiff {
		return text
	}
	return strings.ToValidUTF8(text[:maxDiff], "") + fmt.Sprintf("\n… and %d more bytes", len(text)-maxDiff)
}
